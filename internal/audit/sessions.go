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

// MeasuredUntil is how long the run measured until a row of its ledger.
func (c *Case) MeasuredUntil(sequence int) time.Duration {
	rows := c.Whole.Ledger
	last := slices.IndexFunc(rows, func(row evidence.LedgerRow) bool { return row.Sequence == sequence })
	return evidence.Measured(rows[:last+1])
}

// gatherSessions finds which session each replicate was made in, and which were the
// last of one that did not end by its rule.
func (c *Case) gatherSessions() error {
	if c.Sessions = c.Whole.Sessions(); len(c.Sessions) > maxSessions {
		return fmt.Errorf("bundle: %s: %d sessions; at most %d are read", evidence.LedgerFile, len(c.Sessions), maxSessions)
	}
	c.SessionOf, c.cutShort = map[int]int{}, map[int]bool{}
	last := map[int]int{}
	for _, launch := range c.Launches {
		at := c.SessionAt(launch.Number)
		c.SessionOf[launch.Replicate] = at
		if !launch.Preview {
			last[at] = max(last[at], launch.Replicate)
		}
	}
	for at, replicate := range last {
		if c.Sessions[at].Broken || c.Sessions[at].Interrupted {
			c.cutShort[replicate] = true
		}
	}
	return nil
}

// maxSessions bounds how often a run is gone on with.
const maxSessions = 1 << 10

// SessionAt is the place of the session that made a launch.
func (c *Case) SessionAt(launch int) int {
	at := len(c.Sessions) - 1
	for at > 0 && c.Sessions[at].FirstLaunch > launch {
		at--
	}
	return at
}

// NonceIn is what a replicate's rows and order were drawn from, and false where that
// was never told. A cell has one of its own.
func (c *Case) NonceIn(replicate int) (string, bool) {
	nonce := c.Sessions[c.SessionOf[replicate]].Nonce
	return draw.ForCell(nonce, c.Bundle.CellName()), nonce != ""
}

// nonceMissing is the session whose nonce was never told, nil where all were.
func (c *Case) nonceMissing() *Ruling {
	at := slices.IndexFunc(c.Sessions, func(s evidence.Session) bool { return s.Nonce == "" })
	switch {
	case at < 0:
		return nil
	case len(c.Sessions) == 1:
		r := Skips("the run's nonce, which an interrupted run never tells")
		return &r
	default:
		r := Skips("the nonce of session %d of %d, which was lost with its process", at+1, len(c.Sessions))
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
		session := c.Sessions[c.SessionAt(launch.Number)]
		if launch.unended() && !session.Broken && !session.Interrupted {
			return launch
		}
	}
	return nil
}

// Replicates are the launches of each replicate that enters figures.
func (c *Case) Replicates() map[int][]*Launch {
	replicates := map[int][]*Launch{}
	for _, launch := range c.Launches {
		if !launch.Preview {
			replicates[launch.Replicate] = append(replicates[launch.Replicate], launch)
		}
	}
	return replicates
}

// WholeReplicate reports whether a run counts a replicate: a launch that did not come
// to an end of its own breaks it off.
func WholeReplicate(launches []*Launch) bool {
	return len(launches) > 0 && !slices.ContainsFunc(launches, (*Launch).unended)
}

// CountingSamples are the samples of a replicate's launches that count.
func CountingSamples(launches []*Launch) estimate.Replicate {
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
	whole, replicates := 0, c.Replicates()
	for _, number := range slices.Sorted(maps.Keys(replicates)) {
		if number >= replicate {
			break
		}
		progress.Add(CountingSamples(replicates[number]))
		if WholeReplicate(replicates[number]) {
			whole++
		}
	}
	left := c.startable(replicates[replicate][0])
	if whole >= c.Bundle.Plan.Launches {
		wanted := progress.Imprecise(c.Bundle.Plan, c.OutBefore(replicates[replicate][0].Started))
		left = slices.DeleteFunc(left, func(name string) bool { return !slices.Contains(wanted, name) })
	}
	return c.inHarnessOrder(left)
}

// startable are the contenders that can be had and were not excluded before a launch.
func (c *Case) startable(before *Launch) []string {
	out := c.OutBefore(before.Started)
	var names []string
	for _, contender := range c.Contenders {
		if !out[contender.Name] {
			names = append(names, contender.Name)
		}
	}
	return names
}

// OutBefore are the contenders that could not be had, or that the ledger had excluded
// by a row; where there is none, only the former.
func (c *Case) OutBefore(started *evidence.LedgerRow) map[string]bool {
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

// nonceKept: the nonce that was told at the end is the one whose digest the plan has.
func (c *Case) NonceKept() Ruling {
	for i, session := range c.Sessions {
		switch {
		case session.Nonce == "" || Digest([]byte(session.Nonce)) == session.NonceSHA256:
		case i == 0:
			return Fails("the nonce that was told at the end is not the one whose digest the plan has")
		default:
			return Fails("the nonce that was told at the end of session %d is not the one whose digest was written down at its beginning", i+1)
		}
	}
	if missing := c.nonceMissing(); missing != nil {
		return *missing
	}
	return Passes("the nonce is the one whose digest the plan has")
}

// Rounds is in how many rounds a launch had a burst.
func (l *Launch) Rounds() int {
	if l.Samples == nil {
		return 0
	}
	seen := map[int32]bool{}
	for _, sample := range l.Samples.Bursts {
		switch sample.Phase {
		case evidence.PhaseShort, evidence.PhaseLong, evidence.PhaseNear:
			seen[sample.Round] = true
		}
	}
	return len(seen)
}

// inHarnessOrder sorts contenders as a run has them before it draws an order: those
// of the plan, then canonical runners, then the control copy.
func (c *Case) inHarnessOrder(names []string) []string {
	all := slices.Concat(c.Bundle.Plan.Contenders, companions(c.Bundle.Plan))
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return slices.Index(all, a) - slices.Index(all, b) })
	return sorted
}
