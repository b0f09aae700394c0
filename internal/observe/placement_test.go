package observe

// This file tests the choice of cores on many kinds of machines.

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cupel/internal/evidence"
)

// machine describes a machine by its physical cores.
func machine(cores ...[]evidence.LogicalCPU) evidence.Topology {
	var topology evidence.Topology
	for number, core := range cores {
		var siblings []int
		for _, cpu := range core {
			siblings = append(siblings, cpu.Number)
		}
		for _, cpu := range core {
			cpu.Core, cpu.Siblings = number, siblings
			topology.CPUs = append(topology.CPUs, cpu)
			topology.Allowed = append(topology.Allowed, cpu.Number)
		}
	}
	return topology
}

// core is a core with the given hardware threads.
func core(cpus ...int) []evidence.LogicalCPU {
	var threads []evidence.LogicalCPU
	for _, cpu := range cpus {
		threads = append(threads, evidence.LogicalCPU{Number: cpu})
	}
	return threads
}

func onNode(node int, core []evidence.LogicalCPU) []evidence.LogicalCPU {
	for i := range core {
		core[i].Node = node
	}
	return core
}

func withCapacity(capacity int, core []evidence.LogicalCPU) []evidence.LogicalCPU {
	for i := range core {
		core[i].Capacity = capacity
	}
	return core
}

func withGigahertz(gigahertz float64, core []evidence.LogicalCPU) []evidence.LogicalCPU {
	for i := range core {
		core[i].MaximumHertz = int64(gigahertz * 1e9)
	}
	return core
}

func allowing(topology evidence.Topology, cpus ...int) evidence.Topology {
	topology.Allowed = cpus
	return topology
}

func TestChooseCores(t *testing.T) {
	fourCores := func() evidence.Topology { return machine(core(0, 4), core(1, 5), core(2, 6), core(3, 7)) }
	twoSockets := func() evidence.Topology {
		return machine(
			onNode(0, core(0, 8)), onNode(0, core(1, 9)), onNode(0, core(2, 10)), onNode(0, core(3, 11)),
			onNode(1, core(4, 12)), onNode(1, core(5, 13)), onNode(1, core(6, 14)), onNode(1, core(7, 15)))
	}
	hybrid := func() evidence.Topology {
		return machine(
			withGigahertz(5.0, core(0, 1)), withGigahertz(5.2, core(2, 3)), withGigahertz(5.0, core(4, 5)),
			withGigahertz(3.8, core(6)), withGigahertz(3.8, core(7)), withGigahertz(3.8, core(8)), withGigahertz(3.8, core(9)))
	}
	for _, test := range []struct {
		name     string
		topology evidence.Topology
		threads  int
		want     evidence.Placement
	}{
		{"nothing known", evidence.Topology{}, 1,
			evidence.Placement{Shared: true, Node: -1, Reason: "0 CPUs may be used"}},
		{"1 CPU", machine(core(0)), 1,
			evidence.Placement{Shared: true, Node: -1, Reason: "1 CPU may be used, so nothing is pinned"}},
		{"2 CPUs", machine(core(0), core(1)), 1,
			evidence.Placement{Harness: []int{0}, Contender: []int{1}, Reason: "1 physical core for the contender and another"}},
		{"2 CPUs, no thread asked for", machine(core(0), core(1)), 0,
			evidence.Placement{Harness: []int{0}, Contender: []int{1}, Reason: "1 physical core"}},
		{"2 CPUs, 2 threads", machine(core(0), core(1)), 2,
			evidence.Placement{Shared: true, Node: -1, Reason: "2 threads for the contender leave none of 2 CPUs for the harness"}},
		{"2 CPUs that nothing describes", evidence.Topology{Allowed: []int{0, 1}}, 1,
			evidence.Placement{Harness: []int{0}, Contender: []int{1}, Reason: "1 physical core"}},
		{"2 CPUs that are siblings", machine(core(0, 1)), 1,
			evidence.Placement{Harness: []int{0}, Contender: []int{1}, Shared: true, Reason: "1 physical core for 1 thread of the contender and the harness, so"}},
		{"4 cores, 1 thread", fourCores(), 1,
			evidence.Placement{Harness: []int{2}, Contender: []int{1}, Reason: "1 physical core for"}},
		{"4 cores, 3 threads", fourCores(), 3,
			evidence.Placement{Harness: []int{0}, Contender: []int{1, 2, 3}, Reason: "3 physical cores for"}},
		{"4 cores, 4 threads", fourCores(), 4,
			evidence.Placement{Harness: []int{0}, Contender: []int{4, 5, 6, 7}, Shared: true, Reason: "4 physical cores for 4 threads"}},
		{"4 cores, 6 threads", fourCores(), 6,
			evidence.Placement{Harness: []int{0}, Contender: []int{1, 2, 4, 5, 6, 7}, Shared: true, Reason: "4 physical cores for 6 threads"}},
		{"4 cores, 8 threads", fourCores(), 8,
			evidence.Placement{Shared: true, Node: -1, Reason: "8 threads for the contender leave none"}},
		{"two sockets, 1 thread", twoSockets(), 1,
			evidence.Placement{Harness: []int{2}, Contender: []int{1}, Reason: "1 physical core for"}},
		{"two sockets, 4 threads: node 0 has none left for the harness, and CPU 0", twoSockets(), 4,
			evidence.Placement{Harness: []int{1}, Contender: []int{4, 5, 6, 7}, Node: 1, Reason: "4 physical cores for the contender and another for the harness, which is on another NUMA node, since node 1 has no more"}},
		{"two sockets, 5 threads: no node has enough", twoSockets(), 5,
			evidence.Placement{Harness: []int{5}, Contender: []int{0, 1, 2, 3, 4}, Node: -1, Reason: "5 physical cores for the contender and another for the harness, on several NUMA nodes"}},
		{"affinity leaves CPUs of one socket", allowing(twoSockets(), 5, 6, 13, 14), 1,
			evidence.Placement{Harness: []int{6}, Contender: []int{5}, Node: 1, Reason: "1 physical core for"}},
		{"affinity leaves one core's siblings", allowing(fourCores(), 2, 6), 1,
			evidence.Placement{Harness: []int{2}, Contender: []int{6}, Shared: true, Reason: "1 physical core for"}},
		{"affinity leaves second hardware threads", allowing(fourCores(), 4, 7), 1,
			evidence.Placement{Harness: []int{7}, Contender: []int{4}, Reason: "1 physical core for"}},
		{"affinity leaves one CPU", allowing(fourCores(), 3), 1,
			evidence.Placement{Shared: true, Node: -1, Reason: "1 CPU may be used"}},
		{"affinity leaves a core on each node", allowing(twoSockets(), 0, 4), 1,
			evidence.Placement{Harness: []int{0}, Contender: []int{4}, Node: 1, Reason: "1 physical core for the contender and another for the harness, which is on another NUMA node"}},
		{"hybrid, 1 thread", hybrid(), 1,
			evidence.Placement{Harness: []int{4}, Contender: []int{2}, Reason: "1 physical core for"}},
		{"hybrid, 3 threads: CPU 0 before a slow core", hybrid(), 3,
			evidence.Placement{Harness: []int{6}, Contender: []int{0, 2, 4}, Reason: "3 physical cores for"}},
		{"hybrid, 5 threads", hybrid(), 5,
			evidence.Placement{Harness: []int{8}, Contender: []int{0, 2, 4, 6, 7}, Reason: "5 physical cores for the contender and another for the harness; the contender's cores differ in speed"}},
		{"hybrid of which slow cores are allowed", allowing(hybrid(), 6, 7, 8, 9), 2,
			evidence.Placement{Harness: []int{8}, Contender: []int{6, 7}, Reason: "2 physical cores for"}},
		{"hybrid by capacity, slow cores first", machine(
			withCapacity(400, core(0)), withCapacity(400, core(1)), withCapacity(1024, core(2)), withCapacity(1024, core(3))), 1,
			evidence.Placement{Harness: []int{3}, Contender: []int{2}, Reason: "1 physical core for"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ChooseCores(test.topology, test.threads)
			if !strings.HasPrefix(got.Reason, test.want.Reason) {
				t.Errorf("reason %q, want it to begin %q", got.Reason, test.want.Reason)
			}
			got.Reason = test.want.Reason
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("placement (-want +got):\n%s", diff)
			}
		})
	}
}
