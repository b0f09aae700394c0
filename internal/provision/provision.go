// Package provision installs engines: it turns an engine's folder and lock file into a
// command that runs.
//
// An installed engine lies in the cache under a name that contains the digest of
// everything it was made from. It is therefore made once and works offline afterwards,
// and a changed lock file makes another installation. An installation that a killed run
// left unfinished has no record and is made again from the start. Two processes of
// cupel wait for each other by a file lock for each engine.
//
// An engine that cannot be installed is no error of the run. It is unavailable, with
// the reason and a remedy, and the run reports that.
package provision

// This file holds the cache and the steps of an installation. python.go and rust.go
// install engines of their languages; own.go builds contenders that a suite defines.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cupel/engines"
	"cupel/internal/evidence"
	"cupel/internal/version"
)

// Unavailable says why an engine cannot run on this machine, and what would help.
type Unavailable struct {
	Engine string
	Reason string
	Remedy string
}

func (u *Unavailable) Error() string {
	return fmt.Sprintf("%s is unavailable: %s; %s", u.Engine, u.Reason, u.Remedy)
}

// Installed is an engine that can be started.
type Installed struct {
	Engine  string   `json:"engine"`
	Command []string `json:"command"`
	// Dir is its folder. It is empty for an engine that is part of this program.
	Dir string `json:"dir"`
	// SHA256 is the digest of what it was made from.
	SHA256 string `json:"sha256"`
	// Build says how it was made, with the version of the program that made it.
	Build string `json:"build"`
	// ExecutableSHA256 is the digest of the program that Command starts, taken when it
	// was made. BuildEnvironment holds the variables that affected the build. Old
	// records have neither.
	ExecutableSHA256 string              `json:"executable_sha256,omitempty"`
	BuildEnvironment []evidence.Variable `json:"build_environment"`
	// Products holds the digests of the programs and libraries that a build of a
	// suite's own contender left, by their paths from Dir.
	Products map[string]string `json:"products,omitempty"`
	// Sources are the paths, from Dir, of the files that it was made from.
	Sources []string `json:"-"`
}

// The files that an installation leaves in its folder.
const (
	recordFile = "provision.json"
	// LogFile is the log of the installation.
	LogFile = "build.log"
)

// Progress receives the step of an installation. done of total steps have ended; total
// is 0 where it is unknown.
type Progress func(step string, done, total int)

// Provisioner installs engines into a cache. It may be used concurrently.
type Provisioner struct {
	// Cache is cupel's cache directory.
	Cache string
	// Executable is the program that is started again for engines in Go.
	Executable string
}

// New returns the provisioner of the current user.
func New() (*Provisioner, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no cache directory: %w; set XDG_CACHE_HOME", err)
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot find the path of the cupel program: %w", err)
	}
	return &Provisioner{Cache: filepath.Join(cache, "cupel"), Executable: executable}, nil
}

// installer installs one engine whose files lie in dir.
type installer interface {
	// tool returns the version of the installing program, or an *Unavailable.
	tool(ctx context.Context) (string, error)
	// how says in a few words what install does.
	how() string
	// install makes the engine and returns the command that starts it.
	install(ctx context.Context, dir string, log *buildLog) (command []string, err error)
	// products returns the digests of what install left in the folder, by path. It
	// returns nil where package records, or a single program, already tell.
	products(folder folder) (map[string]string, error)
}

func (p *Provisioner) installer(engine engines.Engine) installer {
	if engine.Language == engines.Rust {
		return &rust{engine: engine}
	}
	return &python{engine: engine, tools: filepath.Join(p.Cache, "tools")}
}

// Find returns the engine where it can be started without installing anything. For an
// engine that is not installed it returns an *Unavailable.
func (p *Provisioner) Find(engine engines.Engine) (Installed, error) {
	if engine.Language == engines.Go {
		return Installed{Engine: engine.Name, Command: []string{p.Executable, "engine", engine.Name}, Build: version.Build()}, nil
	}
	if lacking := Lacks(engine); lacking != nil {
		return Installed{}, lacking
	}
	folder, err := p.folder(engine)
	if err != nil {
		return Installed{}, err
	}
	installed, err := folder.find(engine.Name, "run `cupel provision "+engine.Name+"`")
	if err != nil {
		return Installed{}, err
	}
	return installed.as(engine), nil
}

// find returns what was installed into the folder, or an *Unavailable with the remedy.
func (f folder) find(name, remedy string) (Installed, error) {
	missing := &Unavailable{name, "it is not installed", remedy}
	text, err := os.ReadFile(filepath.Join(f.dir, recordFile))
	if err != nil {
		return Installed{}, missing
	}
	var installed Installed
	if err := json.Unmarshal(text, &installed); err != nil || installed.SHA256 != f.digest || len(installed.Command) == 0 || installed.Build == "" {
		return Installed{}, missing
	}
	// The interpreter that made the environment may have been removed since.
	if _, err := os.Stat(installed.Command[0]); err != nil {
		return Installed{}, missing
	}
	if changed := f.changed(); changed != "" {
		return Installed{}, &Unavailable{name, fmt.Sprintf("%s has changed since its installation", changed),
			remedy + ", which installs it again"}
	}
	// The folder is known, whatever its record says. The digests must describe what
	// runs.
	installed.Dir, installed.Sources = f.dir, slices.Sorted(maps.Keys(f.files))
	return installed, nil
}

// changed names a file of the engine that differs from the one that was laid out, or a
// file beside them that Python would import in place of a package. It returns nothing
// where the folder is unchanged. A changed runner is another contender.
func (f folder) changed() string {
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if content, err := os.ReadFile(filepath.Join(f.dir, name)); err != nil || !bytes.Equal(content, f.files[name]) {
			return name
		}
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return "the folder"
	}
	for _, entry := range entries {
		if _, own := f.files[entry.Name()]; !own && f.imported(entry) {
			return entry.Name()
		}
	}
	return ""
}

// imported reports whether Python takes an entry for a module. Python searches a
// script's folder before all packages.
func (f folder) imported(entry fs.DirEntry) bool {
	if _, python := f.files["runner.py"]; !python {
		return false
	}
	if slices.Contains([]string{".py", ".pyc", ".so"}, filepath.Ext(entry.Name())) {
		return true
	}
	_, err := os.Stat(filepath.Join(f.dir, entry.Name(), "__init__.py"))
	return err == nil
}

// as returns the installation for one of the engines that share it.
func (i Installed) as(engine engines.Engine) Installed {
	i.Engine = engine.Name
	i.Command = slices.Concat(i.Command, engine.Arguments)
	return i
}

// Install returns the engine, and installs it first where needed.
func (p *Provisioner) Install(ctx context.Context, engine engines.Engine, progress Progress) (Installed, error) {
	if installed, err := p.Find(engine); err == nil {
		return installed, nil
	}
	if lacking := Lacks(engine); lacking != nil {
		return Installed{}, lacking
	}
	folder, err := p.folder(engine)
	if err != nil {
		return Installed{}, err
	}
	unlock, err := lock(ctx, filepath.Join(p.Cache, "engines", engine.Folder()+".lock"), func() {
		progress("waiting for another cupel process to install it", 0, 0)
	})
	if err != nil {
		return Installed{}, fmt.Errorf("engine %s: %w", engine.Name, err)
	}
	defer unlock()
	if installed, err := p.Find(engine); err == nil {
		return installed, nil
	}
	how := p.installer(engine)
	tool, err := how.tool(ctx)
	if err != nil {
		return Installed{}, err
	}
	if err := enoughDisk(p.Cache, engine); err != nil {
		return Installed{}, err
	}
	installed, err := folder.install(ctx, engine.Folder(), how, tool, progress)
	if err != nil {
		return Installed{}, err
	}
	return installed.as(engine), nil
}

// install lays the files out, makes the engine from them, and records how.
func (f folder) install(ctx context.Context, name string, how installer, tool string, progress Progress) (Installed, error) {
	if err := f.layOut(); err != nil {
		return Installed{}, fmt.Errorf("engine %s: %w", name, err)
	}
	log, err := newBuildLog(filepath.Join(f.dir, LogFile), progress)
	if err != nil {
		return Installed{}, fmt.Errorf("engine %s: %w", name, err)
	}
	command, err := how.install(ctx, f.dir, log)
	unlogged := log.Close()
	if err != nil {
		return Installed{}, failure(ctx, name, log, err)
	}
	if unlogged != nil {
		return Installed{}, fmt.Errorf("engine %s: %w", name, unlogged)
	}
	installed := Installed{
		Engine: name, Command: command, Dir: f.dir, SHA256: f.digest, Build: how.how() + ", " + tool,
		BuildEnvironment: buildEnvironment(os.Environ()), Sources: slices.Sorted(maps.Keys(f.files)),
	}
	if program, err := os.ReadFile(command[0]); err == nil {
		installed.ExecutableSHA256 = sumOf(program)
	}
	if installed.Products, err = how.products(f); err != nil {
		return Installed{}, fmt.Errorf("engine %s: %w", name, err)
	}
	text, err := json.MarshalIndent(installed, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(f.dir, recordFile), append(text, '\n'), 0o644)
	}
	if err != nil {
		return Installed{}, fmt.Errorf("engine %s: %w", name, err)
	}
	return installed, nil
}

// failure describes a failed installation with the last lines of its log.
func failure(ctx context.Context, name string, log *buildLog, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if unavailable := new(Unavailable); errors.As(err, &unavailable) {
		return unavailable
	}
	reason := fmt.Sprintf("installing it failed: %v", err)
	if last := log.last(); len(last) > 0 {
		reason += "; the log ends:\n    " + strings.Join(last, "\n    ") + "\n   "
	}
	return &Unavailable{name, reason, "the whole log is " + log.path}
}

// folder is where an engine is installed.
type folder struct {
	dir    string
	digest string
	files  map[string][]byte
}

func (p *Provisioner) folder(engine engines.Engine) (folder, error) {
	files, err := engines.Files(engine)
	if err != nil {
		return folder{}, err
	}
	digest := digestOf(files)
	return folder{filepath.Join(p.Cache, "engines", engine.Folder()+"-"+digest[:12]), digest, files}, nil
}

// digestOf returns the SHA-256 over the name, size and content of each file, ordered by
// name.
func digestOf(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%s\x00%d\x00", name, len(files[name]))
		sum.Write(files[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// layOut writes the engine's files into an empty folder.
func (f folder) layOut() error {
	if err := os.RemoveAll(f.dir); err != nil {
		return err
	}
	for name, content := range f.files {
		path := filepath.Join(f.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// enoughDisk refuses an installation that would fill the disk, before the download
// begins.
func enoughDisk(cache string, engine engines.Engine) error {
	if engine.DiskBytes == 0 {
		return nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	free, err := freeBytes(cache)
	if err != nil {
		return nil // A file system that does not say is given the benefit of the doubt.
	}
	if free >= engine.DiskBytes {
		return nil
	}
	return &Unavailable{engine.Name,
		fmt.Sprintf("it needs %.0f GB of disk and %s has %.1f GB free", gigabytes(engine.DiskBytes), cache, gigabytes(free)),
		"free disk space, or set XDG_CACHE_HOME to a folder on another disk"}
}

func gigabytes(n uint64) float64 { return float64(n) / 1e9 }

// firstLine returns the first line of a program's output.
func firstLine(output []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(output), []byte("\n"))
	return string(line)
}

// Reason splits an error of an installation into a reason and a remedy. The remedy is
// empty where none is known.
func Reason(err error) (reason, remedy string) {
	if unavailable := new(Unavailable); errors.As(err, &unavailable) {
		return unavailable.Reason, unavailable.Remedy
	}
	return err.Error(), ""
}
