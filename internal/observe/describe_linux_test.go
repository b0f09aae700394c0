package observe

// This file tests the description of a machine, on fixtures and on this machine.

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/evidence"
)

// describedFixture is a fixture of a machine, with the given files added.
func describedFixture(t *testing.T, more map[string]string) tree {
	files := map[string]string{"proc/7/comm": "cupel\n"}
	for name, content := range more {
		files[name] = content
	}
	root := fixture(t, files)
	if err := os.Symlink("7", root.path("proc/self")); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestDescribeAFixture(t *testing.T) {
	const cpu = "sys/devices/system/cpu/"
	got := describe(describedFixture(t, map[string]string{
		"proc/7/cgroup":                                                   "0::/batch/job\n",
		"proc/sys/kernel/randomize_va_space":                              "2\n",
		"sys/fs/cgroup/batch/job/cpu.max":                                 "max 100000\n",
		"sys/fs/cgroup/batch/cpu.max":                                     "150000 100000\n",
		"sys/fs/cgroup/cpu.max":                                           "400000 100000\n",
		cpu + "online":                                                    "0-1\n",
		cpu + "isolated":                                                  "1\n",
		cpu + "nohz_full":                                                 "(null)\n",
		cpu + "smt/control":                                               "off\n",
		cpu + "intel_pstate/no_turbo":                                     "1\n",
		cpu + "cpu0/cpufreq/scaling_governor":                             "powersave\n",
		cpu + "cpu1/cpufreq/scaling_governor":                             "performance\n",
		cpu + "cpu2/cpufreq/scaling_governor":                             "performance\n",
		cpu + "cpu0/cache/index0/level":                                   "1\n",
		cpu + "cpu0/cache/index0/type":                                    "Data\n",
		cpu + "cpu0/cache/index0/size":                                    "48K\n",
		cpu + "cpu0/cache/index0/coherency_line_size":                     "64\n",
		cpu + "cpu0/cache/index0/shared_cpu_list":                         "0\n",
		cpu + "cpu0/cache/index3/level":                                   "3\n",
		cpu + "cpu0/cache/index3/type":                                    "Unified\n",
		cpu + "cpu0/cache/index3/size":                                    "32M\n",
		cpu + "cpu0/cache/index3/coherency_line_size":                     "64\n",
		cpu + "cpu0/cache/index3/shared_cpu_list":                         "0-7\n",
		"sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
		"sys/kernel/mm/transparent_hugepage/enabled":                      "always [madvise] never\n",
	}), []int{0})
	randomization, quota := 2, 1.5
	want := evidence.MachineDescription{
		Topology: evidence.Topology{Allowed: []int{0}, CPUs: []evidence.LogicalCPU{
			{Number: 0, Siblings: []int{0}}, {Number: 1, Siblings: []int{1}}}},
		Governors: []string{"performance", "powersave"}, Turbo: "off", HardwareThreads: "off",
		IsolatedCPUs: []int{1}, Clocksource: "tsc", AddressSpaceRandomization: &randomization,
		TransparentHugePages: "madvise", CPUQuota: &quota,
		Caches: []evidence.Cache{
			{Level: 1, Kind: "Data", Bytes: 48 << 10, LineBytes: 64, SharedBy: 1},
			{Level: 3, Kind: "Unified", Bytes: 32 << 20, LineBytes: 64, SharedBy: 8},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

func TestWhatIsHiddenIsEmpty(t *testing.T) {
	got := describe(describedFixture(t, nil), nil)
	if diff := cmp.Diff(evidence.MachineDescription{}, got); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

func TestQuotaAndTurboInOtherPlaces(t *testing.T) {
	got := describe(describedFixture(t, map[string]string{
		"proc/7/cgroup": "3:cpuset:/\n2:cpu,cpuacct:/docker/1\n0::/\n",
		"sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us":  "50000\n",
		"sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us": "100000\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":           "-1\n",
		"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":          "100000\n",
		"sys/devices/system/cpu/cpufreq/boost":                 "1\n",
	}), nil)
	if got.CPUQuota == nil || *got.CPUQuota != 0.5 || got.Turbo != "on" {
		t.Errorf("description %+v", got)
	}
}

func TestDescribeThisMachine(t *testing.T) {
	described := Describe()
	if len(described.Topology.Allowed) == 0 {
		t.Errorf("description %+v", described)
	}
	t.Logf("%+v", described)
}

func BenchmarkDescribe(b *testing.B) {
	for b.Loop() {
		Describe()
	}
}
