package audit

// This file follows a run through its sessions: one that was killed or interrupted
// and gone on with has a nonce for each of them, and a replicate that was broken off.

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"cupel/internal/draw"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// byElapsed are the rows of a ledger with the time since the run began. Ledgers from
// before that was kept have the wall clock's.
func byElapsed(ledger []evidence.LedgerRow) []evidence.LedgerRow {
	kept := slices.ContainsFunc(ledger, func(row evidence.LedgerRow) bool { return row.ElapsedNanoseconds != 0 })
	if kept || len(ledger) == 0 {
		return ledger
	}
	rows := slices.Clone(ledger)
	for i := range rows {
		rows[i].ElapsedNanoseconds = rows[i].Time.Sub(rows[0].Time).Nanoseconds()
	}
	return rows
}

// measuredUntil is how long the run measured until a row of its ledger.
func (c *Case) measuredUntil(sequence int) time.Duration {
	rows := c.Whole.Ledger
	last := slices.IndexFunc(rows, func(row evidence.LedgerRow) bool { return row.Sequence == sequence })
	return evidence.Measured(rows[:last+1])
}

// gatherSessions finds which session each replicate was made in, and which were the
// last of one that did not end by its rule.
func (c *Case) gatherSessions() error {
	if c.sessions = c.Whole.Sessions(); len(c.sessions) > maxSessions {
		return fmt.Errorf("bundle: %s: %d sessions; at most %d are read", evidence.LedgerFile, len(c.sessions), maxSessions)
	}
	c.sessionOf, c.cutShort = map[int]int{}, map[int]bool{}
	last := map[int]int{}
	for _, launch := range c.Launches {
		at := c.sessionAt(launch.Number)
		c.sessionOf[launch.Replicate] = at
		if !launch.Preview {
			last[at] = max(last[at], launch.Replicate)
		}
	}
	for at, replicate := range last {
		if c.sessions[at].Broken || c.sessions[at].Interrupted {
			c.cutShort[replicate] = true
		}
	}
	return nil
}

// maxSessions bounds how often a run is gone on with.
const maxSessions = 1 << 10

// sessionAt is the place of the session that made a launch.
func (c *Case) sessionAt(launch int) int {
	at := len(c.sessions) - 1
	for at > 0 && c.sessions[at].FirstLaunch > launch {
		at--
	}
	return at
}

// nonceIn is what a replicate's rows and order were drawn from, and false where that
// was never told. A cell has one of its own.
func (c *Case) nonceIn(replicate int) (string, bool) {
	nonce := c.sessions[c.sessionOf[replicate]].Nonce
	return draw.ForCell(nonce, c.Bundle.CellName()), nonce != ""
}

// nonceMissing is the session whose nonce was never told, nil where all were.
func (c *Case) nonceMissing() *ruling {
	at := slices.IndexFunc(c.sessions, func(s evidence.Session) bool { return s.Nonce == "" })
	switch {
	case at < 0:
		return nil
	case len(c.sessions) == 1:
		r := skips("the run's nonce, which an interrupted run never tells")
		return &r
	default:
		r := skips("the nonce of session %d of %d, which was lost with its process", at+1, len(c.sessions))
		return &r
	}
}

// unended reports whether a launch did not come to an end of its own.
func (l *Launch) unended() bool {
	return l.Ended != nil && (l.Ended.Outcome == evidence.Lost || l.Ended.Outcome == evidence.Interrupted)
}

// unendedFor says which launch is said to have been broken off where no session was.
func (c *Case) unendedFor() *Launch {
	for _, launch := range c.Launches {
		session := c.sessions[c.sessionAt(launch.Number)]
		if launch.unended() && !session.Broken && !session.Interrupted {
			return launch
		}
	}
	return nil
}

// replicates are the launches of each replicate that enters figures.
func (c *Case) replicates() map[int][]*Launch {
	replicates := map[int][]*Launch{}
	for _, launch := range c.Launches {
		if !launch.Preview {
			replicates[launch.Replicate] = append(replicates[launch.Replicate], launch)
		}
	}
	return replicates
}

// wholeReplicate reports whether a run counts a replicate: a launch that did not come
// to an end of its own breaks it off.
func wholeReplicate(launches []*Launch) bool {
	return len(launches) > 0 && !slices.ContainsFunc(launches, (*Launch).unended)
}

// countingSamples are the samples of a replicate's launches that count.
func countingSamples(launches []*Launch) estimate.Replicate {
	replicate := estimate.Replicate{}
	for _, launch := range launches {
		if launch.Finished() && launch.Role == "" {
			replicate[launch.Contender] = launch.Samples.Bursts
		}
	}
	return replicate
}

// dueIn are the contenders that a replicate which was broken off was to have, in the
// order in which a run has them before it draws one.
func (c *Case) dueIn(replicate int) []string {
	var progress estimate.Progress
	whole, replicates := 0, c.replicates()
	for _, number := range slices.Sorted(maps.Keys(replicates)) {
		if number >= replicate {
			break
		}
		progress.Add(countingSamples(replicates[number]))
		if wholeReplicate(replicates[number]) {
			whole++
		}
	}
	left := c.startable(replicates[replicate][0])
	if whole >= c.Bundle.Plan.Launches {
		wanted := progress.Imprecise(c.Bundle.Plan, c.outBefore(replicates[replicate][0].Started))
		left = slices.DeleteFunc(left, func(name string) bool { return !slices.Contains(wanted, name) })
	}
	return c.inHarnessOrder(left)
}

// startable are the contenders that can be had and were not excluded before a launch.
func (c *Case) startable(before *Launch) []string {
	out := c.outBefore(before.Started)
	var names []string
	for _, contender := range c.Contenders {
		if !out[contender.Name] {
			names = append(names, contender.Name)
		}
	}
	return names
}

// outBefore are the contenders that could not be had, or that the ledger had excluded
// by a row; where there is none, only the former.
func (c *Case) outBefore(started *evidence.LedgerRow) map[string]bool {
	out := map[string]bool{}
	for _, row := range c.Bundle.Ledger {
		if row.Event == evidence.EventUnavailable || row.Event == evidence.EventExcluded && started != nil && row.Sequence < started.Sequence {
			out[row.Contender] = true
		}
	}
	return out
}

// companions are the names of a plan's canonical runners and control copies.
func companions(plan suite.Plan) []string {
	var names []string
	for _, name := range plan.Contenders {
		names = append(names, suite.CanonicalName(name))
	}
	for _, name := range plan.Control {
		names = append(names, suite.ControlName(name))
	}
	return names
}
