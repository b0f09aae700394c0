package provision

// This file builds the contenders that a suite defines. It copies the files that the
// suite names into a folder of their own. What a bundle publishes of a contender is
// therefore what ran.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cupel/internal/evidence"
)

// Own is a contender that a suite defines.
type Own struct {
	Name string
	// Dir is the folder to which Source's files and folders are relative.
	Dir    string
	Source []string
	// Build is the command that builds the program. It is empty where nothing is built.
	Build []string
	// Command starts the contender. Where the folder lacks a relative path after Build,
	// the path is relative to the folder Beside. An interpreter's environment is one
	// example.
	Command []string
	Beside  string
}

// Bounds on what a suite may name as source. Sources are below them; build results are
// not.
const (
	maxSourceFiles = 2_000
	maxSourceBytes = 32 << 20
)

// ownFiles are the file names that a contender's folder or the bundle uses for other
// things.
var ownFiles = []string{recordFile, LogFile, evidence.StatementFile, evidence.BuildFile, evidence.PackagesFile}

// FindOwn returns a suite's own contender where it was made before from the same files
// by the same command. Otherwise it returns an *Unavailable.
func (p *Provisioner) FindOwn(own Own) (Installed, error) {
	folder, err := p.ownFolder(own)
	if err != nil {
		return Installed{}, err
	}
	return folder.find(own.Name, "leave out --no-provision")
}

// InstallOwn returns a suite's own contender, and makes it first where needed.
func (p *Provisioner) InstallOwn(ctx context.Context, own Own, progress Progress) (Installed, error) {
	folder, err := p.ownFolder(own)
	if err != nil {
		return Installed{}, err
	}
	unlock, err := lock(ctx, folder.dir+".lock", func() { progress("waiting for another cupel process to build it", 0, 0) })
	if err != nil {
		return Installed{}, fmt.Errorf("contender %s: %w", own.Name, err)
	}
	defer unlock()
	if installed, err := folder.find(own.Name, ""); err == nil {
		return installed, nil
	}
	how := ownBuild{own}
	tool, err := how.tool(ctx)
	if err != nil {
		return Installed{}, err
	}
	return folder.install(ctx, own.Name, how, tool, progress)
}

// ownFolder returns the folder in which a suite's own contender is made.
func (p *Provisioner) ownFolder(own Own) (folder, error) {
	files, err := ownSource(own)
	if err != nil {
		return folder{}, &Unavailable{own.Name, fmt.Sprintf("its source can't be had: %v", err), "correct the suite's source"}
	}
	// The same files with another build or command are another contender.
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %q %q", digestOf(files), own.Build, own.Command))
	digest := hex.EncodeToString(sum[:])
	return folder{filepath.Join(p.Cache, "own", own.Name+"-"+digest[:12]), digest, files}, nil
}

// ownSource reads the files that a contender is made from, by their paths in its
// folder. It follows no link out of the suite's folder.
func ownSource(own Own) (map[string][]byte, error) {
	root, err := os.OpenRoot(own.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files, bytes := map[string][]byte{}, 0
	read := func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		case slices.Contains(ownFiles, name) || strings.HasPrefix(name, evidence.StderrDir+"/"):
			return fmt.Errorf("%s is a name that the contender's folder has for a file of its own", name)
		}
		content, err := fs.ReadFile(root.FS(), name)
		if err != nil {
			return err
		}
		files[filepath.FromSlash(name)] = content
		if bytes += len(content); bytes > maxSourceBytes || len(files) > maxSourceFiles {
			return fmt.Errorf("it is more than %d files or %d MiB", maxSourceFiles, maxSourceBytes>>20)
		}
		return nil
	}
	for _, name := range own.Source {
		if err := fs.WalkDir(root.FS(), path.Clean(filepath.ToSlash(name)), read); err != nil {
			return nil, err
		}
	}
	if len(files) == 0 {
		return nil, errors.New("there is no file in it")
	}
	return files, nil
}

// ownBuild makes a suite's own contender as the suite says.
type ownBuild struct{ own Own }

func (b ownBuild) tool(context.Context) (string, error) {
	if len(b.own.Build) > 0 && !strings.ContainsRune(b.own.Build[0], filepath.Separator) {
		if _, err := exec.LookPath(b.own.Build[0]); err != nil {
			return "", &Unavailable{b.own.Name, fmt.Sprintf("no program %s, which builds it, is on the path", b.own.Build[0]), "install it"}
		}
	}
	return "from the source that the suite names, and nothing else of its folder", nil
}

func (b ownBuild) how() string {
	if len(b.own.Build) == 0 {
		return "not built"
	}
	return strings.Join(b.own.Build, " ")
}

func (b ownBuild) install(ctx context.Context, dir string, log *buildLog) ([]string, error) {
	if len(b.own.Build) > 0 {
		// The compiler's arguments are logged, because its output does not show them.
		log.add("$ " + b.how())
		if err := log.run(ctx, dir, nil, b.own.Build[0], b.own.Build[1:]...); err != nil {
			return nil, err
		}
	}
	program, err := b.program(dir)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]string{program}, b.own.Command[1:]), nil
}

// program returns the path of the program that the command starts.
func (b ownBuild) program(dir string) (string, error) {
	named := b.own.Command[0]
	if filepath.IsAbs(named) || !strings.ContainsRune(named, filepath.Separator) {
		found, err := exec.LookPath(named)
		if err != nil && !errors.Is(err, exec.ErrDot) {
			return "", &Unavailable{b.own.Name, fmt.Sprintf("no program %s is on the path", named), "install it, or correct the suite's command"}
		}
		return found, nil
	}
	made := filepath.Join(dir, named)
	if !exists(made) {
		if beside := filepath.Join(b.own.Beside, named); exists(beside) {
			return beside, nil
		}
		return "", &Unavailable{b.own.Name, fmt.Sprintf("there is no program %s where it was built", named), "correct the suite's build or its command, which starts there"}
	}
	if _, err := exec.LookPath(made); err != nil {
		return "", &Unavailable{b.own.Name, fmt.Sprintf("%s is part of its source, and no source file may be executed", named), "build the program, or start it by its interpreter"}
	}
	return made, nil
}

// maxProducts bounds how many programs and libraries of a build are recorded. Builds
// that leave more consist of packages, which have lists of their own.
const maxProducts = 1_000

// products returns the programs and libraries in the folder that are not among its
// sources.
func (b ownBuild) products(f folder) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(f.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || len(found) == maxProducts {
			return err
		}
		name, err := filepath.Rel(f.dir, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if _, source := f.files[name]; err != nil || source || info.Mode().Perm()&0o111 == 0 && !strings.Contains(entry.Name(), ".so") {
			return err
		}
		content, err := os.ReadFile(path)
		found[filepath.ToSlash(name)] = sumOf(content)
		return err
	})
	return found, err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
