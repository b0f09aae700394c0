package provision

// This file checks what engines need of the machine besides a toolchain.

import (
	"os"
	"os/exec"
	"strings"

	"cupel/engines"
)

// compilersCPP are tried after the user's own choice, CXX.
var compilersCPP = []string{"g++", "c++", "clang++"}

// devicesCUDA lists the device files of CUDA drivers: NVIDIA's, and those of the
// Windows Subsystem for Linux. Looking for them costs nothing. Asking PyTorch would
// cost seconds and a download of gigabytes. A device that is present but unusable shows
// when the contender loads its model.
var devicesCUDA = []string{"/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg"}

// Lacks returns what this machine lacks for an engine, installed or not. It returns nil
// where the machine has everything.
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
