package evidence

// This file holds the chain over the ledger's rows.

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
)

// Chain is the state of a ledger's hash chain. The zero Chain is that of an empty
// ledger.
type Chain struct {
	// Rows is how many rows there are, and so the next one's sequence number.
	Rows int
	head string
}

// Head is the digest that the next row carries: of the last row's line, without
// its line feed, or of no bytes where there is no row.
func (c *Chain) Head() string {
	if c.Rows == 0 {
		return digest(nil)
	}
	return c.head
}

// Add takes in the line of the next row, without its line feed.
func (c *Chain) Add(line []byte) {
	c.head = digest(line)
	c.Rows++
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// CheckLedger follows the chain of a bundle's ledger to its end. A row that does
// not follow from the one before it is an error that names its line.
func CheckLedger(dir string) (Chain, error) {
	path := filepath.Join(dir, LedgerFile)
	file, _, err := openWithin(dir, LedgerFile)
	if err != nil {
		return Chain{}, err
	}
	defer file.Close()
	chain, err := follow(file)
	if err != nil {
		return chain, fmt.Errorf("bundle: %s:%d: %w", path, chain.Rows+1, err)
	}
	return chain, nil
}

func follow(ledger io.Reader) (Chain, error) {
	var chain Chain
	lines := bufio.NewScanner(ledger)
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		if chain.Rows >= maxLedgerRows {
			return chain, fmt.Errorf("more than %d lines", maxLedgerRows)
		}
		var row struct {
			Sequence *int   `json:"sequence"`
			Previous string `json:"previous"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return chain, err
		}
		if row.Sequence == nil || *row.Sequence != chain.Rows {
			return chain, fmt.Errorf("the row's sequence number is not %d: a row is missing, moved or added", chain.Rows)
		}
		if row.Previous != chain.Head() {
			return chain, fmt.Errorf("previous is %q; the row before has %s: it or this one was changed", row.Previous, chain.Head())
		}
		chain.Add(lines.Bytes())
	}
	return chain, lines.Err()
}
