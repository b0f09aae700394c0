// Package engines holds the runners: the programs that run the engines under
// comparison. Each has a self-contained folder, embedded into the binary.
//
// A folder works by itself: it has the runner's source and a lock file with hashes, so
// it can be installed and started without cupel. The Go engines, in go/ and gonum/, are
// packages instead, and run as the same binary started again. docs/PROTOCOL.md
// describes the runners' protocol.
//
// records.go is the table of everything that the program knows of an engine. No other
// package refers to an engine by its name. This file holds the type of a record and the
// queries.
package engines

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// The patterns name files one by one. A folder in use also holds a virtual environment
// or build output, and links, which cannot be embedded.
//
//go:embed */runner.py */pyproject.toml */requirements.lock python/cupel_contender.py
//go:embed */Cargo.toml */Cargo.lock */src/main.rs
//go:embed aprender/build.rs aprender/clippy.toml aprender/src/protocol.rs
var files embed.FS

// Runners returns the sources of the runners in languages other than Go, with their
// lock files.
func Runners() fs.FS { return files }

// Language is the language of an engine's runner. It decides how the engine is
// installed.
type Language string

// The languages of the runners.
const (
	Go     Language = "go"
	Python Language = "python"
	Rust   Language = "rust"
)

// Interpreted reports whether an interpreter runs the runner.
func (l Language) Interpreted() bool { return l == Python }

// Engine is the record of an engine for which cupel has a runner. A zero field means
// that there is nothing to record.
type Engine struct {
	Name     string
	Language Language
	// Package is the package whose release is the engine's release.
	Package Package
	// Download says what installing it takes, where the user needs a warning.
	Download string
	// DiskBytes is how much free disk space an installation needs. It is 0 where that
	// is next to nothing.
	DiskBytes uint64
	// Binary is the name of the program that a build makes, if any.
	Binary string
	// Runner is the engine whose folder and installation this one shares. Arguments
	// then start the program as this engine.
	Runner    string
	Arguments []string
	// Needs is what a machine must have besides the toolchain, or empty.
	Needs Need
	// ByName engines are installed only where a suite or a command names them.
	ByName bool
	// Compiles says that the engine compiles code at run time.
	Compiles bool
	// Variables are prefixes of the environment variables that affect the engine.
	// Inspections of a process record their values.
	Variables []string
	// Earlier holds the digests of earlier versions of the runner, by which the audit
	// knows the runner of an older bundle. They are RunnerDigest's, and for an engine in
	// Go those of the engine's sources, which are part of this program.
	Earlier []string
	// Call is the cost of a call as measured elsewhere. It is nil where no measurement
	// exists.
	Call *CallCost
}

// Package identifies the published package of an engine.
type Package struct {
	// Name is the name of the Python package, the crate or the Go module. It is empty
	// for an engine that is part of this program.
	Name string
	// Released holds the dates of releases, as YYYY-MM-DD by version, because lock
	// files do not contain them.
	Released map[string]string
}

// CallCost is the cost of a call with one row on one thread, from runs of the built-in
// runners on virtual machines at 2.1 GHz. With a batch, a call is a product of two
// matrices, whose multiply-adds cost at most a tenth of these.
type CallCost struct {
	// Cycles is the fixed cost of a call, in cycles.
	Cycles float64
	// CyclesPerMultiplyAdd is added for each multiply-add.
	CyclesPerMultiplyAdd float64
}

// Need is something that an engine needs of the machine.
type Need string

// The needs.
const (
	// CompilerCPP is a C++ compiler, for engines that compile models.
	CompilerCPP Need = "a C++ compiler"
	// DeviceCUDA is a GPU that PyTorch's published build can use.
	DeviceCUDA Need = "a CUDA device"
)

// Folder returns the name of the folder with the engine's files.
func (e Engine) Folder() string {
	if e.Runner != "" {
		return e.Runner
	}
	return e.Name
}

// All returns the records of the engines, in the order in which lists show them.
func All() []Engine { return slices.Clone(records) }

// OfLanguage returns the records of the engines with a runner in the given language.
func OfLanguage(language Language) []Engine {
	return slices.DeleteFunc(All(), func(engine Engine) bool { return engine.Language != language })
}

// Names lists the names of all engines.
func Names() []string { return names(func(Engine) bool { return true }) }

// StandardNames lists the engines that are installed by default.
func StandardNames() []string { return names(func(engine Engine) bool { return !engine.ByName }) }

// NamesOnRequest lists the engines that are installed only where a suite or a command
// names them.
func NamesOnRequest() []string { return names(func(engine Engine) bool { return engine.ByName }) }

func names(of func(Engine) bool) []string {
	var names []string
	for _, engine := range records {
		if of(engine) {
			names = append(names, engine.Name)
		}
	}
	return names
}

// Variables returns the prefixes of the environment variables that affect any of the
// engines, each once.
func Variables() []string {
	var prefixes []string
	for _, engine := range records {
		prefixes = append(prefixes, engine.Variables...)
	}
	slices.Sort(prefixes)
	return slices.Compact(prefixes)
}

// Lookup returns the engine of that name.
func Lookup(name string) (Engine, bool) {
	at := slices.IndexFunc(records, func(engine Engine) bool { return engine.Name == name })
	if at < 0 {
		return Engine{}, false
	}
	return records[at], true
}

// Released returns the release date, as YYYY-MM-DD, of a version of an engine's
// package. It is empty where no record has it.
func Released(packageName, version string) string {
	for _, engine := range records {
		if day := engine.Package.Released[version]; day != "" && engine.Package.Name == packageName {
			return day
		}
	}
	return ""
}

// shared are the files that all folders of a language use. In a checkout these are
// links.
var shared = map[Language]map[string]string{
	Python: {"cupel_contender.py": "python/cupel_contender.py"},
	Rust: {
		"build.rs":        "aprender/build.rs",
		"clippy.toml":     "aprender/clippy.toml",
		"src/protocol.rs": "aprender/src/protocol.rs",
	},
}

// Files returns the files of an engine's folder by their path in it. An engine in Go
// has none: its source is part of the binary.
func Files(engine Engine) (map[string][]byte, error) {
	if engine.Language == Go {
		return nil, nil
	}
	name, folder := engine.Folder(), map[string][]byte{}
	err := fs.WalkDir(files, name, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		folder[file[len(name)+1:]], err = files.ReadFile(file)
		return err
	})
	for file, source := range shared[engine.Language] {
		if err == nil {
			folder[file], err = files.ReadFile(source)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("engine %s: %w", engine.Name, err)
	}
	return folder, nil
}

// IsRunner reports whether read gives, by name, the files of a version of the engine's
// runner: this program's own or an earlier one. read returns no text for a missing file.
func IsRunner(engine Engine, read func(name string) ([]byte, error)) bool {
	own, err := Files(engine)
	if err != nil || own == nil {
		return false
	}
	found := map[string][]byte{}
	for name := range own {
		text, err := read(name)
		if err != nil || text == nil {
			return false
		}
		found[name] = text
	}
	return maps.EqualFunc(found, own, bytes.Equal) || slices.Contains(engine.Earlier, RunnerDigest(found))
}

// RunnerDigest returns a SHA-256, in hexadecimal, over the files of a runner. In order of
// name, each file contributes its name, a zero byte, its length in decimal, a zero byte
// and its content.
func RunnerDigest(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s\x00%d\x00", name, len(files[name]))
		sum.Write(files[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}
