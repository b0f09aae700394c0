package observe

// This file chooses the CPUs for harness and contender.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"cupel/internal/evidence"
)

// sameTypeShare is the share of the fastest core's speed from which a core counts as
// the same type. Cores of one type differ by a few percent, since some are allowed a
// higher turbo. The slower types of hybrid processors have at most 85%.
const sameTypeShare = 0.9

// severalNodes is the node number of a placement that spans several nodes.
const severalNodes = -1

// physicalCore is a core with its allowed hardware threads.
type physicalCore struct {
	node int
	// fast says that the core is of the machine's fastest type.
	fast bool
	// cpus is ascending and not empty.
	cpus []int
}

// ChooseCores chooses CPUs for a contender of at least one thread, and for the harness.
// Its wishes, most important first:
//
//  1. a physical core for each thread, and another for the harness;
//  2. cores of the fastest type for the contender;
//  3. one NUMA node for the contender;
//  4. one NUMA node for contender and harness together;
//  5. a contender without CPU 0, which gets most interrupts.
//
// Where there are too few cores, harness and contender share cores, and Reason says so.
// Where at most one CPU is allowed, nothing is pinned.
func ChooseCores(topology evidence.Topology, threads int) evidence.Placement {
	threads = max(threads, 1)
	cores := physicalCores(topology)
	if total := countCPUs(cores); total <= 1 {
		return evidence.Placement{Shared: true, Node: severalNodes, Reason: fmt.Sprintf("%s may be used, so nothing is pinned", quantity(total, "CPU"))}
	} else if threads >= total {
		return evidence.Placement{Shared: true, Node: severalNodes, Reason: fmt.Sprintf("%s for the contender leave none of %s for the harness, so nothing is pinned", quantity(threads, "thread"), quantity(total, "CPU"))}
	}
	if threads >= len(cores) {
		return shareCores(cores, threads)
	}
	return separateCores(cores, threads)
}

// physicalCores groups the allowed CPUs by core, the best for a contender first.
func physicalCores(topology evidence.Topology) []physicalCore {
	described := map[int]evidence.LogicalCPU{}
	var fastest float64
	for _, cpu := range topology.CPUs {
		described[cpu.Number] = cpu
		if slices.Contains(topology.Allowed, cpu.Number) {
			fastest = max(fastest, speed(cpu))
		}
	}
	byFirst := map[int]*physicalCore{}
	var firsts []int
	for _, number := range topology.Allowed {
		cpu, known := described[number]
		if !known {
			cpu = evidence.LogicalCPU{Number: number}
		}
		first := slices.Min(append([]int{number}, cpu.Siblings...))
		if byFirst[first] == nil {
			byFirst[first] = &physicalCore{node: cpu.Node, fast: speed(cpu) >= sameTypeShare*fastest}
			firsts = append(firsts, first)
		}
		byFirst[first].cpus = append(byFirst[first].cpus, number)
	}
	var cores []physicalCore
	for _, first := range firsts {
		slices.Sort(byFirst[first].cpus)
		cores = append(cores, *byFirst[first])
	}
	slices.SortFunc(cores, byPreference)
	return cores
}

func byPreference(a, b physicalCore) int {
	return cmp.Or(
		-compareBool(a.fast, b.fast),
		compareBool(a.interrupted(), b.interrupted()),
		cmp.Compare(a.cpus[0], b.cpus[0]),
	)
}

// interrupted says that the core gets most of the interrupts.
func (c physicalCore) interrupted() bool { return c.cpus[0] == 0 }

// speed returns a figure for comparing the CPUs of one machine. The kernel gives it for
// all CPUs or for none.
func speed(cpu evidence.LogicalCPU) float64 {
	if cpu.Capacity > 0 {
		return float64(cpu.Capacity)
	}
	return float64(cpu.MaximumHertz)
}

// separateCores places a contender where there is a core for each of its threads and
// one more.
func separateCores(cores []physicalCore, threads int) evidence.Placement {
	contender := contenderCores(cores, threads)
	rest := without(cores, contender)
	node := commonNode(contender)
	harness := rest[0]
	if near := slices.IndexFunc(rest, func(core physicalCore) bool { return core.node == node }); near >= 0 {
		harness = rest[near]
	}
	placement := evidence.Placement{Harness: harness.cpus[:1], Contender: firstCPUs(contender), Node: node}
	placement.Reason = fmt.Sprintf("%s for the contender and another for the harness", quantity(threads, "physical core"))
	switch {
	case node == severalNodes:
		placement.Reason += ", on several NUMA nodes, since none has enough"
	case harness.node != node:
		placement.Reason += fmt.Sprintf(", which is on another NUMA node, since node %d has no more", node)
	}
	if mixed(contender) {
		placement.Reason += "; the contender's cores differ in speed, since too few are of the fastest type"
	}
	return placement
}

// contenderCores chooses a core for each thread. All are on the best node, or on
// several nodes where no node has enough cores.
func contenderCores(cores []physicalCore, threads int) []physicalCore {
	byNode := map[int][]physicalCore{}
	for _, core := range cores {
		byNode[core.node] = append(byNode[core.node], core)
	}
	var best []physicalCore
	var bestRank []bool
	for _, node := range slices.Sorted(maps.Keys(byNode)) {
		there := byNode[node]
		if len(there) < threads {
			continue
		}
		chosen := there[:threads]
		rank := []bool{allFast(chosen), len(there) > threads, !slices.ContainsFunc(chosen, physicalCore.interrupted)}
		if best == nil || slices.CompareFunc(rank, bestRank, compareBool) > 0 {
			best, bestRank = chosen, rank
		}
	}
	if best != nil {
		return best
	}
	nodeByNode := slices.Clone(cores)
	slices.SortStableFunc(nodeByNode, func(a, b physicalCore) int {
		return cmp.Or(-compareBool(a.fast, b.fast), cmp.Compare(a.node, b.node))
	})
	return nodeByNode[:threads]
}

// shareCores places a contender where no physical core is left for the harness, but a
// hardware thread is.
func shareCores(cores []physicalCore, threads int) evidence.Placement {
	var inTurn []int
	// The second thread of a core is used only after the first thread of every core.
	for turn := 0; len(inTurn) < countCPUs(cores); turn++ {
		for _, core := range cores {
			// The last hardware thread of a core is used first, so that CPU 0 is used
			// last.
			if at := len(core.cpus) - 1 - turn; at >= 0 {
				inTurn = append(inTurn, core.cpus[at])
			}
		}
	}
	contender := slices.Sorted(slices.Values(inTurn[:threads]))
	reason := fmt.Sprintf("%s for %s of the contender and the harness, so the harness shares a physical core with the contender, on a hardware thread of its own",
		quantity(len(cores), "physical core"), quantity(threads, "thread"))
	return evidence.Placement{
		Harness: inTurn[len(inTurn)-1:], Contender: contender, Shared: true, Node: commonNode(cores), Reason: reason,
	}
}

func commonNode(cores []physicalCore) int {
	for _, core := range cores {
		if core.node != cores[0].node {
			return severalNodes
		}
	}
	return cores[0].node
}

func without(cores, taken []physicalCore) []physicalCore {
	return slices.DeleteFunc(slices.Clone(cores), func(core physicalCore) bool {
		return slices.ContainsFunc(taken, func(other physicalCore) bool { return other.cpus[0] == core.cpus[0] })
	})
}

// firstCPUs returns one hardware thread of each core, ascending.
func firstCPUs(cores []physicalCore) []int {
	var cpus []int
	for _, core := range cores {
		cpus = append(cpus, core.cpus[0])
	}
	slices.Sort(cpus)
	return cpus
}

func countCPUs(cores []physicalCore) int {
	total := 0
	for _, core := range cores {
		total += len(core.cpus)
	}
	return total
}

func allFast(cores []physicalCore) bool {
	return !slices.ContainsFunc(cores, func(core physicalCore) bool { return !core.fast })
}

func mixed(cores []physicalCore) bool {
	return !allFast(cores) && slices.ContainsFunc(cores, func(core physicalCore) bool { return core.fast })
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// quantity formats a count with its noun, in the singular or plural.
func quantity(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}
