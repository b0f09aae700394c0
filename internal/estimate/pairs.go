package estimate

// This file compares every two contenders of a bundle, for readers who put several
// bundles beside each other.

import (
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// Pairwise is the estimates of a bundle with a comparison of every two contenders of
// its suite that have been measured.
type Pairwise struct {
	*Estimates
	// Pairs has claims first, in the plan's words, and then the others in its order.
	// None is corrected for their number.
	Pairs []Comparison
}

// DerivePairs makes the estimates of a bundle and compares every two contenders.
func DerivePairs(bundle *evidence.Bundle) (*Pairwise, error) {
	read, err := readSamples(bundle, FromBundle(bundle))
	if err != nil {
		return nil, err
	}
	p := &Pairwise{Estimates: estimatesOf(bundle.Plan, read)}
	for _, pair := range pairsOf(bundle.Plan) {
		c := Compare(bundle.Plan, p.Quiet, read.suite, pair.Faster, pair.Than)
		if len(c.Replicates) > 0 {
			p.Pairs = append(p.Pairs, c)
		}
	}
	return p, nil
}

func pairsOf(plan suite.Plan) []suite.ClaimPlan {
	pairs := append([]suite.ClaimPlan(nil), plan.Claims...)
	for i, a := range plan.Contenders {
		for _, b := range plan.Contenders[i+1:] {
			if !claimed(plan, a, b) {
				pairs = append(pairs, suite.ClaimPlan{Faster: a, Than: b})
			}
		}
	}
	return pairs
}

// claimed reports whether a claim is about the two.
func claimed(plan suite.Plan, a, b string) bool {
	for _, claim := range plan.Claims {
		if claim.Faster == a && claim.Than == b || claim.Faster == b && claim.Than == a {
			return true
		}
	}
	return false
}
