package observe

// This file describes the hardware and the settings of the machine on Linux.

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"

	"cupel/internal/evidence"
)

// Describe describes the machine's hardware and settings, as far as this process can
// see them. The allowed CPUs are those of the calling thread, so call it before
// pinning. It costs about 1 ms.
func Describe() evidence.MachineDescription {
	allowed, err := AllowedCPUs()
	if err != nil {
		return evidence.MachineDescription{}
	}
	described := describe(live, allowed)
	if len(described.Caches) == 0 {
		described.Caches = cachesByInstruction()
	}
	return described
}

func describe(t tree, allowed []int) evidence.MachineDescription {
	const cpus = "sys/devices/system/cpu"
	described := evidence.MachineDescription{
		Governors:            governors(t),
		Turbo:                turbo(t),
		HardwareThreads:      line(t.path(cpus, "smt/control")),
		Clocksource:          line(t.path("sys/devices/system/clocksource/clocksource0/current_clocksource")),
		TransparentHugePages: chosen(line(t.path("sys/kernel/mm/transparent_hugepage/enabled"))),
		CPUQuota:             cpuQuota(t),
		Caches:               caches(t),
	}
	described.Topology, _ = topology(t, allowed)
	described.IsolatedCPUs, _ = parseCPUList(line(t.path(cpus, "isolated")))
	// A kernel with no such CPUs writes "(null)" there.
	described.TicklessCPUs, _ = parseCPUList(line(t.path(cpus, "nohz_full")))
	if randomization, ok := number(t.path("proc/sys/kernel/randomize_va_space")); ok {
		kind := int(randomization)
		described.AddressSpaceRandomization = &kind
	}
	return described
}

func governors(t tree) []string {
	files, _ := filepath.Glob(t.path("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor"))
	var found []string
	for _, file := range files {
		if governor := line(file); governor != "" {
			found = append(found, governor)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// turbo asks the two places where drivers report it. One reports "off", the other "on".
func turbo(t tree) string {
	if off, ok := number(t.path("sys/devices/system/cpu/intel_pstate/no_turbo")); ok {
		return onOff(off == 0)
	}
	if on, ok := number(t.path("sys/devices/system/cpu/cpufreq/boost")); ok {
		return onOff(on != 0)
	}
	return ""
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// chosen returns the word in brackets. The kernel marks the current choice this way.
func chosen(choices string) string {
	_, after, _ := strings.Cut(choices, "[")
	word, _, _ := strings.Cut(after, "]")
	return word
}

// caches lists the caches of the first CPU that describes any.
func caches(t tree) []evidence.Cache {
	var found []evidence.Cache
	folders, _ := filepath.Glob(t.cpu(0, "cache/index[0-9]*"))
	for _, folder := range folders {
		level, ok := number(filepath.Join(folder, "level"))
		if !ok {
			continue
		}
		lineBytes, _ := number(filepath.Join(folder, "coherency_line_size"))
		sharing, _ := parseCPUList(line(filepath.Join(folder, "shared_cpu_list")))
		found = append(found, evidence.Cache{
			Level: int(level), Kind: line(filepath.Join(folder, "type")),
			Bytes: sizeInBytes(line(filepath.Join(folder, "size"))), LineBytes: lineBytes, SharedBy: len(sharing),
		})
	}
	slices.SortFunc(found, func(a, b evidence.Cache) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Kind, b.Kind))
	})
	return found
}

// sizeInBytes parses sizes such as 48K. It returns 0 for other text.
func sizeInBytes(text string) int64 {
	digits := strings.TrimRight(text, "KM")
	size, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	switch strings.TrimPrefix(text, digits) {
	case "K":
		return size << 10
	case "M":
		return size << 20
	default:
		return size
	}
}

// cpuQuota returns the smallest CPU limit of the process's control group and of those
// above it. A container sees the groups above its own only where the host allows it.
func cpuQuota(t tree) *float64 {
	proc, err := procfs.NewFS(t.path("proc"))
	if err != nil {
		return nil
	}
	self, err := proc.Self()
	if err != nil {
		return nil
	}
	groups, err := self.Cgroups()
	if err != nil {
		return nil
	}
	var least *float64
	for _, group := range groups {
		for path := filepath.Clean("/" + group.Path); ; path = filepath.Dir(path) {
			if quota := groupQuota(t, group, path); quota != nil && (least == nil || *quota < *least) {
				least = quota
			}
			if path == "/" {
				break
			}
		}
	}
	return least
}

// groupQuota returns the CPU limit of one control group, in the format of the
// hierarchy's version.
func groupQuota(t tree, group procfs.Cgroup, path string) *float64 {
	if group.HierarchyID == 0 {
		limit, period, _ := strings.Cut(line(t.path("sys/fs/cgroup", path, "cpu.max")), " ")
		return quotient(limit, period)
	}
	if !slices.Contains(group.Controllers, "cpu") {
		return nil
	}
	folder := t.path("sys/fs/cgroup", strings.Join(group.Controllers, ","), path)
	return quotient(line(filepath.Join(folder, "cpu.cfs_quota_us")), line(filepath.Join(folder, "cpu.cfs_period_us")))
}

// quotient divides limit by period. It returns nil where there is no limit: "max" or
// -1.
func quotient(limit, period string) *float64 {
	microseconds, err := strconv.ParseFloat(limit, 64)
	if err != nil || microseconds <= 0 {
		return nil
	}
	of, err := strconv.ParseFloat(period, 64)
	if err != nil || of <= 0 {
		return nil
	}
	quota := microseconds / of
	return &quota
}
