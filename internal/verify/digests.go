package verify

// This file compares files with the manifests, follows the ledger's chain, and
// checks that records name each other's digests.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

type manifest struct {
	Files []struct {
		Path   string `json:"path"`
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
}

// checkDigests hashes every file and compares the digests with the manifests.
func (v *verification) checkDigests(ctx context.Context) error {
	names, err := v.list()
	if err != nil {
		return err
	}
	sizes, err := v.hash(ctx, names)
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
	v.compare(manifestFile, raw, sizes, func(name string) bool {
		return !derived(name) && name != manifestFile && name != sealFile
	})
	v.compare(resultsManifestFile, results, sizes, func(name string) bool {
		return derived(name) && name != resultsManifestFile
	})
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

// hash fills in the digests, several files at a time, and returns the sizes.
func (v *verification) hash(ctx context.Context, names []string) (map[string]int64, error) {
	v.digests = map[string]string{}
	sizes := map[string]int64{}
	var mutex sync.Mutex
	inParallel(len(names), func(i int) {
		if ctx.Err() != nil {
			return
		}
		sum, size, err := v.digestOf(names[i])
		mutex.Lock()
		defer mutex.Unlock()
		if err != nil {
			v.fault(names[i], "", "can't be read: %v", cause(err))
			return
		}
		v.digests[names[i]], sizes[names[i]] = sum, size
	})
	return sizes, ctx.Err()
}

// inParallel does n tasks on all CPUs.
func inParallel(n int, task func(int)) {
	next := make(chan int)
	var group sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for i := range next {
				task(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

func (v *verification) digestOf(name string) (string, int64, error) {
	file, err := v.root.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), size, err
}

// compare holds the files that are there against a manifest's.
func (v *verification) compare(list string, there []string, sizes map[string]int64, belongs func(string) bool) {
	text, err := v.read(list)
	if err != nil {
		v.unreadable(list, err)
		return
	}
	var listed manifest
	if err := json.Unmarshal(text, &listed); err != nil {
		v.fault(list, offset(err), "%v", err)
		return
	}
	if !canonical(text) {
		v.fault(list, firstDifference(text), "is not written as it was: space between its parts was changed")
	}
	expected := map[string]bool{}
	for i, entry := range listed.Files {
		where := fmt.Sprintf("files[%d]", i)
		if !filepath.IsLocal(entry.Path) || path.Clean(entry.Path) != entry.Path || !belongs(entry.Path) {
			v.fault(list, where, "lists %q, which is no path of a file that belongs in it", entry.Path)
			continue
		}
		if expected[entry.Path] {
			v.fault(list, where, "lists %s twice", entry.Path)
		}
		expected[entry.Path] = true
		found, ok := v.digests[entry.Path]
		v.report.Files++
		switch {
		case !ok && slices.Contains(there, entry.Path):
		case !ok:
			v.fault(entry.Path, "", "is missing; %s lists it", list)
		case sizes[entry.Path] != entry.Bytes:
			v.fault(entry.Path, "", "has %d bytes; %s has %d (SHA-256 %s, listed %s)", sizes[entry.Path], list, entry.Bytes, found, entry.SHA256)
		case found != entry.SHA256:
			v.fault(entry.Path, "", "has SHA-256 %s; %s has %s", found, list, entry.SHA256)
		}
	}
	for _, name := range there {
		if !expected[name] {
			v.fault(name, "", "is not listed in %s: it was added afterwards", list)
		}
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
