// Package engines holds the programs that run the engines under comparison, one
// self-contained folder an engine, embedded into the binary.
//
// A folder works by itself: it has the runner's source and a lock file with
// hashes, so anybody can install and start it without cupel. The Go engines, in
// go/ and gonum/, are packages instead, and run as the same binary started
// again. What the runners speak is in docs/PROTOCOL.md.
//
// records.go is the table of all that the program knows of an engine; no other package
// asks for an engine by its name. This file holds the record's type and the ways to ask.
package engines

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
)

// The patterns name files one by one: a folder in use holds a virtual
// environment or build output too, and links, which can't be embedded.
//
//go:embed */runner.py */pyproject.toml */requirements.lock python/cupel_contender.py
//go:embed */Cargo.toml */Cargo.lock */src/main.rs
//go:embed aprender/build.rs aprender/clippy.toml aprender/src/protocol.rs
var files embed.FS

// Runners are the sources of the runners in other languages than Go, with their lock
// files.
func Runners() fs.FS { return files }

// Language is what an engine's runner is written in, and so what installs it.
type Language string

// The languages of the runners.
const (
	Go     Language = "go"
	Python Language = "python"
	Rust   Language = "rust"
)

// Interpreted reports whether an interpreter stands between the runner and the engine.
func (l Language) Interpreted() bool { return l == Python }

// Engine is the record of an engine that cupel brings a runner for. Its zero fields say
// that there is nothing to know.
type Engine struct {
	Name     string
	Language Language
	// Package is the package whose release is the engine's.
	Package Package
	// Download says what installing it takes, where that is worth a warning.
	Download string
	// DiskBytes is how much free disk an installation needs, or 0 where it needs
	// next to nothing.
	DiskBytes uint64
	// Binary is the name of the program that a build makes, where there is one.
	Binary string
	// Runner is the engine whose folder and installation this one shares, and
	// Arguments are what its program is started with then.
	Runner    string
	Arguments []string
	// Needs is what a machine must have beside the toolchain, or empty.
	Needs Need
	// ByName engines are installed only where something names them.
	ByName bool
	// Compiles says that it makes code at run time.
	Compiles bool
	// Variables are the beginnings of the names of environment variables that bear on it.
	// Looks at a process write their values down.
	Variables []string
	// Call is what a call of it costs as measured elsewhere, or nil where nobody
	// has measured it.
	Call *CallCost
}

// Package is what an engine is called where it is published.
type Package struct {
	// Name is that of the Python package, the crate or the Go module. An engine that is
	// part of this program has none.
	Name string
	// Released has the dates of releases, as YYYY-MM-DD by version: lock files don't
	// tell them.
	Released map[string]string
}

// CallCost is what a call takes of one row on one thread, from runs of the built-in
// runners on virtual machines at 2.1 GHz. With a batch a call is a product of two
// matrices, whose multiply-adds cost a tenth of these and less.
type CallCost struct {
	// Cycles are those that a call takes whatever it computes.
	Cycles float64
	// CyclesPerMultiplyAdd come on top.
	CyclesPerMultiplyAdd float64
}

// Need is something that an engine needs of the machine.
type Need string

// The needs there are.
const (
	// CompilerCPP is a C++ compiler, for engines that compile models.
	CompilerCPP Need = "a C++ compiler"
	// DeviceCUDA is a GPU that PyTorch's published build can use.
	DeviceCUDA Need = "a CUDA device"
)

// Folder is the name of the folder with the engine's files.
func (e Engine) Folder() string {
	if e.Runner != "" {
		return e.Runner
	}
	return e.Name
}

// All returns the records of the engines, in the order in which lists show them.
func All() []Engine { return slices.Clone(records) }

// OfLanguage returns the records of the engines with a runner in a language.
func OfLanguage(language Language) []Engine {
	return slices.DeleteFunc(All(), func(engine Engine) bool { return engine.Language != language })
}

// Names lists the engines.
func Names() []string { return names(func(Engine) bool { return true }) }

// StandardNames lists the engines that are installed unless others are named.
func StandardNames() []string { return names(func(engine Engine) bool { return !engine.ByName }) }

// NamesOnRequest lists the engines that are installed only where something names them.
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

// Variables are the beginnings of the names of the environment variables that bear on
// any of the engines, each once.
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

// Released returns the day, as YYYY-MM-DD, on which a version of a package that is an
// engine came out; empty where no record has it.
func Released(packageName, version string) string {
	for _, engine := range records {
		if day := engine.Package.Released[version]; day != "" && engine.Package.Name == packageName {
			return day
		}
	}
	return ""
}

// shared are the files that all folders of a language use; a checkout has links to
// them.
var shared = map[Language]map[string]string{
	Python: {"cupel_contender.py": "python/cupel_contender.py"},
	Rust: {
		"build.rs":        "aprender/build.rs",
		"clippy.toml":     "aprender/clippy.toml",
		"src/protocol.rs": "aprender/src/protocol.rs",
	},
}

// Files returns the files of an engine's folder by their path in it. An engine
// in Go has none: its source is the binary's own.
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
