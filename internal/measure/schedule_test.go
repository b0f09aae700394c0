package measure

// This file tests what is drawn before anything runs: rounds, turns and the sizes
// of bursts.

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

func TestRoundsDependOnTheNonceAlone(t *testing.T) {
	draw := func(nonce string, replicate int) []round {
		return drawRounds(draw.Stream(nonce, "rounds", replicate), suite.DefaultPaired)
	}
	if !reflect.DeepEqual(draw("a", 1), draw("a", 1)) {
		t.Error("one nonce gives two schedules")
	}
	if reflect.DeepEqual(draw("a", 1), draw("b", 1)) || reflect.DeepEqual(draw("a", 1), draw("a", 2)) {
		t.Error("another nonce or replicate gives the same schedule")
	}
}

func TestLongRoundsAreThePlannedShareHalfOfThemNear(t *testing.T) {
	plan := suite.DefaultPaired
	plan.Stalls = 2
	for replicate := range 20 {
		var long, near, stalls int
		for i, drawn := range drawRounds(draw.Stream("n", "rounds", replicate), plan) {
			if drawn.number != i+1 {
				t.Fatalf("round %d has the number %d", i+1, drawn.number)
			}
			if !drawn.long && (drawn.near || drawn.stalled) {
				t.Fatalf("a short round is %+v", drawn)
			}
			if !drawn.long {
				continue
			}
			long++
			if drawn.near {
				near++
			}
			if drawn.stalled {
				stalls++
			}
			if drawn.want || !drawn.everybody || drawn.near && drawn.stalled {
				t.Errorf("a long round is %+v", drawn)
			}
		}
		if long != plan.Rounds/plan.LongEvery || near != long/2 || stalls != plan.Stalls {
			t.Errorf("%d long rounds, %d of them near, %d with a stop; want %d, half of them, and %d", long, near, stalls, plan.Rounds/plan.LongEvery, plan.Stalls)
		}
	}
}

// A contender that could count would know which round is long.
func TestWhereLongRoundsLieIsDrawn(t *testing.T) {
	places := func(nonce string) (at []int) {
		for _, drawn := range drawRounds(draw.Stream(nonce, "rounds", 1), suite.DefaultPaired) {
			if drawn.long {
				at = append(at, drawn.number)
			}
		}
		return at
	}
	a, b := places("a"), places("b")
	if slices.Equal(a, b) {
		t.Errorf("long rounds are %v whatever the nonce", a)
	}
	distances := map[int]bool{}
	for i := 1; i < len(a); i++ {
		distances[a[i]-a[i-1]] = true
	}
	if len(distances) < 3 {
		t.Errorf("long rounds come at %v", a)
	}
}

func TestOthersTakePartInAboutOneShortRoundOfThree(t *testing.T) {
	plan := suite.DefaultPaired
	plan.Rounds = 6000
	short, with := 0, 0
	for _, drawn := range drawRounds(draw.Stream("n", "rounds", 1), plan) {
		if !drawn.long {
			short++
			if drawn.everybody {
				with++
			}
		}
	}
	if share := float64(with) / float64(short); math.Abs(share-1/3.0) > 0.03 {
		t.Errorf("others take part in %.3f of the short rounds", share)
	}
}

func TestEachTakesOneTurnOfEachKind(t *testing.T) {
	taking, control := []int{0, 2, 3}, 3
	for _, test := range []struct {
		drawn round
		each  []evidence.Phase
		// copied is what the control copy has in the first one's place, where not that.
		copied evidence.Phase
	}{
		{round{}, []evidence.Phase{evidence.PhaseShort}, evidence.PhaseShort},
		{round{positive: true}, []evidence.Phase{evidence.PhaseShort}, evidence.PhasePositive},
		{round{long: true}, []evidence.Phase{evidence.PhaseLong, evidence.PhaseEmpty}, evidence.PhaseLong},
		{round{long: true, positive: true}, []evidence.Phase{evidence.PhaseLong, evidence.PhaseEmpty}, evidence.PhaseLong},
		{round{long: true, near: true}, []evidence.Phase{evidence.PhaseNear, evidence.PhaseEmpty}, evidence.PhaseNear},
		{round{long: true, stalled: true}, []evidence.Phase{evidence.PhaseLong, evidence.PhaseEmpty, evidence.PhaseStall}, evidence.PhaseLong},
	} {
		want := map[turn]int{}
		for _, who := range taking {
			for _, phase := range test.each {
				want[turn{who, phase}]++
			}
		}
		want[turn{control, test.each[0]}]--
		want[turn{control, test.copied}]++
		maps.DeleteFunc(want, func(_ turn, count int) bool { return count == 0 })
		got := map[turn]int{}
		for _, taken := range test.drawn.turns(draw.Stream("n", "turns", 0), taking, control) {
			got[taken]++
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: %v, want %v", test.drawn, got, want)
		}
	}
}

func TestNobodyComesFirstMoreOftenThanChanceHasIt(t *testing.T) {
	random := draw.Stream("n", "turns", 0)
	first := map[turn]int{}
	const rounds = 4000
	for range rounds {
		first[round{}.turns(random, []int{0, 1, 2}, 2)[0]]++
	}
	if len(first) != 3 {
		t.Fatalf("first were %v", first)
	}
	for who, count := range first {
		// Five standard deviations of a binomial with p = 1/3.
		if deviation := math.Sqrt(rounds * 2 / 9); math.Abs(float64(count)-rounds/3) > 5*deviation {
			t.Errorf("%v came first in %d of %d rounds", who, count, rounds)
		}
	}
}

func TestSizesOfBursts(t *testing.T) {
	plan := suite.DefaultPaired
	for _, test := range []struct {
		name       string
		perCall    float64
		empty      float64
		controlled bool
		batch      int
		want       evidence.BurstSize
	}{
		{"a native engine: as many calls as last Short", 100, 20_000, false, 1, evidence.BurstSize{Warmup: 16, Calls: 250, LongCalls: 100_000, Multiple: 1}},
		{"its control: the next multiple", 100, 20_000, true, 1, evidence.BurstSize{Warmup: 16, Calls: 260, LongCalls: 100_000, Multiple: 20}},
		{"a clock that resolves nothing counts as a nanosecond", 0.2, 20_000, false, 1, evidence.BurstSize{Warmup: 16, Calls: 25_000, LongCalls: 1 << 22, Multiple: 1}},
		{"batches: no more rows than of single calls", 1000, 1e6, false, 256, evidence.BurstSize{Warmup: 16, Calls: 25, LongCalls: 1 << 14, Multiple: 1}},
		{"Python: LeastCalls, whatever that takes up to ShortMost", 5_000, 50_000, false, 1, evidence.BurstSize{Warmup: 16, Calls: 20, LongCalls: 2_000, Multiple: 1}},
		{"between: ShortMost bounds LeastCalls", 100_000, 50_000, false, 1, evidence.BurstSize{Warmup: 5, Calls: 10, LongCalls: 100, Multiple: 1}},
		{"a slow engine: two calls, and a multiple where controlled", 2e6, 50_000, true, 1, evidence.BurstSize{Warmup: 2, Calls: 20, LongCalls: 5, Multiple: 20}},
		{"a slow engine without control", 2e6, 50_000, false, 1, evidence.BurstSize{Warmup: 2, Calls: 2, LongCalls: 5, Multiple: 1}},
		{"very slow: two calls of each kind", 1e9, 50_000, false, 1, evidence.BurstSize{Warmup: 2, Calls: 2, LongCalls: 2, Multiple: 1}},
		{"a dear request: a longer long burst", 1_000, 400_000, false, 1, evidence.BurstSize{Warmup: 16, Calls: 25, LongCalls: 20_000, Multiple: 1}},
		{"a very dear one: LongMost", 1_000, 50e6, false, 1, evidence.BurstSize{Warmup: 16, Calls: 25, LongCalls: 100_000, Multiple: 1}},
	} {
		test.want.NanosecondsPerCall = test.perCall
		if got := sizeBursts(plan, test.batch, test.perCall, test.empty, test.controlled); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestCallsOfARound(t *testing.T) {
	size := evidence.BurstSize{NanosecondsPerCall: 1000, Calls: 260, LongCalls: 10_000, Multiple: 20}
	random := draw.Stream("n", "rounds", 0)
	for range 1000 {
		drawn := drawRound(random, suite.DefaultPaired)
		short, positive := drawn.calls(size, evidence.PhaseShort), drawn.calls(size, evidence.PhasePositive)
		if short%size.Multiple != 0 || short < 180 || short > 340 || math.Abs(float64(short)-260*drawn.factor) > 10 {
			t.Fatalf("%d calls at a factor of %v", short, drawn.factor)
		}
		if positive*20 != short*21 {
			t.Fatalf("the positive control makes %d calls beside %d", positive, short)
		}
		if long := drawn.calls(size, evidence.PhaseLong); long < size.LongCalls || long > 12_000 {
			t.Fatalf("a long burst has %d calls of at least %d", long, size.LongCalls)
		}
		if near := drawn.calls(size, evidence.PhaseNear); near < 2*size.LongCalls || near > 24_000 {
			t.Fatalf("a near burst has %d calls, where 20 ms are 20,000", near)
		}
		if drawn.calls(size, evidence.PhaseEmpty) != 0 || drawn.calls(size, evidence.PhaseStall) != 2500 {
			t.Fatal("an empty request has calls, or a stalled one not a quarter of a long one's")
		}
		slow := evidence.BurstSize{Calls: 20, LongCalls: 20, Multiple: 20}
		if calls := drawn.calls(slow, evidence.PhaseShort); calls != 20 {
			t.Fatalf("a burst of a slow engine has %d calls, where one multiple is due", calls)
		}
	}
}

func TestNearBurstsLastTwentyMillisecondsOrAsLongAsLongOnes(t *testing.T) {
	for _, test := range []struct {
		name       string
		perCall    float64
		long, near int
	}{
		{"a native engine: 20 ms", 50, 200_000, 400_000},
		{"a dear request, so that long ones last 15 ms", 1000, 15_000, 20_000},
		{"a very dear one: as long as those", 1000, 100_000, 100_000},
		{"a slow engine: two calls", 1e9, 2, 2},
		{"few rows to be had: never more than twice as many", 1, 1 << 22, 1 << 23},
	} {
		if got := nearCalls(evidence.BurstSize{NanosecondsPerCall: test.perCall, LongCalls: test.long}); got != test.near {
			t.Errorf("%s: %d calls, want %d", test.name, got, test.near)
		}
	}
}

// A contender that could tell a burst's purpose by its length could be fast for
// the ones that count.
func TestBurstsOfAllPurposesLookTheSame(t *testing.T) {
	r := rehearse(t, "looks", func(plan *suite.Plan) {
		plan.Launches, plan.Probes.Bursts = 2, 7
		plan.Claims = nil
	}, constant("a", 1000))
	b := r.perform(t)
	type span struct{ least, most int32 }
	var calls, rows = map[evidence.Phase]span{}, map[evidence.Phase]span{}
	widen := func(spans map[evidence.Phase]span, phase evidence.Phase, value int32) {
		if known, there := spans[phase]; there {
			spans[phase] = span{min(known.least, value), max(known.most, value)}
			return
		}
		spans[phase] = span{value, value}
	}
	for _, row := range launchesOf(b) {
		for _, s := range samplesIn(t, b, row) {
			// The first launch's first bursts find out how many calls are right.
			if s.Phase == evidence.PhasePractice && s.Launch == 1 {
				continue
			}
			widen(calls, s.Phase, s.Calls)
			widen(rows, s.Phase, s.Rows)
		}
	}
	short := calls[evidence.PhaseShort]
	if short.least == short.most || rows[evidence.PhaseShort].least == rows[evidence.PhaseShort].most {
		t.Fatalf("short bursts have from %d to %d calls", short.least, short.most)
	}
	for _, phase := range []evidence.Phase{evidence.PhasePractice, evidence.PhaseManyRows, evidence.PhaseAltered, evidence.PhaseOriginal, evidence.PhaseWidth(1)} {
		if got := calls[phase]; got.most < short.least || got.least > short.most || got.least == got.most {
			t.Errorf("%s: from %d to %d calls, short bursts from %d to %d", phase, got.least, got.most, short.least, short.most)
		}
		if got, of := rows[phase], rows[evidence.PhaseShort]; got.most < of.least || got.least > of.most {
			t.Errorf("%s: from %d to %d rows, short bursts from %d to %d", phase, got.least, got.most, of.least, of.most)
		}
	}
}

func TestStopsArePlantedWithinABurstOfAQuarter(t *testing.T) {
	r := rehearse(t, "stops", nil, constant("a", 1000))
	least := time.Duration(r.Plan.Paired.LongLeast)
	seen := map[time.Duration]bool{}
	for number := range 50 {
		after := (&attempt{cell: r.first(t), number: number}).stallAfter()
		if after <= 0 || after > least/4 {
			t.Errorf("a stop after %v of a burst of at least %v", after, least/4)
		}
		seen[after] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d different moments in 50 launches", len(seen))
	}
}
