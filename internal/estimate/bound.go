package estimate

// This file holds the one type that decides whether a check of clock or conduct passes,
// fails or is not judged.

import (
	"fmt"
	"math"
)

// Check is what came of one check of one contender.
type Check struct {
	// Rule names the check, Contender whom it is about.
	Rule      string
	Contender string
	// Measured is what came out, Limit what it must not be beyond.
	Measured, Limit float64
	// Judged is false where the check could not be made, and Text says why.
	Judged bool
	Holds  bool
	// Accuses is false for a check that warns alone.
	Accuses bool
	Text    string
}

// Bound is a limit on one figure of a contender, with the thresholds that take a decision
// back. Where such a threshold is 0, it takes nothing back.
type Bound struct {
	Rule  string
	Limit float64
	// Floor is true where Limit is the least that is due, false where it is the most that
	// is allowed.
	Floor bool
	// WarnsOnly is true where a figure beyond the limit is no accusation.
	WarnsOnly bool
	// RequestShare is the largest share of a long burst that a request may cost for a limit
	// that includes this cost to acquit.
	RequestShare float64
	// NearMiss is further from what is due than Limit. Beyond it an accusation stands,
	// whatever else is so.
	NearMiss float64
	// Dissent is the share of votes within the limit that an accusation bears. More than
	// half of the votes must be beyond the limit in any case.
	Dissent float64
	// LaunchesIfStolen is how many launches an accusation needs where the host took time
	// from one.
	LaunchesIfStolen int
	// QuietShare is the least share of quiet readings, ContendedShare the largest share of
	// contended launches with which an accusation stands.
	QuietShare, ContendedShare float64
}

// Evidence is what the launches of a contender show.
type Evidence struct {
	// Excluded says why the question can't be asked here; it is empty where it can.
	Excluded string
	// Measured is the figure: the middle over launches, a share or an extreme. It is NaN
	// where there are no samples.
	Measured float64
	// Spared is true where a second limit is kept, which acquits whatever Measured is.
	Spared bool
	// Votes are the single figures, by launch or by burst, which must agree with the middle.
	Votes Votes
	// RequestShares are the shares of long bursts that requests cost.
	RequestShares []float64
	// Disturbance is what may have disturbed the launches.
	Disturbance Disturbance
	// Says is the figure in words, and Doubtful its beginning where it is taken back.
	Says, Doubtful string
}

// Votes counts figures within a limit, and all. Words has the two numbers in it.
type Votes struct {
	Within, All int
	Words       string
}

// Disturbance is what may have disturbed the launches of a contender.
type Disturbance struct {
	Launches int
	// Stolen launches are those of which the host took time, Contended those in which tasks
	// waited for a CPU for more than PressureShare of the time.
	Stolen, Contended int
	PressureShare     float64
	// QuietShare is the share of the canary's readings that found the machine quiet.
	QuietShare float64
}

// Judge decides. An accusation that is taken back is not judged, and neither is an
// acquittal that shows nothing.
func (b Bound) Judge(e Evidence) Check {
	c := Check{Rule: b.Rule, Measured: e.Measured, Limit: b.Limit, Accuses: !b.WarnsOnly}
	reason := e.Excluded
	if reason == "" {
		reason = b.notJudged(e)
	}
	if reason != "" {
		c.Text = "not judged: " + reason
		return c
	}
	c.Judged, c.Holds, c.Text = true, b.keeps(e), e.Says
	return c
}

// excess is by how much the figure is beyond the limit.
func (b Bound) excess(e Evidence) float64 {
	if b.Floor {
		return b.Limit - e.Measured
	}
	return e.Measured - b.Limit
}

func (b Bound) keeps(e Evidence) bool { return e.Spared || b.excess(e) <= 0 }

// gravity orders evidence of one rule: an accusation on which votes agree, one on which
// they do not, an acquittal, and no samples.
func (b Bound) gravity(e Evidence) int {
	switch {
	case math.IsNaN(b.excess(e)):
		return 0
	case b.keeps(e):
		return 1
	case b.dissent(e):
		return 2
	}
	return 3
}

func (b Bound) dissent(e Evidence) bool {
	v := e.Votes
	return v.All > 0 && (2*v.Within >= v.All || float64(v.Within) > b.Dissent*float64(v.All))
}

// notJudged says why the evidence is not enough; it is empty where it is.
func (b Bound) notJudged(e Evidence) string {
	switch {
	case math.IsNaN(b.excess(e)):
		return "the run has no samples for it"
	case b.keeps(e):
		return b.tooWide(e)
	case b.Floor && e.Measured < b.NearMiss:
		return ""
	case b.dissent(e):
		return fmt.Sprintf(e.Doubtful+e.Votes.Words+": they do not agree", e.Votes.Within, e.Votes.All)
	}
	return b.disturbed(e)
}

// tooWide says why a figure within the limit does not acquit: the contender made the limit
// wide itself.
func (b Bound) tooWide(e Evidence) string {
	for _, cost := range e.RequestShares {
		if b.RequestShare > 0 && cost > b.RequestShare {
			return fmt.Sprintf("a request without calls costs %s of a long burst, and what so wide an allowance lets pass says nothing; at most %s", percent(cost), percent(b.RequestShare))
		}
	}
	return ""
}

// disturbed says what else than the contender may be why a figure is beyond the limit.
func (b Bound) disturbed(e Evidence) string {
	switch d := e.Disturbance; {
	case d.Stolen > 0 && d.Launches < b.LaunchesIfStolen:
		return fmt.Sprintf("the host took time, and of fewer than %d launches this may be what it took: %s", b.LaunchesIfStolen, e.Says)
	case d.QuietShare < b.QuietShare:
		return fmt.Sprintf("%s%.0f%% of the canary's readings found the machine quiet: below %.0f%% neighbours may be why", e.Doubtful, 100*d.QuietShare, 100*b.QuietShare)
	case b.ContendedShare > 0 && float64(d.Contended) > b.ContendedShare*float64(d.Launches):
		return fmt.Sprintf("%sbeside %d of %d launches tasks waited for a CPU for more than %.0f%% of the time: who had it may be why", e.Doubtful, d.Contended, d.Launches, 100*d.PressureShare)
	}
	return ""
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
