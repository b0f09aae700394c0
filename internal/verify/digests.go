package verify

// This file compares files with the manifests, follows the ledger's chain, and
// checks that records name each other's digests.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

type listedFile struct {
	Path         string   `json:"path"`
	Bytes        int64    `json:"bytes"`
	SHA256       string   `json:"sha256"`
	BlockBytes   int64    `json:"block_bytes"`
	BlockSHA256s []string `json:"block_sha256s"`
}

// A file has at most mostBlocks blocks, of leastBlock bytes at least: a manifest that
// lists more would only cost time.
const (
	leastBlock = 512
	mostBlocks = 64
)

// fit says what is wrong with the number of blocks, by what the same entry says of the
// file. Without any, as in bundles of earlier versions, nothing is.
func (l listedFile) fit() error {
	if l.BlockBytes == 0 && len(l.BlockSHA256s) == 0 {
		return nil
	}
	if l.BlockBytes < leastBlock || l.Bytes < 1 || len(l.BlockSHA256s) > mostBlocks {
		return fmt.Errorf("has %d digests of blocks of %d bytes for a file of %d; there are at most %d, of %d bytes or more", len(l.BlockSHA256s), l.BlockBytes, l.Bytes, mostBlocks, leastBlock)
	}
	if due := (l.Bytes-1)/l.BlockBytes + 1; int64(len(l.BlockSHA256s)) != due {
		return fmt.Errorf("has %d digests of blocks of %d bytes; a file of %d bytes has %d", len(l.BlockSHA256s), l.BlockBytes, l.Bytes, due)
	}
	return nil
}

// hasBlocks reports whether the entry has blocks that can be compared.
func (l listedFile) hasBlocks() bool { return len(l.BlockSHA256s) > 0 && l.fit() == nil }

// reading is what was found of a file.
type reading struct {
	bytes  int64
	sha256 string
	// differing is how many blocks are not as they are listed, and first the number of
	// the first of them, counted from 0.
	differing, first int64
}

// where names the first block that differs.
func (r reading) where(listed listedFile) string {
	if r.differing == 0 {
		return ""
	}
	from := r.first * listed.BlockBytes
	return fmt.Sprintf("bytes %d to %d", from, from+min(listed.BlockBytes, max(r.bytes, listed.Bytes)-from)-1)
}

// others tells of the blocks that differ beside the first.
func (r reading) others(listed listedFile) string {
	if r.differing < 2 {
		return ""
	}
	return fmt.Sprintf("; %d blocks of %d bytes differ, this one is the first", r.differing, listed.BlockBytes)
}

// checkDigests hashes every file and compares the digests with the manifests.
func (v *verification) checkDigests(ctx context.Context) error {
	names, err := v.list()
	if err != nil {
		return err
	}
	derived := func(name string) bool { return strings.HasPrefix(name, resultsDir+"/") }
	var raw, results []string
	for _, name := range names {
		switch {
		case name == manifestFile || name == sealFile || name == resultsManifestFile:
		case derived(name):
			results = append(results, name)
		default:
			raw = append(raw, name)
		}
	}
	listings := []*listing{
		{file: manifestFile, there: raw, belongs: func(name string) bool { return !derived(name) && name != manifestFile && name != sealFile }},
		{file: resultsManifestFile, there: results, belongs: func(name string) bool { return derived(name) && name != resultsManifestFile }},
	}
	v.unsound = map[string]bool{}
	expected := map[string]listedFile{}
	for _, one := range listings {
		v.readManifest(one)
		v.unsound[one.file] = !one.sound
		for _, at := range one.valid {
			expected[one.entries[at].Path] = one.entries[at]
		}
	}
	found, err := v.hash(ctx, names, expected)
	if err != nil {
		return err
	}
	for _, one := range listings {
		v.compare(one, found)
	}
	return nil
}

// maxFiles is far above what a bundle has.
const maxFiles = 1 << 18

// list lists the ordinary files; anything else but directories is a fault.
func (v *verification) list() ([]string, error) {
	var names []string
	err := fs.WalkDir(v.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
		case !entry.Type().IsRegular():
			v.fault(name, "", "is no ordinary file (%s); a bundle has no links or devices", entry.Type())
		case len(names) >= maxFiles:
			return fmt.Errorf("more than %d files", maxFiles)
		default:
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// hash fills in the digests, several files at a time, and returns what was read.
func (v *verification) hash(ctx context.Context, names []string, expected map[string]listedFile) (map[string]reading, error) {
	v.digests = map[string]string{}
	found := map[string]reading{}
	var mutex sync.Mutex
	inParallel(len(names), func(i int) {
		if ctx.Err() != nil {
			return
		}
		read, err := v.digestsOf(names[i], expected[names[i]])
		mutex.Lock()
		defer mutex.Unlock()
		if err != nil {
			v.fault(names[i], "", "can't be read: %v", cause(err))
			return
		}
		v.digests[names[i]], found[names[i]] = read.sha256, read
	})
	return found, ctx.Err()
}

// inParallel does n tasks on all CPUs.
func inParallel(n int, task func(int)) {
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		workers.Go(func() error {
			task(i)
			return nil
		})
	}
	_ = workers.Wait()
}

// digestsOf reads a file once, for its digest and for those of its blocks. It goes by
// what is listed: of a file that is longer the rest is one stretch, however long.
func (v *verification) digestsOf(name string, listed listedFile) (read reading, err error) {
	file, err := v.root.Open(name)
	if err != nil {
		return read, err
	}
	defer file.Close()
	whole := sha256.New()
	if listed.hasBlocks() {
		for i, due := range listed.BlockSHA256s {
			part := sha256.New()
			n, err := io.CopyN(io.MultiWriter(whole, part), file, listed.BlockBytes)
			if err != nil && !errors.Is(err, io.EOF) {
				return read, err
			}
			read.bytes += n
			if n == 0 || hex.EncodeToString(part.Sum(nil)) != due {
				read.differ(int64(i), 1)
			}
		}
	}
	rest, err := io.Copy(whole, file)
	read.bytes += rest
	if rest > 0 && listed.hasBlocks() {
		read.differ(int64(len(listed.BlockSHA256s)), (rest-1)/listed.BlockBytes+1)
	}
	read.sha256 = hex.EncodeToString(whole.Sum(nil))
	return read, err
}

// differ counts blocks that are not as they are listed, in their order.
func (r *reading) differ(at, count int64) {
	if r.differing == 0 {
		r.first = at
	}
	r.differing += count
}

// listing is a manifest, and the files that it should be of.
type listing struct {
	file    string
	there   []string
	belongs func(name string) bool

	entries []listedFile
	// valid are the entries, by their places, of files that belong there.
	valid []int
	// sound says that it could be read and that all its entries are valid.
	sound bool
}

func (l *listing) where(entry int, field string) string {
	return fmt.Sprintf("files[%d].%s", entry, field)
}

// readManifest reads a manifest and checks what can be seen of it alone.
func (v *verification) readManifest(l *listing) {
	text, err := v.read(l.file)
	if err != nil {
		v.unreadable(l.file, err)
		return
	}
	var listed struct {
		Files []listedFile `json:"files"`
	}
	if err := json.Unmarshal(text, &listed); err != nil {
		v.fault(l.file, offset(err), "%v", err)
		return
	}
	l.sound, l.entries = true, listed.Files
	if !canonical(text) {
		v.fault(l.file, firstDifference(text), "is not written as it was: space between its parts was changed")
	}
	seen := map[string]bool{}
	for i, entry := range listed.Files {
		if !filepath.IsLocal(entry.Path) || path.Clean(entry.Path) != entry.Path || !l.belongs(entry.Path) {
			v.fault(l.file, l.where(i, "path"), "lists %q, which is no path of a file that belongs in it", entry.Path)
			l.sound = false
			continue
		}
		if seen[entry.Path] {
			v.fault(l.file, l.where(i, "path"), "lists %s twice", entry.Path)
			l.sound = false
			continue
		}
		seen[entry.Path] = true
		if err := entry.fit(); err != nil {
			v.fault(l.file, l.where(i, "block_sha256s"), "%v", err)
			l.sound = false
		}
		l.valid = append(l.valid, i)
	}
}

// compare holds the files that are there against a manifest's.
func (v *verification) compare(l *listing, found map[string]reading) {
	if l.entries == nil {
		return
	}
	expected := map[string]bool{}
	for _, at := range l.valid {
		entry := l.entries[at]
		expected[entry.Path] = true
		v.report.Files++
		read, ok := found[entry.Path]
		switch {
		case ok:
			v.compareFile(l, at, read)
		case !slices.Contains(l.there, entry.Path):
			v.fault(entry.Path, "", "is missing; %s lists it in %s", l.file, l.where(at, "path"))
		}
	}
	for _, name := range l.there {
		if !expected[name] {
			v.fault(name, "", "is not listed in %s: it was added afterwards", l.file)
		}
	}
}

// compareFile holds a file against its entry. Where one of the two digests, of the whole
// and of the blocks, is as listed, the file is and the entry is not.
func (v *verification) compareFile(l *listing, at int, read reading) {
	entry := l.entries[at]
	whole := read.sha256 == entry.SHA256
	switch {
	case whole && read.bytes != entry.Bytes:
		v.fault(l.file, l.where(at, "bytes"), "is %d; %s, which has the digest that is listed, has %d bytes", entry.Bytes, entry.Path, read.bytes)
	case whole && read.differing > 0:
		v.fault(l.file, l.where(at, fmt.Sprintf("block_sha256s[%d]", read.first)), "is not the digest of that block of %s, which has the digest that is listed", entry.Path)
	case whole:
	case entry.hasBlocks() && read.differing == 0 && read.bytes == entry.Bytes:
		v.fault(l.file, l.where(at, "sha256"), "is %s; %s has SHA-256 %s, and all its blocks are as listed", entry.SHA256, entry.Path, read.sha256)
	case read.bytes != entry.Bytes:
		v.fault(entry.Path, read.where(entry), "has %d bytes; %s has %d (SHA-256 %s, listed %s)%s", read.bytes, l.file, entry.Bytes, read.sha256, entry.SHA256, read.others(entry))
	default:
		v.fault(entry.Path, read.where(entry), "has SHA-256 %s; %s has %s%s", read.sha256, l.file, entry.SHA256, read.others(entry))
	}
}

// offset is where a JSON text stops being one.
func offset(err error) string {
	if syntax, ok := err.(*json.SyntaxError); ok {
		return fmt.Sprintf("byte %d", syntax.Offset)
	}
	if other, ok := err.(*json.UnmarshalTypeError); ok {
		return fmt.Sprintf("byte %d, field %s", other.Offset, other.Field)
	}
	return ""
}

// canonical reports whether a JSON text is indented as cupel writes it.
func canonical(text []byte) bool { return bytes.Equal(text, reindented(text)) }

func reindented(text []byte) []byte {
	var compact, indented bytes.Buffer
	if json.Compact(&compact, text) != nil || json.Indent(&indented, compact.Bytes(), "", "  ") != nil {
		return nil
	}
	indented.WriteByte('\n')
	return indented.Bytes()
}

func firstDifference(text []byte) string {
	due := reindented(text)
	at := 0
	for at < len(text) && at < len(due) && text[at] == due[at] {
		at++
	}
	return fmt.Sprintf("byte %d", at)
}

// chain is where the ledger's chain ends.
type chain struct {
	rows int
	head string
}

func hexDigest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// checkLedger follows the chain: each row has the digest of the row before it.
func (v *verification) checkLedger() {
	v.chain.head = hexDigest(nil)
	v.lines(ledgerFile, func(number int, line []byte) {
		var row ledgerRow
		if err := json.Unmarshal(line, &row); err != nil {
			v.fault(ledgerFile, fmt.Sprintf("line %d, %s", number, offset(err)), "%v", err)
			return
		}
		where := fmt.Sprintf("line %d", number)
		if row.Sequence != v.chain.rows {
			v.fault(ledgerFile, where, "has sequence number %d; %d is due: a row is missing, moved or added", row.Sequence, v.chain.rows)
		}
		if row.Previous != v.chain.head {
			v.fault(ledgerFile, where, "says that the row before has SHA-256 %s; it has %s: one of the two was changed", row.Previous, v.chain.head)
		}
		v.chain = chain{v.chain.rows + 1, hexDigest(line)}
		v.records.ledger = append(v.records.ledger, row)
	})
}

// lines hands out the lines of a file; one without a line feed at its end is a fault.
func (v *verification) lines(name string, each func(number int, line []byte)) {
	text, err := v.read(name)
	if err != nil {
		v.unreadable(name, err)
		return
	}
	for number := 1; len(text) > 0; number++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			v.fault(name, fmt.Sprintf("line %d", number), "has no line feed at its end: the row is not whole")
		}
		each(number, line)
		text = rest
	}
}

// checkLinks checks the digests that records have of each other.
func (v *verification) checkLinks() {
	rows := v.records.ledger
	if len(rows) > 0 && rows[0].SHA256[planFile] != v.digests[planFile] {
		v.fault(ledgerFile, "line 1", "was written for a plan with SHA-256 %s; plan.json has %s", rows[0].SHA256[planFile], v.digests[planFile])
	}
	if v.records.plan.SuiteSHA256 != v.digests[suiteFile] {
		v.fault(planFile, "suite_sha256", "is %s; suite.toml has %s", v.records.plan.SuiteSHA256, v.digests[suiteFile])
	}
	// A run that was gone on with has a nonce for each session.
	nonce, whose := v.records.plan.NonceSHA256, "the plan's"
	for i, row := range rows {
		switch {
		case row.Event == "resumed":
			nonce, whose = row.SHA256["nonce"], "its session's"
		case row.Event == "nonce-revealed" && hexDigest([]byte(row.Nonce)) != nonce:
			v.fault(ledgerFile, fmt.Sprintf("line %d", i+1), "tells a nonce that is not %s", whose)
		}
	}
}
