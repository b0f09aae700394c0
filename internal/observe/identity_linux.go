package observe

// This file identifies machines, processors and clocks on Linux.

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

// Identify returns a digest that identifies this machine and does not reveal its id.
func Identify() evidence.MachineIdentity { return identify(live) }

func identify(t tree) evidence.MachineIdentity {
	identity := evidence.MachineIdentity{BootID: line(t.path("proc/sys/kernel/random/boot_id"))}
	if id := line(t.path("etc/machine-id")); id != "" {
		// machine-id(5) forbids publishing the id. It asks for a digest with a key of
		// the application.
		identity.SHA256, identity.From = keyed(id), "machine-id"
		return identity
	}
	described := []string{line(t.path("sys/class/dmi/id/product_name")), line(t.path("sys/class/dmi/id/board_name"))}
	for _, processor := range processors(t, nil) {
		described = append(described, fmt.Sprint(processor.Number, processor.Vendor, processor.Family, processor.Model, processor.Stepping, processor.FlagsSHA256))
	}
	described = append(described, strconv.FormatInt(memoryOf(t).TotalBytes, 10))
	identity.SHA256, identity.From = keyed(strings.Join(described, "\n")), "hardware"
	return identity
}

func keyed(text string) string {
	code := hmac.New(sha256.New, []byte("cupel: one machine from another"))
	code.Write([]byte(text))
	return hex.EncodeToString(code.Sum(nil))
}

// Processors identifies CPUs by their numbers, ascending. An empty list means all CPUs.
func Processors(cpus []int) []evidence.Processor { return processors(live, cpus) }

func processors(t tree, cpus []int) []evidence.Processor {
	file, err := os.Open(t.path("proc/cpuinfo"))
	if err != nil {
		return nil
	}
	defer file.Close()
	var found []evidence.Processor
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if name == "processor" {
			number, err := strconv.Atoi(value)
			if err != nil {
				return found
			}
			found = append(found, evidence.Processor{Number: number})
		}
		if len(found) > 0 {
			describeProcessor(&found[len(found)-1], name, value)
		}
	}
	found = slices.DeleteFunc(found, func(p evidence.Processor) bool { return len(cpus) > 0 && !slices.Contains(cpus, p.Number) })
	for i := range found {
		addSettings(t, &found[i])
	}
	return found
}

// describeProcessor takes over one line of /proc/cpuinfo, whose names depend on the
// architecture.
func describeProcessor(p *evidence.Processor, name, value string) {
	switch name {
	case "vendor_id", "CPU implementer":
		p.Vendor = value
	case "cpu family", "CPU architecture":
		p.Family = value
	case "model", "CPU part":
		p.Model = value
	case "model name":
		p.Name = value
	case "stepping", "CPU revision":
		p.Stepping = value
	case "microcode":
		p.Microcode = value
	case "flags", "Features":
		sum := sha256.Sum256([]byte(value))
		p.FlagsSHA256 = hex.EncodeToString(sum[:])
	}
}

func addSettings(t tree, p *evidence.Processor) {
	p.CoreType = coreType(t, p.Number)
	p.Governor = line(t.cpu(p.Number, "cpufreq/scaling_governor"))
	if kilohertz, ok := number(t.cpu(p.Number, "cpufreq/scaling_cur_freq")); ok {
		p.Hertz = kilohertz * 1000
	}
	if kilohertz, ok := number(t.cpu(p.Number, "cpufreq/cpuinfo_max_freq")); ok {
		p.MaximumHertz = kilohertz * 1000
	}
	p.Throttles = throttles(t, p.Number)
}

// coreType looks the CPU up in the two event sources of hybrid processors.
func coreType(t tree, cpu int) string {
	for source, kind := range map[string]string{"cpu_core": "performance", "cpu_atom": "efficiency"} {
		if cpus, err := parseCPUList(line(t.path("sys/devices", source, "cpus"))); err == nil && slices.Contains(cpus, cpu) {
			return kind
		}
	}
	return ""
}

// ReadClocks reads the wall clock and the monotonic clock at the same moment.
func ReadClocks() evidence.Clocks {
	var before, wall, after unix.Timespec
	// The wall clock is read between two readings of the monotonic clock. An
	// interruption shifts the result by at most half its length.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &before)
	_ = unix.ClockGettime(unix.CLOCK_REALTIME, &wall)
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &after)
	monotonic := before.Nano() + (after.Nano()-before.Nano())/2
	return evidence.Clocks{MonotonicNanoseconds: monotonic, OffsetNanoseconds: wall.Nano() - monotonic}
}

// ReadMemory returns the machine's total, available and swapped memory, and its number
// of NUMA nodes.
func ReadMemory() evidence.Memory { return memoryOf(live) }

func memoryOf(t tree) evidence.Memory {
	text, err := os.ReadFile(t.path("proc/meminfo"))
	if err != nil {
		return evidence.Memory{}
	}
	const kibi = 1024
	counts := named(text)
	return evidence.Memory{
		TotalBytes: kibi * counts["MemTotal"], AvailableBytes: kibi * counts["MemAvailable"],
		SwappedBytes: kibi * (counts["SwapTotal"] - counts["SwapFree"]), Nodes: countNodes(t),
	}
}

func countNodes(t tree) int {
	nodes, _ := filepath.Glob(t.path("sys/devices/system/node/node[0-9]*"))
	return max(1, len(nodes))
}

// compilers lists the process names of programs that compile or link.
var compilers = []string{
	"cc1", "cc1plus", "clang", "clang++", "collect2", "as", "ld", "ld.bfd", "ld.gold", "ld.lld", "lld", "mold",
	"rustc", "cargo", "compile", "link", "asm", "nvcc", "cicc", "ptxas", "gfortran", "f951", "javac", "g++", "gcc", "ninja",
}

// Compilers returns the names of the living compilers and linkers, ascending. It costs
// about 10 us for each process of the machine.
func Compilers() []string { return compilersAlive(live) }

func compilersAlive(t tree) []string {
	var found []string
	processes, err := os.ReadDir(t.path("proc"))
	if err != nil {
		return nil
	}
	for _, process := range processes {
		id, err := strconv.Atoi(process.Name())
		if err != nil {
			continue
		}
		if name := nameOf(t, id); slices.Contains(compilers, name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
