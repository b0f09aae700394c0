package audit

// This file holds the ledger against itself: are all launches there, and in the order drawn.

import (
	"fmt"
	"maps"
	"slices"

	"cupel/internal/evidence"
)

// launchesComplete: numbers have no gap, and what did not finish is out by the plan's
// rule.
func (c *Case) LaunchesComplete() Ruling {
	if before, after := c.launchMissing(); before != after {
		return Fails("launch %d is followed by launch %d in the ledger", before, after)
	}
	if launch := c.unendedFor(); launch != nil {
		return Fails("launch %d of %s is said to have been %s, and no row tells that the run was broken off", launch.Number, launch.Contender, launch.Ended.Outcome)
	}
	failures, replicates := map[string]int{}, c.Replicates()
	for _, launch := range c.Launches {
		if launch.Started == nil || launch.Ended == nil {
			return Fails("launch %d of %s has no beginning or no end in the ledger", launch.Number, launch.Contender)
		}
		if launch.Ended.Outcome != evidence.Failed || launch.Preview {
			continue
		}
		if launch.Rounds() >= c.RoundsDue(launch, replicates[launch.Replicate]) && launch.Samples != nil && len(launch.Samples.Calls) == c.Bundle.Plan.Classic.Iterations && launch.probed(c) {
			return Fails("launch %d of %s is marked as failed and has all that a finished one has", launch.Number, launch.Contender)
		}
		if failures[launch.Contender]++; failures[launch.Contender] > mostFailures {
			return Fails("%s was started again after %d failed launches, which the plan's rules exclude", launch.Contender, mostFailures)
		}
	}
	missing := c.absentFromReplicates()
	if missing != "" {
		return Fails("%s", missing)
	}
	return Passes("all %d launches are in the ledger, and those that do not count are out by the plan's rules", len(c.Launches))
}

// launchMissing finds two launches whose numbers do not follow each other. Launches of
// all cells are counted together.
func (c *Case) launchMissing() (before, after int) {
	var numbers []int
	for _, row := range c.Whole.Ledger {
		if row.Event == evidence.EventStarted || row.Event == evidence.EventEnded {
			numbers = append(numbers, row.Launch)
		}
	}
	slices.Sort(numbers)
	for _, number := range slices.Compact(numbers) {
		if number != before+1 {
			return before, number
		}
		before = number
	}
	return before, before
}

// mostFailures is how many failed launches the plan's rules allow a contender.
const mostFailures = 2

// probed reports whether a launch has samples of the widest model of the probes, the
// last that it is asked about.
func (l *Launch) probed(c *Case) bool {
	widths := c.Bundle.Plan.Probes.Widths
	return len(widths) == 0 || len(l.Bursts(evidence.PhaseWidth(slices.Max(widths)))) > 0
}

// absentFromReplicates says which contender was not started in a planned replicate
// without a row that excludes it. One that was broken off may lack the last.
func (c *Case) absentFromReplicates() string {
	excluded := map[string]bool{}
	for _, row := range c.Bundle.Ledger {
		if row.Event == evidence.EventExcluded || row.Event == evidence.EventUnavailable {
			excluded[row.Contender] = true
		}
	}
	started := map[string]map[int]bool{}
	last := 0
	for _, launch := range c.Launches {
		if launch.Preview {
			continue
		}
		if started[launch.Contender] == nil {
			started[launch.Contender] = map[int]bool{}
		}
		started[launch.Contender][launch.Replicate] = true
		last = max(last, launch.Replicate)
	}
	for _, contender := range c.Contenders {
		if excluded[contender.Name] {
			continue
		}
		for replicate := 1; replicate <= min(last, c.Bundle.Plan.Launches); replicate++ {
			if !started[contender.Name][replicate] && !c.cutShort[replicate] {
				return fmt.Sprintf("replicate %d has no launch of %s, which nothing excludes", replicate, contender.Name)
			}
		}
	}
	return ""
}

// orderReplays: the order of each replicate's launches is the one that the nonce
// gives.
func (c *Case) OrderReplays() Ruling {
	if r := c.NonceKept(); r.Status == Fail {
		return r
	}
	replicates := c.Replicates()
	for _, replicate := range slices.Sorted(maps.Keys(replicates)) {
		nonce, told := c.NonceIn(replicate)
		if !told {
			continue
		}
		var started []string
		for _, launch := range replicates[replicate] {
			started = append(started, launch.Contender)
		}
		fault := orderFault(nonce, replicate, started, c.inHarnessOrder(started))
		if fault != "" && c.cutShort[replicate] {
			fault = orderFault(nonce, replicate, started, c.dueIn(replicate))
		}
		if fault != "" {
			return Fails("%s", fault)
		}
	}
	if missing := c.nonceMissing(); missing != nil {
		return *missing
	}
	return Passes("the order of launches replays from the nonce in all %d replicates", len(replicates))
}

// orderFault says which launch of a replicate was not started when the nonce has it
// start. Where fewer were started than were due, they are the first.
func orderFault(nonce string, replicate int, started, due []string) string {
	if len(started) > len(due) {
		return fmt.Sprintf("replicate %d started %d contenders where %d were due", replicate, len(started), len(due))
	}
	order := startOrder(nonce, replicate, len(due))
	for at, name := range started {
		if who := due[order[at]]; who != name {
			return fmt.Sprintf("replicate %d started %s as number %d, where the nonce gives %s", replicate, name, at+1, who)
		}
	}
	return ""
}
