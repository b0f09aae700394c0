package session

// This file records what contenders are made of and where their files of code come from.

import (
	"errors"
	"path/filepath"
	"strings"

	"cupel/internal/evidence"
	"cupel/internal/observe"
	"cupel/internal/provision"
	"cupel/internal/suite"
	"cupel/model"
)

// inventory has what a run knows of its contenders' files. It is not safe for concurrent
// use.
type inventory struct {
	// executable is the path of this program.
	executable string
	digests    *observe.Digests
	// installed has the installation of each contender. owners has for each contender the
	// function that returns the package of a file. The keys are contenders' names.
	installed map[string]provision.Installed
	owners    map[string]func(path string) string
}

func newInventory(executable string) *inventory {
	return &inventory{
		executable: executable, digests: observe.NewDigests(),
		installed: map[string]provision.Installed{}, owners: map[string]func(string) string{},
	}
}

// add records the installation of a contender.
func (i *inventory) add(contender string, installed provision.Installed) {
	i.installed[contender] = installed
	i.owners[contender] = provision.PackageOf(installed.Dir)
}

// describeContender writes to the bundle how a contender was installed and built, and
// copies its source there. It reads every file of the installation.
func (o opened) describeContender(name string, installed provision.Installed) error {
	o.inventory.add(name, installed)
	packages, ok, err := provision.Inventory(name, installed, o.inventory.digests.Of)
	if err != nil {
		return err
	}
	if ok {
		if err := o.bundle.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.PackagesFile), packages); err != nil {
			return err
		}
	}
	if err := o.keepSource(name, installed); err != nil {
		return err
	}
	build, err := provision.BuildOf(name, installed, o.inventory.digests.Of)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	if installed.Dir == "" {
		// The engine is part of this program, and so are its sources.
		build.Sources = model.SourceDigest()
	}
	return o.bundle.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.BuildFile), build)
}

// keepSource copies the source and the runner of a contender into the bundle.
func (o opened) keepSource(name string, installed provision.Installed) error {
	files, err := provision.Sources(installed)
	if err != nil {
		return err
	}
	if log, err := provision.Log(installed); err == nil {
		files[provision.LogFile] = []byte(o.redact(string(log)))
	}
	for file, content := range files {
		if err := o.bundle.WriteFile(filepath.Join(evidence.ContendersDir, name, file), content); err != nil {
			return err
		}
	}
	return nil
}

// systemFolders are the folders of the base system's programs and libraries.
var systemFolders = []string{"/lib/", "/lib32/", "/lib64/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/bin/", "/usr/libexec/", "/bin/", "/nix/store/"}

// origin returns where a contender's file of code comes from.
func (i *inventory) origin(contender, path string) (evidence.Origin, string) {
	contender = strings.TrimSuffix(contender, suite.ControlName(""))
	installed, known := i.installed[contender]
	if owner := i.owners[contender]; owner != nil {
		if name := owner(path); name != "" {
			return evidence.OriginPackage, name
		}
	}
	switch {
	case path == i.executable:
		return evidence.OriginHarness, ""
	case known && installed.Dir != "" && strings.HasPrefix(path, installed.Dir+string(filepath.Separator)):
		return evidence.OriginBuild, ""
	case known && belowRuntime(installed, path):
		return evidence.OriginRuntime, ""
	}
	for _, folder := range systemFolders {
		if strings.HasPrefix(path, folder) {
			return evidence.OriginSystem, ""
		}
	}
	return evidence.OriginUnknown, ""
}

// belowRuntime reports whether a file belongs to the interpreter of an environment. The
// environment's program is a link to the interpreter.
func belowRuntime(installed provision.Installed, path string) bool {
	program, err := filepath.EvalSymlinks(installed.Command[0])
	if err != nil {
		return false
	}
	root := filepath.Dir(filepath.Dir(program))
	return root != "/" && root != "/usr" && strings.HasPrefix(path, root+string(filepath.Separator))
}
