package provision

// This file tests what engines need of a machine, and engines that share one
// installation.

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const fakeCompiler = "#!/bin/sh\nexit 0\n"

// The second engine of a folder installs nothing and has its own arguments.
func TestEnginesOfOneFolderShareAnInstallation(t *testing.T) {
	p, calls := workshop(t, map[string]string{"python3": fakePython, "g++": fakeCompiler})
	eager, err := p.Install(t.Context(), engine(t, "pytorch"), silent)
	if err != nil {
		t.Fatal(err)
	}
	calls()
	compile, err := p.Install(t.Context(), engine(t, "pytorch-compile"), silent)
	if err != nil {
		t.Fatal(err)
	}
	if made := calls(); made != "" {
		t.Errorf("the second one was installed too:\n%s", made)
	}
	if compile.Engine != "pytorch-compile" || compile.Dir != eager.Dir || !slices.Equal(compile.Command, append(slices.Clone(eager.Command), "compile")) {
		t.Errorf("%+v beside %+v", compile, eager)
	}
}

// The engine that comes first makes the installation for both.
func TestTheFirstOfAFolderInstallsForAll(t *testing.T) {
	p, _ := workshop(t, map[string]string{"python3": fakePython, "g++": fakeCompiler})
	compile, err := p.Install(t.Context(), engine(t, "pytorch-compile"), silent)
	if err != nil {
		t.Fatal(err)
	}
	eager, err := p.Find(engine(t, "pytorch"))
	if err != nil {
		t.Fatal(err)
	}
	if last := compile.Command[len(compile.Command)-1]; last != "compile" || slices.Contains(eager.Command, "compile") || eager.Engine != "pytorch" {
		t.Errorf("%+v beside %+v", compile, eager)
	}
}

func TestAMissingCompilerIsSaidBeforeTheDownload(t *testing.T) {
	p, calls := workshop(t, map[string]string{"python3": fakePython})
	t.Setenv("CXX", "")
	unavailable := new(Unavailable)
	if _, err := p.Install(t.Context(), engine(t, "pytorch-compile"), silent); !errors.As(err, &unavailable) ||
		!strings.Contains(unavailable.Reason, "no C++ compiler") || !strings.Contains(unavailable.Remedy, "g++") {
		t.Errorf("error %v", err)
	}
	if made := calls(); made != "" {
		t.Errorf("calls:\n%s", made)
	}
	// The installation is shared with pytorch, but this engine's own need is still
	// unmet.
	if _, err := p.Install(t.Context(), engine(t, "pytorch"), silent); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Find(engine(t, "pytorch-compile")); !errors.As(err, &unavailable) {
		t.Errorf("error %v", err)
	}
}

func TestTheUsersOwnCompilerCounts(t *testing.T) {
	workshop(t, map[string]string{"my-compiler": fakeCompiler})
	t.Setenv("CXX", "my-compiler -O2")
	if lacking := lacksCompiler("pytorch-compile"); lacking != nil {
		t.Errorf("%v", lacking)
	}
}

func TestAMissingDeviceIsSaidInOneLine(t *testing.T) {
	dir := t.TempDir()
	device := filepath.Join(dir, "device")
	lacking := lacksDevice("pytorch-cuda", []string{device})
	if lacking == nil {
		t.Fatal("a device that is not there was found")
	}
	if line := lacking.Error(); !strings.Contains(line, "no CUDA device") || !strings.Contains(line, "a GPU") || strings.Contains(line, "\n") {
		t.Errorf("%q", line)
	}
	if err := os.WriteFile(device, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if lacking := lacksDevice("pytorch-cuda", []string{filepath.Join(dir, "other"), device}); lacking != nil {
		t.Errorf("%v", lacking)
	}
}
