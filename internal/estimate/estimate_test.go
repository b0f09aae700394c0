package estimate

// This file tests ratios and verdicts.

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cupel/internal/evidence"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

func (s scenery) with(replicates int) scenery { s.replicates = replicates; return s }

func (e engine) unlike(between float64) engine { e.between = between; return e }

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		name    string
		scenery scenery
		a, b    engine
		want    Verdict
		ratio   float64
	}{
		{"the same speed", calmly, honest(1000), honest(1000), Equal, 1},
		{"faster by 10%", calmly, honest(1000), honest(1100), Faster, 1.1},
		{"slower by 10%", calmly, honest(1100), honest(1000), Slower, 1 / 1.1},
		{"a difference that counts for nothing is no difference", calmly, honest(1000), honest(1005), Equal, 1.005},
		{"launches that differ by more than the contenders", calmly, honest(1000).unlike(0.05), honest(1015).unlike(0.05), NotResolved, 1.015},
		{"the same speed, with launches that differ", calmly, honest(1000).unlike(0.05), honest(1000).unlike(0.05), NotResolved, 1},
		{"too few replicates for an interval", calmly.with(5), honest(1000), honest(1100), NotResolved, 1.1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := compare(test.scenery, test.a, test.b)
			if c.Verdict != test.want {
				t.Errorf("%s at %+v (log p %v), want %s", c.Verdict, c.Ratio, c.LogP, test.want)
			}
			if math.Abs(c.Ratio.Estimate/test.ratio-1) > 0.01+test.a.between {
				t.Errorf("ratio %v, want %v", c.Ratio.Estimate, test.ratio)
			}
			if c.Source != FromShort || !c.Quiet || len(c.Replicates) != test.scenery.replicates {
				t.Errorf("%s, quiet %v, %d replicates", c.Source, c.Quiet, len(c.Replicates))
			}
		})
	}
}

func TestNothingIsComparedWithNothing(t *testing.T) {
	replicates := calmly.perform(map[string]engine{"a": honest(1000)}, "a")
	c := Compare(probed, NewQuiet(probed, replicates), replicates, "a", "b")
	if c.Verdict != NotResolved || len(c.Replicates) != 0 || c.Precise(0.01) {
		t.Errorf("%+v", c)
	}
	if claims := Claims(probed, NewQuiet(probed, replicates), replicates); len(claims) != 0 {
		t.Errorf("claims %+v", claims)
	}
}

func TestFewQuietReplicatesGiveWayToAllWhereMoreAreAskedFor(t *testing.T) {
	const total, asked = 16, 10
	crowded := calmly
	crowded.neighbours = func(int) bool { return true }
	engines := map[string]engine{"a": honest(1000), "b": honest(1100)}
	for _, quietly := range []int{asked - 1, asked} {
		calm, loud := calmly, crowded
		calm.replicates, loud.replicates = quietly, total-quietly
		replicates := append(calm.perform(engines, "a", "b"), loud.perform(engines, "a", "b")...)
		quiet := NewQuiet(probed, replicates)
		if c := Compare(probed, quiet, replicates, "a", "b"); !c.Quiet || len(c.Replicates) != quietly {
			t.Errorf("%d of %d are quiet: quiet %v, of %d replicates", quietly, total, c.Quiet, len(c.Replicates))
		}
		due := map[bool]int{true: asked, false: total}[quietly >= asked]
		if c := Compare(probed, quiet.AtLeast(asked), replicates, "a", "b"); c.Quiet != (quietly >= asked) || len(c.Replicates) != due {
			t.Errorf("%d of %d are quiet where %d are asked for: quiet %v, of %d replicates", quietly, total, asked, c.Quiet, len(c.Replicates))
		}
	}
}

// Which contender comes first is a matter of words.
func TestExchangingTheSidesInvertsTheRatioAndMirrorsTheVerdict(t *testing.T) {
	mirrored := map[Verdict]Verdict{Equal: Equal, Faster: Slower, Slower: Faster, NotResolved: NotResolved}
	near := func(x, y float64) bool { return x == y || math.Abs(x/y-1) < 1e-12 }
	seen := map[Verdict]bool{}
	sources := map[Source]bool{}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 7))
		engines := map[string]engine{}
		for _, name := range []string{"a", "b"} {
			e := honest(1000 * (1 + []float64{0.0005, 0.04}[seed%2]*random.NormFloat64()))
			e.between = []float64{0.001, 0.02, 0.2}[random.IntN(3)] * random.Float64()
			e.shortClock = []float64{1, 1, 0.85}[random.IntN(3)]
			e.loud = 1 + random.Float64()
			engines[name] = e
		}
		s := scenery{replicates: 4 + random.IntN(12), rounds: 24 + random.IntN(24), seed: seed, neighbours: func(round int) bool { return round%3 == int(seed%4) }}
		replicates := s.perform(engines, "a", "b")
		quiet := NewQuiet(probed, replicates)
		one, other := Compare(probed, quiet, replicates, "a", "b"), Compare(probed, quiet, replicates, "b", "a")
		for _, pair := range [][2]stats.Interval{{one.Ratio, other.Ratio}, {one.Short, other.Short}, {one.Long, other.Long}} {
			if x, y := pair[0], pair[1]; !near(x.Estimate, 1/y.Estimate) || !near(x.Low, 1/y.High) || !near(x.High, 1/y.Low) {
				t.Errorf("seed %d: %+v one way and %+v the other", seed, x, y)
			}
		}
		if one.Verdict != mirrored[other.Verdict] || one.LogP != other.LogP || one.Source != other.Source || one.Quiet != other.Quiet {
			t.Errorf("seed %d: %+v one way and %+v the other", seed, one, other)
		}
		seen[one.Verdict], sources[one.Source] = true, true
	}
	if len(seen) != len(mirrored) || len(sources) != 2 {
		t.Errorf("only the verdicts %v and the sources %v came up", seen, sources)
	}
}

func TestShortBurstsThatLieAreNotTheFigure(t *testing.T) {
	lying := func(share float64) engine {
		e := honest(1000)
		e.shortClock = share
		return e
	}
	restless := honest(1000)
	restless.burst = 0.15
	for _, test := range []struct {
		name  string
		a     engine
		want  Source
		ratio float64
	}{
		{"honest", honest(1000), FromShort, 1},
		{"honest with noise", restless, FromShort, 1},
		{"less than the outer clock resolves", lying(0.97), FromShort, 1 / 0.97},
		{"short bursts that take 10% longer than is said", lying(0.9), FromLong, 1},
		{"short bursts that take 10% less than is said", lying(1.1), FromLong, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := compare(calmly, test.a, honest(1000))
			if c.Source != test.want || math.Abs(c.Ratio.Estimate/test.ratio-1) > 0.02 {
				t.Errorf("%+v from %s, want %v from %s", c.Ratio, c.Source, test.ratio, test.want)
			}
			if from := map[Source]stats.Interval{FromShort: c.Short, FromLong: c.Long}[test.want]; c.Ratio != from {
				t.Errorf("the ratio is %+v and not %+v", c.Ratio, from)
			}
		})
	}
}

// What lies in a further cache is slower by right: long bursts over many rows may
// be at another ratio without anybody's having lied.
func TestRowsFurtherAwayAreNoLie(t *testing.T) {
	replicates := calmly.perform(map[string]engine{"a": honest(1000), "b": honest(1000)}, "a", "b")
	for _, replicate := range replicates {
		for i, s := range replicate["a"] {
			if s.Phase == evidence.PhaseLong {
				replicate["a"][i].OuterNanoseconds = pointer(*s.OuterNanoseconds * 13 / 10)
			}
		}
	}
	if c := Compare(probed, NewQuiet(probed, replicates), replicates, "a", "b"); c.Source != FromShort || c.Verdict != Equal {
		t.Errorf("%s from %s", c.Verdict, c.Source)
	}
}

func TestARatioIsOfQuietRoundsWhereThereAreEnough(t *testing.T) {
	sensitive := honest(1200)
	sensitive.loud = 2
	// Two rounds in three are loud: without the canary the ratio would be 2.4.
	mostly := func(round int) bool { return round%3 != 0 }
	// 60 rounds have 50 short ones; of those, 10 are divisible by 3 and quiet.
	s := calmly
	s.neighbours = mostly
	s.rounds = 120
	if c := compare(s, honest(1000), sensitive); !c.Quiet || math.Abs(c.Ratio.Estimate/1.2-1) > 0.02 {
		t.Errorf("%+v, quiet %v; want 1.2", c.Ratio, c.Quiet)
	}
	s.rounds = 60
	if c := compare(s, honest(1000), sensitive); c.Quiet || math.Abs(c.Ratio.Estimate/2.4-1) > 0.02 {
		t.Errorf("with too few quiet rounds: %+v, quiet %v; want 2.4 of all", c.Ratio, c.Quiet)
	}
}

func TestReplicatesWithoutQuietRoundsAreLeftOutWhereOthersAreEnough(t *testing.T) {
	sensitive := honest(1200)
	sensitive.loud = 2
	engines := map[string]engine{"a": honest(1000), "b": sensitive}
	loud := calmly
	loud.neighbours = func(int) bool { return true }
	for _, test := range []struct {
		quiet, loud, used int
		quietly           bool
	}{{8, 4, 8, true}, {6, 6, 6, true}, {5, 7, 12, false}} {
		replicates := calmly.with(test.quiet).perform(engines, "a", "b")
		replicates = append(replicates, loud.with(test.loud).perform(engines, "a", "b")...)
		c := Compare(probed, NewQuiet(probed, replicates), replicates, "a", "b")
		if c.Quiet != test.quietly || len(c.Replicates) != test.used {
			t.Errorf("%d quiet replicates and %d loud ones: quiet %v, of %d", test.quiet, test.loud, c.Quiet, len(c.Replicates))
		}
	}
}

// A figure from long bursts says of those whether they were quiet.
func TestQuietIsThatOfTheFigure(t *testing.T) {
	liar := honest(1000)
	liar.shortClock = 0.8
	far := func(round int) bool { return round%longEvery == 0 && round%(2*longEvery) != 0 }
	s := calmly
	if c := compare(s, liar, honest(1000)); c.Source != FromLong || !c.Quiet {
		t.Errorf("a quiet machine: %s, quiet %v", c.Source, c.Quiet)
	}
	s.neighbours = far
	if c := compare(s, liar, honest(1000)); c.Source != FromLong || c.Quiet {
		t.Errorf("neighbours in the rounds that the figure is of: %s, quiet %v", c.Source, c.Quiet)
	}
}

func TestTheCanaryAloneSaysWhatIsQuiet(t *testing.T) {
	s := calmly
	s.neighbours = func(round int) bool { return round%4 == 0 }
	quiet := NewQuiet(probed, s.perform(map[string]engine{"a": honest(1000)}, "a"))
	if quiet.FastNanoseconds != canaryFast || quiet.MedianNanoseconds != canaryFast || math.Abs(quiet.Share-0.75) > 0.1 {
		t.Errorf("%+v", quiet)
	}
	within := int64(quiet.bound)
	for _, test := range []struct {
		before, after *int64
		want          bool
	}{
		{pointer(within), pointer(within), true},
		{pointer(within + 1), pointer(within), false},
		{pointer(within), pointer(within + 1), false},
		{nil, pointer(within), false},
		{pointer(within), nil, false},
	} {
		if got := quiet.during(evidence.Sample{CanaryBeforeNanoseconds: test.before, CanaryAfterNanoseconds: test.after}); got != test.want {
			t.Errorf("a burst between %v and %v: quiet %v", test.before, test.after, got)
		}
	}
	none := NewQuiet(probed, nil)
	if !math.IsNaN(none.FastNanoseconds) || none.during(evidence.Sample{CanaryBeforeNanoseconds: pointer(int64(0)), CanaryAfterNanoseconds: pointer(int64(0))}) {
		t.Errorf("without readings: %+v", none)
	}
}

// severalClaims has a faster than each of some others by 5%.
func severalClaims(others, replicates int) (suite.Plan, []Replicate) {
	plan := probed
	plan.Claims = nil
	engines, names := map[string]engine{"a": honest(1000)}, []string{"a"}
	for i := range others {
		name := fmt.Sprintf("b%d", i)
		plan.Claims = append(plan.Claims, suite.ClaimPlan{Faster: "a", Than: name})
		engines[name], names = honest(1050), append(names, name)
	}
	return plan, calmly.with(replicates).perform(engines, names...)
}

func TestSeveralClaimsAreCorrectedFor(t *testing.T) {
	for _, test := range []struct {
		claims, replicates int
		want               Verdict
	}{
		// Six replicates on one side have p = 2/64: enough for one claim, not for two.
		{1, 6, Faster}, {2, 6, NotResolved}, {2, 10, Faster},
	} {
		plan, replicates := severalClaims(test.claims, test.replicates)
		claims := Claims(plan, NewQuiet(plan, replicates), replicates)
		if len(claims) != test.claims {
			t.Fatalf("%d claims", len(claims))
		}
		for _, c := range claims {
			if c.Verdict != test.want {
				t.Errorf("%d claims, %d replicates: %s/%s %s at log p %v", test.claims, test.replicates, c.A, c.B, c.Verdict, c.LogP)
			}
		}
	}
}

func TestImpreciseNamesThoseWhoNeedMore(t *testing.T) {
	plan := probed
	plan.Contenders = []string{"a", "b", "c"}
	plan.Claims = []suite.ClaimPlan{{Faster: "a", Than: "b"}, {Faster: "c", Than: "b"}}
	engines := map[string]engine{"a": honest(1000), "b": honest(1100), "c": honest(900).unlike(0.05)}
	for _, test := range []struct {
		replicates int
		precision  float64
		excluded   string
		want       []string
	}{
		{10, 0.01, "", []string{"b", "c"}},
		{10, 0.2, "", nil},
		{10, 0.0001, "", []string{"a", "b", "c"}},
		{5, 0.2, "", []string{"a", "b", "c"}}, // too few for any interval
		{5, 0.2, "c", []string{"a", "b"}},
		{10, 0.01, "c", nil},
		{5, 0.2, "b", nil},
	} {
		plan.Precision = test.precision
		var progress Progress
		for _, replicate := range calmly.with(test.replicates).perform(engines, "a", "b", "c") {
			progress.Add(replicate)
		}
		if got := progress.Imprecise(plan, map[string]bool{test.excluded: true}); !slices.Equal(got, test.want) {
			t.Errorf("%d replicates at %v without %q: %q, want %q", test.replicates, test.precision, test.excluded, got, test.want)
		}
	}
}

// What the stop rule keeps of a replicate gives the claims of the whole.
func TestProgressGivesTheSameClaims(t *testing.T) {
	replicates := calmly.perform(map[string]engine{"a": honest(1000), "b": honest(1100)}, "a", "b")
	var progress Progress
	for _, replicate := range replicates {
		progress.Add(replicate)
	}
	kept := Claims(probed, NewQuiet(probed, progress.replicates), progress.replicates)[0]
	whole := Claims(probed, NewQuiet(probed, replicates), replicates)[0]
	if kept.Ratio != whole.Ratio || kept.Verdict != whole.Verdict || kept.Source != whole.Source {
		t.Errorf("%+v of what is kept, %+v of all", kept, whole)
	}
}

// Six replicates of a claim among two have a p-value of 0.0625 after correction: they
// would leave it open, whatever they say.
func TestSoManyQuietReplicatesAreTakenAsCanDecide(t *testing.T) {
	for claims, want := range map[int]int{0: 6, 1: 6, 2: 7, 3: 7, 4: 8, 6: 8} {
		plan := suite.Plan{Claims: make([]suite.ClaimPlan, claims)}
		least := leastReplicates(plan)
		if least != want {
			t.Errorf("%d claims: %d replicates, want %d", claims, least, want)
		}
		ones := slices.Repeat([]float64{1}, least)
		for i := range ones {
			ones[i] += float64(i) / 100
		}
		logP := []float64{stats.SignedRank(ones).LogP}
		for range claims - 1 {
			logP = append(logP, 0)
		}
		if stats.Holm(logP)[0] > math.Log(0.05) {
			t.Errorf("%d claims: %d replicates that agree leave them open", claims, least)
		}
	}
}
