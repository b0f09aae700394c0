package observe

// This file tests the topology of CPUs, on fixtures and on this machine.

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/evidence"
)

func TestTopologyOfAFixture(t *testing.T) {
	root := fixture(t, map[string]string{
		"sys/devices/system/cpu/online":                             "0-2\n",
		"sys/devices/system/cpu/cpu0/topology/core_id":              "0\n",
		"sys/devices/system/cpu/cpu0/topology/physical_package_id":  "0\n",
		"sys/devices/system/cpu/cpu0/topology/thread_siblings_list": "0,2\n",
		"sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq":      "4700000\n",
		"sys/devices/system/cpu/cpu1/topology/core_id":              "4\n",
		"sys/devices/system/cpu/cpu1/topology/physical_package_id":  "1\n",
		"sys/devices/system/cpu/cpu1/topology/thread_siblings_list": "1\n",
		"sys/devices/system/cpu/cpu1/cpu_capacity":                  "512\n",
		"sys/devices/system/cpu/cpu3/online":                        "0\n",
		"sys/devices/system/node/node0/cpulist":                     "0,2\n",
		"sys/devices/system/node/node1/cpulist":                     "1,3\n",
	})
	got, err := topology(root, []int{0, 1})
	if err != nil {
		t.Fatal(err)
	}
	want := evidence.Topology{Allowed: []int{0, 1}, CPUs: []evidence.LogicalCPU{
		{Number: 0, Siblings: []int{0, 2}, MaximumHertz: 4_700_000_000},
		{Number: 1, Core: 4, Package: 1, Node: 1, Siblings: []int{1}, Capacity: 512},
		{Number: 2, Siblings: []int{2}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("topology (-want +got):\n%s", diff)
	}
}

func TestTopologyOfABrokenFixture(t *testing.T) {
	root := fixture(t, map[string]string{"sys/devices/system/cpu/online": "all of them\n"})
	if _, err := topology(root, []int{0}); err == nil {
		t.Error("no error")
	}
}

func TestTopologyOfThisMachine(t *testing.T) {
	described, err := ReadTopology()
	if err != nil {
		t.Fatal(err)
	}
	if len(described.Allowed) == 0 {
		t.Fatal("no CPU is allowed, so nothing could have asked")
	}
	for _, cpu := range described.CPUs {
		if !slices.Contains(cpu.Siblings, cpu.Number) {
			t.Errorf("CPU %d is not among its own siblings %v", cpu.Number, cpu.Siblings)
		}
	}
	placement := ChooseCores(described, 1)
	for _, cpu := range slices.Concat(placement.Harness, placement.Contender) {
		if !slices.Contains(described.Allowed, cpu) {
			t.Errorf("CPU %d was chosen and is not allowed", cpu)
		}
	}
	if placement.Reason == "" {
		t.Error("no reason")
	}
}
