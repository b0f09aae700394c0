package provision

// This file looks for what engines need of the machine beside a toolchain.

import (
	"os"
	"os/exec"
	"strings"

	"cupel/engines"
)

// compilersCPP are tried after the user's own choice, CXX.
var compilersCPP = []string{"g++", "c++", "clang++"}

// devicesCUDA are where a driver for CUDA shows: NVIDIA's own, and Windows's for
// its Linux. Looking there costs nothing; loading PyTorch to ask it takes seconds
// and a download of gigabytes. A device that shows here and that PyTorch can't use
// is found when the contender loads its model.
var devicesCUDA = []string{"/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg"}

// Lacks returns what this machine lacks for an engine, whatever is installed, or
// nil.
func Lacks(engine engines.Engine) *Unavailable {
	switch engine.Needs {
	case engines.CompilerCPP:
		return lacksCompiler(engine.Name)
	case engines.DeviceCUDA:
		return lacksDevice(engine.Name, devicesCUDA)
	}
	return nil
}

func lacksCompiler(name string) *Unavailable {
	candidates := compilersCPP
	if chosen := strings.Fields(os.Getenv("CXX")); len(chosen) > 0 {
		candidates = append([]string{chosen[0]}, candidates...)
	}
	for _, candidate := range candidates {
		if _, err := exec.LookPath(candidate); err == nil {
			return nil
		}
	}
	return &Unavailable{name, "no C++ compiler is on the PATH", "install one (Debian: g++)"}
}

func lacksDevice(name string, devices []string) *Unavailable {
	for _, device := range devices {
		if _, err := os.Stat(device); err == nil {
			return nil
		}
	}
	return &Unavailable{name, "there is no CUDA device (none of " + strings.Join(devices, ", ") + ")",
		"run it on a machine with a GPU of NVIDIA's and its driver"}
}
