package observe

// This file reads the topology of the CPUs on Linux: cores, hardware threads, NUMA
// nodes.

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cupel/internal/evidence"
)

// ReadTopology describes the CPUs and says which of them the calling thread may use, so
// call it before pinning. An unknown property gets a neutral value: node 0, no
// siblings, no frequency. ReadTopology reads five files for each CPU, which takes about
// 0.1 ms.
func ReadTopology() (evidence.Topology, error) {
	allowed, err := AllowedCPUs()
	if err != nil {
		return evidence.Topology{}, fmt.Errorf("topology: %w", err)
	}
	return topology(live, allowed)
}

func topology(t tree, allowed []int) (evidence.Topology, error) {
	described := evidence.Topology{Allowed: allowed}
	online, err := parseCPUList(line(t.path("sys/devices/system/cpu/online")))
	if err != nil {
		return described, fmt.Errorf("topology: online CPUs: %w", err)
	}
	nodes := numaNodes(t)
	for _, cpu := range online {
		described.CPUs = append(described.CPUs, logicalCPU(t, cpu, nodes[cpu]))
	}
	return described, nil
}

// logicalCPU reads a CPU's files itself, because procfs/sysfs would add another module.
func logicalCPU(t tree, cpu, node int) evidence.LogicalCPU {
	described := evidence.LogicalCPU{Number: cpu, Node: node, Siblings: []int{cpu}}
	core, _ := number(t.cpu(cpu, "topology/core_id"))
	socket, _ := number(t.cpu(cpu, "topology/physical_package_id"))
	described.Core, described.Package = int(core), int(socket)
	siblings, err := parseCPUList(line(t.cpu(cpu, "topology/thread_siblings_list")))
	if err == nil && slices.Contains(siblings, cpu) {
		described.Siblings = siblings
	}
	if kilohertz, ok := number(t.cpu(cpu, "cpufreq/cpuinfo_max_freq")); ok {
		described.MaximumHertz = kilohertz * 1000
	}
	if capacity, ok := number(t.cpu(cpu, "cpu_capacity")); ok {
		described.Capacity = int(capacity)
	}
	return described
}

// numaNodes returns the NUMA node of each CPU.
func numaNodes(t tree) map[int]int {
	nodes := map[int]int{}
	folders, _ := filepath.Glob(t.path("sys/devices/system/node/node[0-9]*"))
	for _, folder := range folders {
		node, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(folder), "node"))
		if err != nil {
			continue
		}
		cpus, err := parseCPUList(line(filepath.Join(folder, "cpulist")))
		if err != nil {
			continue
		}
		for _, cpu := range cpus {
			nodes[cpu] = node
		}
	}
	return nodes
}
