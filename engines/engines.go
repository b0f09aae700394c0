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
	"slices"
)

// The patterns name files one by one: a folder in use holds a virtual
// environment or build output too, and links, which can't be embedded.
//
//go:embed */runner.py */pyproject.toml */requirements.lock python/cupel_contender.py
//go:embed aprender/Cargo.toml aprender/Cargo.lock aprender/build.rs aprender/clippy.toml aprender/src/*.rs
//go:embed aprender-core/Cargo.toml aprender-core/Cargo.lock aprender-core/src/main.rs
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

// all is in the order in which lists show them.
var all = []Engine{
	{Name: "go", Language: Go},
	{Name: "gonum", Language: Go},
	{Name: "pytorch", Language: Python, Download: sizePyTorch, DiskBytes: diskPyTorch},
	{Name: "onnxruntime", Language: Python},
	{Name: "numpy", Language: Python},
	{Name: "scikit-learn", Language: Python},
	{Name: "aprender", Language: Rust, Binary: "cupel-engine-aprender"},
	{Name: "pytorch-compile", Language: Python, Download: sizePyTorch, DiskBytes: diskPyTorch,
		Runner: "pytorch", Arguments: []string{"compile"}, Needs: CompilerCPP, ByName: true, Compiles: true},
	{Name: "pytorch-cuda", Language: Python, Download: sizePyTorch, DiskBytes: diskPyTorch,
		Runner: "pytorch", Arguments: []string{"cuda"}, Needs: DeviceCUDA, ByName: true},
	{Name: "aprender-core", Language: Rust, Binary: "cupel-engine-aprender-core",
		Download: "some five minutes of compiling", ByName: true},
}

// What PyTorch takes; the published build is one for CPU and GPU.
const (
	sizePyTorch = "some 3 GB to download, 6.6 GB unpacked, once for all that run it"
	diskPyTorch = 12e9
)

// Names lists the engines.
func Names() []string { return names(func(Engine) bool { return true }) }

// StandardNames lists the engines that are installed unless others are named.
func StandardNames() []string { return names(func(engine Engine) bool { return !engine.ByName }) }

func names(of func(Engine) bool) []string {
	var names []string
	for _, engine := range all {
		if of(engine) {
			names = append(names, engine.Name)
		}
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

// shared are the files that several folders use, by the folder's language or, for
// one folder, its name; a checkout has links to them.
var shared = map[string]map[string]string{
	string(Python): {"cupel_contender.py": "python/cupel_contender.py"},
	"aprender-core": {
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
	for _, key := range []string{string(engine.Language), name} {
		for file, source := range shared[key] {
			if err == nil {
				folder[file], err = files.ReadFile(source)
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("engine %s: %w", engine.Name, err)
	}
	return folder, nil
}
