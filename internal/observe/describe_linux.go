package observe

// This file describes how the machine is built and set up, on Linux.

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"

	"cupel/internal/evidence"
)

// Describe describes how the machine is built and set up, as far as this process
// can see it. It is to be called before anything is pinned, for the allowed CPUs
// are those of the calling thread. It costs about 1 ms.
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

// turbo asks the two places where drivers tell it, which are each other's opposite.
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

// chosen is the word in brackets, by which the kernel marks one of several.
func chosen(choices string) string {
	_, after, _ := strings.Cut(choices, "[")
	word, _, _ := strings.Cut(after, "]")
	return word
}

// caches lists those of the first CPU that has any described.
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

// sizeInBytes reads sizes such as 48K, or 0.
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

// cpuQuota is the smallest limit of the process's control group and those above
// it. A container sees those above its own only where the host lets it.
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

// groupQuota is the limit of one control group, by the hierarchy's version.
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

// quotient is nil where there is no limit: "max" or -1.
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
