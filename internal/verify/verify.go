// Package verify checks a bundle: that its files are those that were sealed, that
// the ledger is whole, that every JSON text has its published shape, and that every
// figure in results/ follows from the raw data.
//
// It has its own records, its own reading of samples and its own statistics, and none of
// the code that writes bundles and results. Where both agree, a
// fault would have to be made twice. So what looks like duplication here is the point,
// and a layering test keeps it, by a list of what may be imported: do not replace a
// function by one of packages evidence, stats, estimate or report. Two packages are on
// that list. docs/schemas is what is published of the formats. internal/parquetfile
// looks whether the library may be trusted with a Parquet file: it makes no figure, and a
// fault in it lets a file through or keeps it out for all readers alike.
//
// It has no sentences. The page in results/ is rendered again by the renderer, which the
// caller hands in, and compared byte for byte with the file, after verify has compared
// each figure that the renderer prints with its own. The audit in results/ is no part of
// this: package recheck has it made again. That shows an audit that was edited; it can't
// show one that was wrong when it was made.
//
// A stranger's bundle is read through an os.Root, so no path or link leaves it, and
// within bounds on memory that no count in a file can raise.
package verify

// This file holds what a verification says, and its course.

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode"
)

// Report is what a verification found.
type Report struct {
	Bundle string `json:"bundle"`
	// Cupel is the version that made the bundle, as that says itself.
	Cupel  string `json:"cupel_version"`
	Intact bool   `json:"intact"`
	// Files is how many files were compared with their digests, Figures how many
	// figures with what follows from the samples, Samples how many rows of them.
	Files   int      `json:"files"`
	Figures int      `json:"figures"`
	Samples int64    `json:"samples"`
	Signers []Signer `json:"signers"`
	Faults  []Fault  `json:"faults"`
	// Unchecked is what could not be held against the raw data, and why. It is no
	// fault, and a bundle with any is not called intact without saying so.
	Unchecked []string `json:"unchecked"`
	Notes     []string `json:"notes"`
}

// Fault is one thing that is not as it should be.
type Fault struct {
	File string `json:"file"`
	// Where is the place within the file: a range of bytes, a line, an offset or a
	// field. It is empty where only the whole can be named.
	Where   string `json:"where"`
	Message string `json:"message"`
}

func (f Fault) String() string {
	if f.Where == "" {
		return f.File + ": " + f.Message
	}
	return f.File + ": " + f.Where + ": " + f.Message
}

// Signer is a key whose signature on the seal is good.
type Signer struct {
	Role      string `json:"role"`
	KeyID     string `json:"keyid"`
	Ephemeral bool   `json:"ephemeral"`
}

// Options is what a verification may be asked besides.
type Options struct {
	// Key must have signed, where it is given.
	Key ed25519.PublicKey
	// Version is this program's. Another version may have other words for the same
	// figures, so what this one would not write is no fault in a bundle of another
	// one's: it is unchecked.
	Version string
	// Page renders the report of the bundle in a directory again. Without it the page
	// counts as unchecked.
	Page func(dir string) (Page, error)
}

// maxFaults ends a verification that would only go on listing.
const maxFaults = 200

// Bundle verifies the bundle in dir. An error says that there is none to verify.
func Bundle(ctx context.Context, dir string, options Options) (*Report, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	defer root.Close()
	if !anyOf(root, planFile, ledgerFile, manifestFile) {
		return nil, fmt.Errorf("verify: %s is no bundle: it has none of %s, %s and %s", dir, planFile, ledgerFile, manifestFile)
	}
	v := &verification{
		root: root, options: options,
		report: &Report{Bundle: dir, Signers: []Signer{}, Faults: []Fault{}, Unchecked: []string{}, Notes: []string{}},
	}
	if err := v.run(ctx); err != nil {
		return nil, fmt.Errorf("verify: %s: %w", dir, err)
	}
	if v.beyond != nil && len(v.report.Faults) == 0 {
		return nil, fmt.Errorf("verify: %s: %w; this is more than verify reads, and says nothing against the bundle", dir, v.beyond)
	}
	if v.beyond != nil {
		v.note("%v", v.beyond)
	}
	v.report.Cupel = printable(v.records.environment.Cupel)
	v.report.Intact = len(v.report.Faults) == 0
	return v.report, nil
}

func anyOf(root *os.Root, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, err := root.Lstat(name)
		return err == nil
	})
}

// The files of a bundle that have a meaning here.
const (
	suiteFile           = "suite.toml"
	planFile            = "plan.json"
	ledgerFile          = "ledger.jsonl"
	environmentFile     = "environment.json"
	observationsFile    = "observations.jsonl"
	manifestFile        = "manifest.json"
	sealFile            = "seal.dsse.json"
	resultsDir          = "results"
	resultsManifestFile = "results/manifest.json"
	auditFile           = "results/audit.json"
	harnessFile         = "harness.json"
	runLogFile          = "runs.jsonl"
	summaryFile         = "results/comparison_summary.json"
	markdownFile        = "results/BENCHMARK_RESULTS.md"
	resultSuffix        = "_mnist_results.json"
)

type verification struct {
	root    *os.Root
	options Options
	report  *Report
	// digests are of the files as they are, by path.
	digests map[string]string
	// unsound are manifests of which a fault is told already. The shape of one is not
	// looked at: a validator has an error for each of the million things in it.
	unsound map[string]bool
	records records
	chain   chain
	// beyond says of the first thing that was too large to be read how large it is.
	beyond error
	// strange is what this version would not write, of a bundle of another one's.
	strange []Fault
}

func (v *verification) fault(file, where, format string, args ...any) {
	if len(v.report.Faults) < maxFaults {
		v.report.Faults = append(v.report.Faults, Fault{printable(file), printable(where), printable(fmt.Sprintf(format, args...))})
	}
}

// boundError says that something is larger than what verify reads.
type boundError string

func (e boundError) Error() string { return string(e) }

// faultOf makes a fault of an error, but where that is of a bound: a bundle that is too
// large for verify may be an honest one.
func (v *verification) faultOf(file, where string, err error) {
	if bound := boundError(""); errors.As(err, &bound) {
		if v.beyond == nil {
			v.beyond = fmt.Errorf("%s: %w", file, cause(err))
		}
		return
	}
	v.fault(file, where, "%v", cause(err))
}

// unreadable is faultOf of a file that can't be read.
func (v *verification) unreadable(file string, err error) {
	v.faultOf(file, "", fmt.Errorf("can't be read: %w", cause(err)))
}

func (v *verification) note(format string, args ...any) {
	v.report.Notes = append(v.report.Notes, printable(fmt.Sprintf(format, args...)))
}

// printable is text as a line of a terminal can have it: a stranger's bundle has a part
// in it.
func printable(text string) string {
	const most = 1000
	if len(text) > most {
		text = text[:most] + " ..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func (v *verification) run(ctx context.Context) error {
	if err := v.checkDigests(ctx); err != nil {
		return err
	}
	v.checkLedger()
	v.checkSeal()
	v.checkSchemas()
	v.checkLinks()
	raw := slices.ContainsFunc(v.report.Faults, func(f Fault) bool { return !strings.HasPrefix(f.File, resultsDir+"/") })
	if raw || v.beyond != nil {
		v.note("results are not recomputed: the raw data are not as they were sealed, or not all read")
		return ctx.Err()
	}
	if err := v.checkResults(ctx); err != nil {
		return err
	}
	v.tellUnknown()
	return nil
}

// maxTextBytes bounds every text file that is read whole.
const maxTextBytes = 64 << 20

// read reads a text file of the bundle.
func (v *verification) read(name string) ([]byte, error) {
	info, err := v.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no ordinary file")
	}
	if info.Size() > maxTextBytes {
		return nil, boundError(fmt.Sprintf("%d bytes; at most %d are read", info.Size(), maxTextBytes))
	}
	return v.root.ReadFile(name)
}

// cause is an error without the name of the file, which the fault has.
func cause(err error) error {
	if path := new(fs.PathError); errors.As(err, &path) {
		return path.Err
	}
	return err
}
