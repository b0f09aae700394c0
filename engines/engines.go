// Package engines holds the programs that run the engines under comparison, one
// self-contained folder an engine, embedded into the binary.
//
// A folder works by itself: it has the runner's source and a lock file with
// hashes, so anybody can install and start it without cupel. The Go engines, in
// go/ and gonum/, are packages instead, and run as the same binary started
// again. What the runners speak is in docs/PROTOCOL.md.
package engines

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// The patterns name files one by one: a folder in use holds a virtual
// environment or build output too, and links, which can't be embedded.
//
//go:embed */runner.py */pyproject.toml */requirements.lock python/cupel_contender.py
//go:embed aprender/Cargo.toml aprender/Cargo.lock aprender/build.rs aprender/clippy.toml aprender/src/*.rs
var files embed.FS

// Language is what an engine's runner is written in, and so what installs it.
type Language string

// The languages of the runners.
const (
	Go     Language = "go"
	Python Language = "python"
	Rust   Language = "rust"
)

// Engine is an engine that cupel brings a runner for.
type Engine struct {
	Name     string
	Language Language
	// Download says what installing it takes, where that is worth a warning.
	Download string
	// DiskBytes is how much free disk an installation needs, or 0 where it needs
	// next to nothing.
	DiskBytes uint64
	// Binary is the name of the program that a build makes, where there is one.
	Binary string
}

// all is in the order in which lists show them.
var all = []Engine{
	{Name: "go", Language: Go},
	{Name: "gonum", Language: Go},
	{Name: "pytorch", Language: Python, Download: "some 3 GB to download, 6.6 GB unpacked", DiskBytes: 12e9},
	{Name: "onnxruntime", Language: Python},
	{Name: "numpy", Language: Python},
	{Name: "scikit-learn", Language: Python},
	{Name: "aprender", Language: Rust, Binary: "cupel-engine-aprender"},
}

// Names lists the engines.
func Names() []string {
	var names []string
	for _, engine := range all {
		names = append(names, engine.Name)
	}
	return names
}

// Lookup returns the engine of that name.
func Lookup(name string) (Engine, bool) {
	at := slices.IndexFunc(all, func(engine Engine) bool { return engine.Name == name })
	if at < 0 {
		return Engine{}, false
	}
	return all[at], true
}

// shared is what every Python runner imports; a checkout has links to it.
const shared = "python/cupel_contender.py"

// Files returns the files of an engine's folder by their path in it. An engine
// in Go has none: its source is the binary's own.
func Files(engine Engine) (map[string][]byte, error) {
	if engine.Language == Go {
		return nil, nil
	}
	folder := map[string][]byte{}
	err := fs.WalkDir(files, engine.Name, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		folder[name[len(engine.Name)+1:]], err = files.ReadFile(name)
		return err
	})
	if err == nil && engine.Language == Python {
		folder[path.Base(shared)], err = files.ReadFile(shared)
	}
	if err != nil {
		return nil, fmt.Errorf("engine %s: %w", engine.Name, err)
	}
	return folder, nil
}
