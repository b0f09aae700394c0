package forensic

// This file holds the forensic rules about the run as a whole: its ledger, its plan,
// its machine and its fellow runs.

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"cupel/internal/audit"
	"cupel/internal/audit/results"
	"cupel/internal/evidence"
	"cupel/internal/stats"
)

// ledgerGap: the ledger's chain, order or times are broken, or time passed that no
// row accounts for.
func ledgerGap(c *audit.Case) []audit.Finding {
	const (
		mostShare = 0.05
		slack     = 2 * time.Second
	)
	if _, err := evidence.CheckLedger(c.Bundle.Dir); err != nil {
		return ofRun("the ledger's chain is broken: %v", err)
	}
	rulings := []audit.Ruling{c.OrderReplays()}
	if c.FirstRow(evidence.EventStopped) != nil {
		rulings = append(rulings, c.LaunchesComplete())
	}
	if fault := faulty(rulings...); fault != "" {
		return ofRun("%s", fault)
	}
	// By the clock that nobody sets: the wall clock goes back where it is set right.
	rows := c.Whole.Ledger
	for i := range rows[min(1, len(rows)):] {
		if rows[i+1].ElapsedNanoseconds < rows[i].ElapsedNanoseconds {
			return ofRun("row %d of the ledger is from before row %d", rows[i+1].Sequence, rows[i].Sequence)
		}
	}
	idle, whole := idleTime(rows), evidence.Measured(rows)
	if idle > slack && idle.Seconds() > mostShare*whole.Seconds() {
		return ofRun("in %v of the %v from the first launch to the last there is no launch in the ledger", idle.Round(time.Millisecond), whole.Round(time.Millisecond))
	}
	return nil
}

// idleTime is how long no launch was alive, of whatever cell, between the first and
// the last of each session.
func idleTime(rows []evidence.LedgerRow) time.Duration {
	idle, since, none := int64(0), int64(0), true
	alive := map[int]bool{}
	for _, row := range rows {
		switch {
		case row.Event == evidence.EventResumed:
			clear(alive)
			none = true
		// The preview comes before engines are installed, and enters no figure. What was
		// lost ended when nobody looked.
		case row.Preview || row.Outcome == evidence.Lost:
		case row.Event == evidence.EventStarted:
			if !none && len(alive) == 0 {
				idle += row.ElapsedNanoseconds - since
			}
			alive[row.Launch], none = true, false
		case row.Event == evidence.EventEnded:
			delete(alive, row.Launch)
			since = row.ElapsedNanoseconds
		}
	}
	return time.Duration(idle)
}

// planAfterData: the plan in the bundle is not the one that the run began with, or
// the seal is over another ledger.
func planAfterData(c *audit.Case) []audit.Finding {
	plan, err := c.Read(evidence.PlanFile)
	if err != nil || plan == nil {
		return ofRun("the plan can't be read: %v", err)
	}
	due := audit.Digest(plan)
	if len(c.Bundle.Ledger) == 0 || c.Bundle.Ledger[0].Event != evidence.EventPlan || c.Bundle.Ledger[0].SHA256[evidence.PlanFile] != due {
		return ofRun("the ledger does not begin with the digest of the plan, %.12s", due)
	}
	envelope, err := evidence.ReadSeal(c.Bundle.Dir)
	if err != nil {
		return nil // A run that goes on has none; that it lacks one is verify's to say.
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil {
		return ofRun("the seal can't be read: %v", err)
	}
	var sealed evidence.InToto[evidence.SealPredicate]
	if err := json.Unmarshal(payload, &sealed); err != nil {
		return ofRun("the seal can't be read: %v", err)
	}
	chain, err := evidence.CheckLedger(c.Bundle.Dir)
	if err != nil {
		return nil // ledger-gap says so.
	}
	switch {
	case sealed.Predicate.Plan != due:
		return ofRun("the seal is over a plan with the digest %.12s, the bundle's has %.12s", sealed.Predicate.Plan, due)
	case sealed.Predicate.LedgerHead != chain.Head() || sealed.Predicate.LedgerRows != chain.Rows:
		return ofRun("the seal is over a ledger of %d rows that ends in %.12s, the bundle's has %d and ends in %.12s", sealed.Predicate.LedgerRows, sealed.Predicate.LedgerHead, chain.Rows, chain.Head())
	}
	return nil
}

// stitchedBundle: launches of different machines or boots.
func stitchedBundle(c *audit.Case) []audit.Finding {
	const mostStep = int64(time.Second) // by which a wall clock is set right
	for i, machine := range c.Bundle.Machines {
		first := c.Bundle.Machines[0]
		own := c.Bundle.Environment.Identity
		switch {
		case machine.Identity != first.Identity:
			return ofRun("replicate %d ran on another machine, or another boot of it, than replicate %d", machine.Replicate, first.Replicate)
		case own != (evidence.MachineIdentity{}) && machine.Identity != own:
			return ofRun("replicate %d ran on another machine, or another boot of it, than the environment was recorded on", machine.Replicate)
		case i == 0:
			continue
		}
		before := c.Bundle.Machines[i-1]
		if machine.Clocks.MonotonicNanoseconds < before.Clocks.MonotonicNanoseconds {
			return ofRun("the machine had run for less time at the start of replicate %d than at that of replicate %d", machine.Replicate, before.Replicate)
		}
		if step := machine.Clocks.OffsetNanoseconds - before.Clocks.OffsetNanoseconds; step > mostStep || step < -mostStep {
			return ofRun("the wall clock was %.1f s further from the machine's own in replicate %d than in replicate %d", float64(step)/1e9, machine.Replicate, before.Replicate)
		}
	}
	return nil
}

// bestOfRuns: of three or more runs of this plan, the one that is published is the
// most favourable by more than its interval, and the others are not named.
func bestOfRuns(c *audit.Case) []audit.Finding {
	const least = 2 // others
	comparison := c.Comparison()
	if comparison == nil || len(c.RunLog) == 0 || results.EarlierRuns(c).Status == audit.Pass {
		return nil
	}
	plan := ""
	for _, row := range c.RunLog {
		if row.Run == c.Bundle.PlanDigest() {
			plan = row.Plan
		}
	}
	var others []float64
	for _, row := range c.RunLog {
		if row.Run == c.Bundle.PlanDigest() || row.Plan != plan {
			continue
		}
		for _, claim := range row.Claims {
			if claim.Faster == c.Claim.Faster && claim.Than == c.Claim.Than {
				others = append(others, claim.Ratio)
			}
		}
	}
	for _, other := range others {
		if other >= comparison.Ratio.Low {
			return nil
		}
	}
	if len(others) < least {
		return nil
	}
	return ofRun("%d other runs of this plan on this machine gave %s as %.4g in the middle, this one says %.4g to %.4g, and the report does not name them",
		len(others), audit.ClaimName(c.Claim), stats.Median(others), comparison.Ratio.Low, comparison.Ratio.High)
}
