package compare

// This file tests comparisons of made-up bundles whose ratios are known.

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"cupel/docs/schemas"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/suite"
	"cupel/model"
)

// made is how a made-up bundle is.
type made struct {
	// times are what a call of each contender takes, in nanoseconds.
	times      map[string]float64
	replicates int
	// between is by how much launches differ, as a share.
	between float64
	seed    uint64
	// control is what a call of the second copy of a takes against one of a.
	control     float64
	environment evidence.Environment
	// version is that of b.
	version string
	// crowded has a neighbour slow the canary in all rounds but the first two.
	crowded bool
	change  func(*suite.Plan)
}

func usual() made {
	return made{
		times: map[string]float64{"a": 1000, "b": 3000}, replicates: 10, between: 0.003, seed: 1, control: 1,
		environment: evidence.Environment{CPU: "Z80", Cores: 2, Boot: "one", Kernel: "6"}, version: "1",
	}
}

func (m made) taking(name string, nanoseconds float64) made {
	times := map[string]float64{}
	for other, value := range m.times {
		times[other] = value
	}
	times[name] = nanoseconds
	m.times = times
	return m
}

func (m made) seeded(seed uint64) made { m.seed = seed; return m }

func (m made) plan() suite.Plan {
	plan := suite.Plan{
		Suite: "s", SuiteSHA256: "d", Workload: "inference", Dataset: "mnist",
		Model: model.Architecture{Kind: model.LogisticRegression, Layers: []int{784, 2}}, Batch: 1, Threads: 1,
		Precision: 0.01, Tolerance: 0.01, Contenders: []string{"a", "b", "c"}, Control: []string{"a"},
		Claims: []suite.ClaimPlan{{Faster: "a", Than: "b"}}, Paired: suite.DefaultPaired,
	}
	if m.change != nil {
		m.change(&plan)
	}
	return plan
}

// bundle writes the bundle and reads it.
func (m made) bundle(t *testing.T) *evidence.Bundle {
	t.Helper()
	w, err := evidence.Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(w.WriteJSON(evidence.PlanFile, m.plan()))
	check(w.WriteJSON(evidence.EnvironmentFile, m.environment))
	for name := range m.times {
		version := "1"
		if name == "b" {
			version = m.version
		}
		check(w.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.StatementFile), evidence.Statement{
			Contender: name, Hello: protocol.Hello{Name: name, Version: version},
		}))
	}
	random := rand.New(rand.NewPCG(m.seed, 2))
	launch := 0
	for replicate := range m.replicates {
		for _, name := range []string{"a", "b", "c", "a@control"} {
			call, there := m.times[name]
			role := evidence.Role("")
			if name == "a@control" {
				call, there, role = m.times["a"]*m.control, true, evidence.RoleControl
			}
			if !there {
				continue
			}
			launch++
			samples := m.samples(name, launch, replicate+1, call*(1+m.between*random.NormFloat64()))
			check(w.WriteSamples(launch, name, samples))
			check(w.Append(evidence.LedgerRow{
				Event: evidence.EventEnded, Outcome: evidence.Finished, Contender: name, Role: role, Launch: launch, Replicate: replicate + 1,
			}))
		}
	}
	b, err := evidence.Open(w.Dir())
	check(err)
	return b
}

func (m made) samples(name string, launch, replicate int, call float64) (samples []evidence.Sample) {
	for round := int32(1); round <= 20; round++ {
		canary := int64(10_000)
		if m.crowded && round > 2 {
			canary = 20_000
		}
		burst := func(phase evidence.Phase, calls int32) {
			start := int64(round)*1000 + int64(launch)
			samples = append(samples, evidence.Sample{
				Launch: int32(launch), Contender: name, Replicate: int32(replicate), Round: round, Phase: phase, Calls: calls,
				InnerNanoseconds: int64(call * float64(calls)), StartNanoseconds: &start,
				CanaryBeforeNanoseconds: &canary, CanaryAfterNanoseconds: &canary,
			})
		}
		burst(evidence.PhaseShort, 200)
		if name == "a@control" {
			burst(evidence.PhasePositive, 210)
		}
	}
	return samples
}

func compared(t *testing.T, bundles ...*evidence.Bundle) *Result {
	t.Helper()
	var names []string
	for _, b := range bundles {
		names = append(names, b.Dir)
	}
	r, err := Bundles(names, bundles)
	if err != nil {
		t.Fatal(err)
	}
	follows(t, schemas.Compare, r)
	return r
}

// follows checks that what is printed as JSON has its published shape.
func follows(t *testing.T, schema string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := schemas.Validate(schema, text); err != nil {
		t.Error(err)
	}
}

func TestPoint79(t *testing.T) {
	first := usual().bundle(t)
	for _, test := range []struct {
		name    string
		other   made
		verdict Verdict
		overlap bool
		reason  string
	}{
		{"the same again", usual().seeded(2), CarriesOver, true, "all 1 pairs"},
		{"a third more", usual().seeded(2).taking("b", 4000), CarriesOver, false, "within a factor of 2"},
		{"just below twice", usual().seeded(2).taking("b", 5900), CarriesOver, false, "within a factor of 2"},
		{"three times", usual().seeded(2).taking("b", 9000), Differs, false, "times apart"},
		{"a third", usual().seeded(2).taking("a", 3000), Differs, false, "times apart"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := compared(t, first, test.other.bundle(t))
			if r.Verdict != test.verdict || !strings.Contains(r.Reason, test.reason) {
				t.Errorf("%s: %s", r.Verdict, r.Reason)
			}
			if pair := r.Pairs[0]; len(r.Pairs) != 1 || !pair.Claim || *pair.Overlap != test.overlap || *pair.Within != (test.verdict == CarriesOver) {
				t.Errorf("%+v", r.Pairs)
			}
		})
	}
}

func TestEveryPairIsCompared(t *testing.T) {
	three := usual().taking("c", 500)
	// c alone is another: both of its pairs are apart, and a / b is not.
	r := compared(t, three.bundle(t), three.seeded(2).taking("c", 1500).bundle(t))
	if r.Verdict != Differs || len(r.Pairs) != 3 || !*r.Pairs[0].Within || *r.Pairs[1].Within || *r.Pairs[2].Within {
		t.Errorf("%s: %+v", r.Reason, r.Pairs)
	}
}

func TestWhatIsMissingIsNamedAndNotJudged(t *testing.T) {
	with, without := usual().taking("c", 500), usual()
	r := compared(t, with.bundle(t), without.bundle(t))
	if r.Verdict != CarriesOver || len(r.Bundles[1].Missing) != 1 || r.Bundles[1].Missing[0] != "c" || len(r.Bundles[0].Missing) != 0 {
		t.Errorf("%s: %+v", r.Verdict, r.Bundles)
	}
	for _, pair := range r.Pairs[1:] {
		if pair.Ratios[0] == nil || pair.Ratios[1] != nil || pair.Within != nil || pair.Factor != nil {
			t.Errorf("%+v", pair)
		}
	}
	alone := usual()
	alone.times = map[string]float64{"a": 1000}
	if r := compared(t, with.bundle(t), alone.bundle(t)); r.Verdict != Undecided {
		t.Errorf("%s: %s", r.Verdict, r.Reason)
	}
}

// A claim may be worded the other way in another suite.
func TestTheWordingOfAClaimDoesNotMatter(t *testing.T) {
	other := usual().seeded(2)
	other.change = func(plan *suite.Plan) { plan.Claims = []suite.ClaimPlan{{Faster: "b", Than: "a"}} }
	r := compared(t, usual().bundle(t), other.bundle(t))
	if r.Verdict != CarriesOver || len(r.Pairs) != 1 || math.Abs(r.Pairs[0].Ratios[1].Ratio-3) > 0.05 || *r.Pairs[0].Ratios[1].Low > 3 || *r.Pairs[0].Ratios[1].High < 3 {
		t.Errorf("%+v, %+v", r.Pairs[0].Ratios[0], r.Pairs[0].Ratios[1])
	}
}

func TestRunsWithoutControlsDecideNothing(t *testing.T) {
	off := usual()
	off.control = 1.2
	if r := compared(t, usual().bundle(t), off.bundle(t)); r.Verdict != Undecided || !strings.Contains(r.Reason, "controls") {
		t.Errorf("%s: %s", r.Verdict, r.Reason)
	}
}

func TestABundleThatIsNotIntactDecidesNothing(t *testing.T) {
	r := compared(t, usual().bundle(t), usual().seeded(2).bundle(t))
	r.Distrust(1, "plan.json: changed")
	if r.Verdict != Undecided || r.Bundles[1].Fault == "" || !strings.Contains(r.Reason, "plan.json") {
		t.Errorf("%s: %s", r.Verdict, r.Reason)
	}
}

func TestDifferentThingsAreNotCompared(t *testing.T) {
	for what, change := range map[string]func(*suite.Plan){
		"model": func(plan *suite.Plan) { plan.Model.Layers = []int{784, 10} },
		"data":  func(plan *suite.Plan) { plan.Dataset = "other" },
		"batch": func(plan *suite.Plan) { plan.Batch = 16 },
	} {
		other := usual()
		other.change = change
		if _, err := Bundles([]string{"one", "two"}, []*evidence.Bundle{usual().bundle(t), other.bundle(t)}); !errors.Is(err, ErrUnlike) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

func TestMachines(t *testing.T) {
	first := usual().environment
	again, updated, moved := first, first, first
	again.Boot = "two"
	updated.Kernel = "7"
	moved.CPU, moved.Boot = "6502", "one"
	unknown := first
	unknown.Boot = ""
	for _, test := range []struct {
		this        evidence.Environment
		machine     Machine
		differences int
	}{{first, SameMachine, 0}, {again, LikeMachine, 0}, {updated, SameMachine, 1}, {moved, OtherMachine, 1}, {unknown, LikeMachine, 0}} {
		machine, differences := environments(first, test.this)
		if machine != test.machine || len(differences) != test.differences {
			t.Errorf("%+v: %s, %+v", test.this, machine, differences)
		}
	}
	if machine, _ := environments(unknown, unknown); machine != LikeMachine {
		t.Errorf("two machines that hide when they were started are %s", machine)
	}
}
