// Package observe reads what the kernel knows of the machine and of processes:
// accounts, snapshots, affinity, clocks, mapped and open files. It only observes;
// pinning is the one exception. It needs Linux. On other systems its functions return
// errors.ErrUnsupported or empty values.
package observe

// This file describes the machine's software.

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
	"github.com/prometheus/procfs"

	"cupel/internal/evidence"
	"cupel/internal/version"
)

// tools maps each program whose version is recorded to the arguments that print the
// version.
var tools = map[string][]string{
	"python3": {"--version"},
	"uv":      {"--version"},
	"cargo":   {"--version"},
	"rustc":   {"--version"},
}

// Environment describes this machine. A field that it cannot determine is empty, which
// means unknown.
func Environment(ctx context.Context, now time.Time) evidence.Environment {
	environment := evidence.Environment{
		Schema: evidence.EnvironmentSchema, Time: now.UTC(),
		Distribution: distribution(), Architecture: runtime.GOARCH, CPU: processor(),
		Cores: runtime.NumCPU(), Features: cpuid.CPU.FeatureSet(), MemoryBytes: memory(),
		Cupel: version.Cupel(), Go: runtime.Version(), Tools: map[string]string{},
	}
	if cpuid.CPU.VM() {
		environment.Hypervisor = cpuid.CPU.HypervisorVendorString
	}
	environment.Kernel, environment.Platform = kernel()
	environment.Boot, environment.CupelSHA256 = Boot(), Program()
	for name, arguments := range tools {
		if line := firstLine(ctx, name, arguments...); line != "" {
			environment.Tools[name] = line
		}
	}
	return environment
}

// Boot returns a digest that differs between two starts of the machine. It is empty
// where the kernel has no boot id. It is a digest, because other programs may use the
// id and a bundle must not publish it.
func Boot() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(append([]byte("cupel boot "), bytes.TrimSpace(id)...))
	return hex.EncodeToString(sum[:])
}

// Program returns the digest of the running program, or nothing where its file cannot
// be read.
func Program() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return ""
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func memory() uint64 {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return 0
	}
	info, err := proc.Meminfo()
	if err != nil || info.MemTotalBytes == nil {
		return 0
	}
	return *info.MemTotalBytes
}

func distribution() string {
	file, err := os.Open("/etc/os-release")
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "PRETTY_NAME="); ok {
			return strings.Trim(name, `"`)
		}
	}
	return ""
}

// firstLine returns the first line that a program prints. It returns nothing where the
// program is absent, fails, or takes too long.
func firstLine(ctx context.Context, name string, arguments ...string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	output, err := exec.CommandContext(ctx, path, arguments...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return line
}
