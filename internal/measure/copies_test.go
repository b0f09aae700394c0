package measure

// This file tests comparisons of copies, on a stage.

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"cupel/internal/protocol"
	"cupel/internal/suite"
)

// rehearseCopies sets up a comparison of copies of a script.
func rehearseCopies(t *testing.T, nonce string, s script) *scripted {
	t.Helper()
	r := rehearse(t, nonce, func(plan *suite.Plan) {
		*plan = *CopiesPlan(*plan, 6, 40)
		plan.Paired.Steady.Bursts, plan.Paired.LeastCalls = 8, 200
	}, s)
	r.Bundle = Nowhere{Dir: t.TempDir()}
	r.stage.unstopped = true
	return r
}

func TestCopiesComeOutEqualAndASlowedOneSlower(t *testing.T) {
	r := rehearseCopies(t, "copies", constant("a", 1000))
	copies, err := r.CompareCopies(t.Context(), r.contenders[0], 3, 0.005, false)
	if err != nil {
		t.Fatal(err)
	}
	r.watch(t)
	if ratio := copies.Same.Ratio; ratio.Low > 1 || ratio.High < 1 || ratio.High-ratio.Low > 1e-3 {
		t.Errorf("copies that take the same time: %+v", ratio)
	}
	if ratio := copies.Slowed.Ratio; ratio.Low < 1.0045 || ratio.High > 1.0055 {
		t.Errorf("a copy with half a percent of uncounted calls: %+v", ratio)
	}
	if copies.Slowdown != 0.005 || copies.Wall <= 0 {
		t.Errorf("slowdown %v in %v", copies.Slowdown, copies.Wall)
	}
	if len(copies.First) == 0 || len(copies.Second) == 0 {
		t.Error("no samples for others' methods")
	}
}

func TestCopiesOfDifferentSpeedComeOutDifferent(t *testing.T) {
	each := constant("a", 1000)
	each.pace = func(nth int) pace { return steadily(float64(1000 + 10*(nth%2))) }
	r := rehearseCopies(t, "different", each)
	copies, err := r.CompareCopies(t.Context(), r.contenders[0], 0, 0.005, false)
	if err != nil {
		t.Fatal(err)
	}
	// Which of the two is the first, is drawn anew in each launch.
	if ratio := copies.Same.Ratio; ratio.High-ratio.Low < 1e-3 {
		t.Errorf("launches that differ by 1%% give an interval of %+v", ratio)
	}
}

func TestACopyThatWorksWhileItWaitsIsRefused(t *testing.T) {
	busy := constant("a", 1000)
	busy.tamper = func(p *actor, _ protocol.InferRequest, reply *protocol.Infer) error {
		for _, other := range p.stage.actors {
			if other != p {
				other.cpu += time.Duration(reply.ElapsedNanoseconds)
			}
		}
		return nil
	}
	r := rehearseCopies(t, "busy", busy)
	_, err := r.CompareCopies(t.Context(), r.contenders[0], 0, 0.005, false)
	if err == nil || !strings.Contains(err.Error(), "between its requests") {
		t.Errorf("error %v", err)
	}
}

// Whatever step fails or is interrupted, a comparison ends with that as its error.
func TestACopyThatFailsEndsTheComparison(t *testing.T) {
	for _, at := range []int{1, 2, 3, 8, 20} {
		failing := constant("a", 1000)
		failing.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
			if p.performed == at {
				return errors.New("out of luck")
			}
			return nil
		}
		r := rehearseCopies(t, "failing", failing)
		if _, err := r.CompareCopies(t.Context(), r.contenders[0], 0, 0.005, false); err == nil || !strings.Contains(err.Error(), "out of luck") {
			t.Errorf("failed at request %d: error %v", at, err)
		}
	}
}

func TestAnInterruptedComparisonEnds(t *testing.T) {
	for _, at := range []int{1, 3, 8, 20} {
		ctx, interrupt := context.WithCancel(t.Context())
		interrupted := constant("a", 1000)
		interrupted.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
			if p.performed == at {
				interrupt()
			}
			return nil
		}
		r := rehearseCopies(t, "interrupted", interrupted)
		if _, err := r.CompareCopies(ctx, r.contenders[0], 0, 0.005, false); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted at request %d: error %v", at, err)
		}
	}
}

func TestTheHarnesssDoubledLoadIsSeenWhereItHasAPart(t *testing.T) {
	for name, slower := range map[string]float64{"none": 0, "a tenth": 0.1} {
		var run *scripted
		load := constant("a", 1000)
		load.pace = func(int) pace {
			// Where more files were written since the last burst, calls take longer.
			files := 0
			return func(now time.Duration, request protocol.InferRequest) time.Duration {
				number := run.files
				doubled := number > files+1
				files = number
				each := 1000.0
				if doubled {
					each *= 1 + slower
				}
				return time.Duration(each * float64(request.Calls))
			}
		}
		r := rehearseCopies(t, "doubled", load)
		run = r
		copies, err := r.CompareCopies(t.Context(), r.contenders[0], 0, 0, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, shift := range copies.Load {
			if math.Abs(shift-math.Log1p(slower)) > 0.02 {
				t.Errorf("%s: calls took %.3f times as long under doubled load", name, math.Exp(shift))
			}
		}
		if copies.Doubled.Ratio.Low > 1 || copies.Doubled.Ratio.High < 1 {
			t.Errorf("%s: copies differ: %+v", name, copies.Doubled.Ratio)
		}
		if len(copies.Canary) != r.Plan.Launches || copies.Canary[0] != 0 {
			t.Errorf("%s: canary %v", name, copies.Canary)
		}
	}
}
