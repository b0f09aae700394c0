// Package compare puts bundles beside each other: do their ratios carry over, and
// is a newer run slower than an older one.
//
// Absolute times do not carry over from one machine to another, nor from one hour to
// the next on a shared one. Ratios of two contenders that took turns do, as far as
// anything does, so ratios are what is compared. All figures are made anew from the
// bundles' samples; what lies in their results folders is not read.
//
// Two rules, for two questions:
//
//   - Point 79 of the checklist: in two runs each pair's ratios are within a factor of
//     2. That is a question of size, and the one that a verdict goes by.
//   - Intervals: those of two runs overlap or not. They are of each run by itself and
//     know nothing of what differs between machines, or between two runs on one. That
//     they do not overlap is said and decides nothing.
package compare

// This file compares ratios.

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// Verdict is what a comparison comes to.
type Verdict string

// The verdicts.
const (
	// CarriesOver: every pair that two bundles have has ratios within the factor.
	CarriesOver Verdict = "carries over"
	// Differs: a pair has not.
	Differs Verdict = "differs"
	// Undecided: no two bundles have figures of one pair, or controls failed.
	Undecided Verdict = "undecided"
)

// carryFactor is point 79's.
const carryFactor = 2

// ErrUnlike is the error, wrapped with what differs, for bundles that measure
// different things.
var ErrUnlike = errors.New("the bundles measure different things")

// Result is bundles side by side.
type Result struct {
	Verdict Verdict  `json:"verdict"`
	Reason  string   `json:"reason"`
	Bundles []Bundle `json:"bundles"`
	Pairs   []Pair   `json:"pairs"`
}

// Bundle is one of those that are compared.
type Bundle struct {
	Name       string `json:"bundle"`
	Suite      string `json:"suite"`
	SuiteText  string `json:"suite_sha256"`
	Replicates int    `json:"replicates"`
	// Controls says whether the run's controls hold: a run whose controls fail has no
	// verdict, and nothing is said of its ratios.
	Controls bool `json:"controls_hold"`
	// Machine says how this machine stands to the first bundle's, Differences what
	// differs between their environments; both are empty for the first.
	Machine     Machine      `json:"machine"`
	Differences []Difference `json:"differences"`
	// Fault is the first thing in which the bundle is not as it was sealed; empty where
	// it is, or where nobody has looked.
	Fault string `json:"fault"`
	// Missing are contenders of the plan without figures here.
	Missing []string `json:"missing"`

	pairwise *estimate.Pairwise
	plan     suite.Plan
	versions map[string]string
	// absent are contenders that could not be had there, or can't do the work.
	absent map[string]bool
}

// Pair is two contenders over all bundles.
type Pair struct {
	// Cell names the cell where the bundles have several.
	Cell   string `json:"cell,omitempty"`
	Faster string `json:"faster"`
	Than   string `json:"than"`
	Claim  bool   `json:"claim"`
	// Ratios are in the bundles' order; nil where one of the two has no figures.
	Ratios []*Ratio `json:"ratios"`
	// Factor is the largest ratio over the smallest; nil where fewer than two bundles
	// have one. Within says that it is at most 2, Overlap that all intervals share a
	// value; nil where an interval has no ends.
	Factor  *float64 `json:"factor"`
	Within  *bool    `json:"within_2x"`
	Overlap *bool    `json:"intervals_overlap"`
}

// Ratio is how many times as fast the first of a pair is as the second.
type Ratio struct {
	Ratio float64 `json:"ratio"`
	// Low and High are the ends of the 95% interval; nil where too few replicates
	// give it none.
	Low        *float64 `json:"ratio_ci_95_lower"`
	High       *float64 `json:"ratio_ci_95_upper"`
	Replicates int      `json:"replicates"`
	Disputed   bool     `json:"disputed"`
	// Quiet says that the ratio is of rounds that found the machine quiet; a run that had
	// too few of them has one of all its rounds.
	Quiet bool `json:"quiet"`

	logs []float64
}

// inOneCell compares bundles of one cell.
func inOneCell(names []string, bundles []*evidence.Bundle) (*Result, error) {
	r := &Result{}
	for i, b := range bundles {
		one, err := newBundle(names[i], b)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			if what := unlike(r.Bundles[0].plan, one.plan); what != "" {
				return nil, fmt.Errorf("%w: %s and %s differ in %s", ErrUnlike, names[0], names[i], what)
			}
			one.Machine, one.Differences = environments(bundles[0].Environment, b.Environment)
		}
		r.Bundles = append(r.Bundles, one)
	}
	r.pair()
	return r, nil
}

func newBundle(name string, b *evidence.Bundle) (Bundle, error) {
	one := Bundle{
		Name: filepath.ToSlash(name), Suite: b.Plan.Suite, SuiteText: b.Plan.SuiteSHA256,
		Differences: []Difference{}, Missing: []string{}, plan: b.Plan, versions: versions(b), absent: absent(b),
	}
	var err error
	if one.pairwise, err = estimate.DerivePairs(b); err != nil {
		return one, fmt.Errorf("%s: %w", name, err)
	}
	one.Replicates, one.Controls = one.pairwise.Replicates, one.pairwise.Holds()
	for _, contender := range b.Plan.Contenders {
		if !slices.ContainsFunc(one.pairwise.Contenders, func(c estimate.Contender) bool { return c.Name == contender }) {
			one.Missing = append(one.Missing, contender)
		}
	}
	return one, nil
}

// versions tell of each contender what it was made of.
func versions(b *evidence.Bundle) map[string]string {
	of := map[string]string{}
	for name, said := range b.Statements {
		of[name] = fmt.Sprintf("%s %s, %s", said.Hello.Name, said.Hello.Version, said.Build)
	}
	return of
}

// absent are the contenders that a run says it could not have. One that failed is not
// among them.
func absent(b *evidence.Bundle) map[string]bool {
	of := map[string]bool{}
	for _, row := range b.Ledger {
		if row.Event == evidence.EventUnavailable || row.Outcome == evidence.NotApplicable {
			of[row.Contender] = true
		}
	}
	return of
}

// unlike says in what two plans differ so that their figures are of different things.
// How long and how often was measured is no such thing.
func unlike(a, b suite.Plan) string {
	type workload struct {
		what string
		a, b any
	}
	for _, one := range []workload{
		{"kind of work", a.Workload, b.Workload}, {"data", a.Dataset, b.Dataset},
		{"model", fmt.Sprint(a.Model), fmt.Sprint(b.Model)},
		{"batch", fmt.Sprint(a.Batch), fmt.Sprint(b.Batch)}, {"threads", fmt.Sprint(a.Threads), fmt.Sprint(b.Threads)},
	} {
		if one.a != one.b {
			return fmt.Sprintf("%s (%v, %v)", one.what, one.a, one.b)
		}
	}
	return ""
}

// pair lines up the ratios of all bundles, in the words of the first that has them.
func (r *Result) pair() {
	r.Pairs = []Pair{}
	at := map[[2]string]int{}
	for i, b := range r.Bundles {
		for _, c := range b.pairwise.Pairs {
			index, there := at[[2]string{c.A, c.B}]
			swapped, other := at[[2]string{c.B, c.A}]
			if !there && !other {
				index = len(r.Pairs)
				at[[2]string{c.A, c.B}] = index
				r.Pairs = append(r.Pairs, Pair{Faster: c.A, Than: c.B, Ratios: make([]*Ratio, len(r.Bundles))})
			}
			ratio := newRatio(c, b.pairwise.Estimates)
			if other {
				index, ratio = swapped, ratio.inverted()
			}
			r.Pairs[index].Ratios[i] = ratio
			r.Pairs[index].Claim = r.Pairs[index].Claim || slices.Contains(b.plan.Claims, suite.ClaimPlan{Faster: c.A, Than: c.B})
		}
	}
	r.addUnmeasuredClaims()
	for i := range r.Pairs {
		r.Pairs[i].judge()
	}
	// Claims come first, since they are what the runs are about.
	slices.SortStableFunc(r.Pairs, func(a, b Pair) int { return order(b.Claim) - order(a.Claim) })
}

// addUnmeasuredClaims gives claims that no bundle has figures of a row too: whoever
// counts claims must see that they have none.
func (r *Result) addUnmeasuredClaims() {
	for _, b := range r.Bundles {
		for _, claim := range b.plan.Claims {
			if !slices.ContainsFunc(r.Pairs, func(p Pair) bool { return p.is(claim) }) {
				r.Pairs = append(r.Pairs, Pair{Faster: claim.Faster, Than: claim.Than, Claim: true, Ratios: make([]*Ratio, len(r.Bundles))})
			}
		}
	}
}

// is reports whether the pair is a claim's, whichever of the two it names first.
func (p Pair) is(claim suite.ClaimPlan) bool {
	return p.Faster == claim.Faster && p.Than == claim.Than || p.Faster == claim.Than && p.Than == claim.Faster
}

func order(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func newRatio(c estimate.Comparison, e *estimate.Estimates) *Ratio {
	ratio := &Ratio{
		Ratio: c.Ratio.Estimate, Replicates: len(c.Replicates), logs: c.Replicates, Quiet: c.Quiet,
		Disputed: e.Accused(c.A) != nil || e.Accused(c.B) != nil,
	}
	if bounded(c.Ratio) {
		ratio.Low, ratio.High = pointer(c.Ratio.Low), pointer(c.Ratio.High)
	}
	return ratio
}

func bounded(i stats.Interval) bool {
	return i.Low > 0 && !math.IsInf(i.High, 1) && !math.IsNaN(i.High)
}

func (r *Ratio) inverted() *Ratio {
	other := &Ratio{Ratio: 1 / r.Ratio, Replicates: r.Replicates, Disputed: r.Disputed, Quiet: r.Quiet}
	if r.Low != nil && r.High != nil {
		other.Low, other.High = pointer(1 / *r.High), pointer(1 / *r.Low)
	}
	for _, value := range r.logs {
		other.logs = append(other.logs, -value)
	}
	return other
}

// judge compares the ratios that there are.
func (p *Pair) judge() {
	least, largest := math.Inf(1), 0.0
	low, high := 0.0, math.Inf(1)
	there, ends := 0, true
	for _, ratio := range p.Ratios {
		if ratio == nil {
			continue
		}
		there++
		least, largest = min(least, ratio.Ratio), max(largest, ratio.Ratio)
		if ratio.Low == nil || ratio.High == nil {
			ends = false
			continue
		}
		low, high = max(low, *ratio.Low), min(high, *ratio.High)
	}
	if there < 2 {
		return
	}
	p.Factor = pointer(largest / least)
	p.Within = pointer(largest <= carryFactor*least)
	if ends {
		p.Overlap = pointer(low <= high)
	}
}

// Distrust takes the verdict back because of a bundle, by its place, that is not as it
// was sealed.
func (r *Result) Distrust(bundle int, fault string) {
	r.Bundles[bundle].Fault = fault
	r.Verdict, r.Reason = Undecided, fmt.Sprintf("%s is not intact: %s", r.Bundles[bundle].Name, fault)
}

// judge gives the verdict of point 79.
func (r *Result) judge() {
	judged, apart := 0, ""
	for _, pair := range r.Pairs {
		if pair.Within == nil {
			continue
		}
		judged++
		if !*pair.Within && apart == "" {
			apart = fmt.Sprintf("the ratios of %s are %.2f times apart", pair.Title(), *pair.Factor)
		}
	}
	failed := slices.IndexFunc(r.Bundles, func(b Bundle) bool { return !b.Controls })
	switch {
	case judged == 0:
		r.Verdict, r.Reason = Undecided, "no two of the bundles have figures of the same two contenders"
	case failed >= 0:
		r.Verdict, r.Reason = Undecided, fmt.Sprintf("the controls of %s do not hold, so its figures have no verdict", r.Bundles[failed].Name)
	case apart != "":
		r.Verdict, r.Reason = Differs, apart
	default:
		r.Verdict, r.Reason = CarriesOver, fmt.Sprintf("the ratios of all %d pairs are within a factor of %d", judged, carryFactor)
	}
}

func pointer[T any](value T) *T { return &value }
