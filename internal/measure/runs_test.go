package measure

// This file tests whole runs of scripts: turns, controls, quiet, practice, the
// stop rule and what becomes of a run in which something fails.

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/protocol"
	"cupel/internal/sandbox"
	"cupel/internal/suite"
)

// roundOf names a round of a replicate.
type roundOf struct{ replicate, round int32 }

// rounds are the samples of all rounds, those of single calls left out.
func rounds(t *testing.T, b *evidence.Bundle) map[roundOf][]evidence.Sample {
	t.Helper()
	all := map[roundOf][]evidence.Sample{}
	for _, row := range launchesOf(b) {
		for _, s := range samplesIn(t, b, row) {
			if s.Round > 0 && s.Phase != evidence.PhaseStallCall {
				all[roundOf{s.Replicate, s.Round}] = append(all[roundOf{s.Replicate, s.Round}], s)
			}
		}
	}
	return all
}

func TestEveryRoundGivesEachItsTurn(t *testing.T) {
	r := rehearse(t, "turns", nil,
		constant("a", 1000), constant("b", 1500), constant("bystander", 800), constant("a@control", 1000))
	b := r.perform(t)
	given := map[time.Duration]performed{}
	for _, done := range r.stage.all {
		given[done.start] = done
	}
	all := rounds(t, b)
	if want := r.Plan.Launches * r.Plan.Paired.Rounds; len(all) != want {
		t.Fatalf("%d rounds, want %d", len(all), want)
	}
	orders := map[string]bool{}
	shortRounds, bystanding := 0, 0
	for at, samples := range all {
		slices.SortFunc(samples, func(a, b evidence.Sample) int { return int(*a.StartNanoseconds - *b.StartNanoseconds) })
		turns := map[string]int{}
		files := map[evidence.Phase]map[string]bool{}
		order := ""
		// A round is opened by whoever comes last.
		opening, last := samples[0], samples[len(samples)-1]
		if opening.Phase != evidence.PhaseOpening || opening.Contender != last.Contender || opening.Calls != 0 || opening.CanaryBeforeNanoseconds != nil || opening.CanaryAfterNanoseconds != nil {
			t.Errorf("%v: opened by %+v, where %s comes last", at, opening, last.Contender)
		}
		for _, s := range samples[1:] {
			turns[s.Contender+" "+s.Phase]++
			order += s.Contender + " " + s.Phase + ","
			if files[s.Phase] == nil {
				files[s.Phase] = map[string]bool{}
			}
			files[s.Phase][given[time.Duration(*s.StartNanoseconds)].request.Inputs] = true
			if s.CanaryBeforeNanoseconds == nil || s.CanaryAfterNanoseconds == nil {
				t.Errorf("%v: a burst of %s, %s, has no canary before or after it", at, s.Contender, s.Phase)
			}
		}
		orders[order] = true
		long := turns["a long"]+turns["a near"] > 0
		for phase, paths := range files {
			// Long bursts of few calls may have a file of fewer rows.
			if len(paths) != 1 && !long {
				t.Errorf("%v: %d files for %s", at, len(paths), phase)
			}
		}
		present := []string{"a", "b", "a@control"}
		if turns["bystander short"] > 0 || long {
			present = append(present, "bystander")
		}
		if want := wantedTurns(turns, present, long); !maps.Equal(turns, want) {
			t.Errorf("%v: turns %v, want %v", at, turns, want)
		}
		if !long {
			shortRounds++
			bystanding += turns["bystander short"]
		}
	}
	if len(orders) < len(all)/3 {
		t.Errorf("%d orders in %d rounds", len(orders), len(all))
	}
	if bystanding == 0 || bystanding > shortRounds*2/3 {
		t.Errorf("a contender without a claim took part in %d of %d short rounds", bystanding, shortRounds)
	}
}

// A long burst over many rows has at least as many as it predicts, and no more than twice
// as many, however many more the fastest contender's has.
func TestLongBurstsHaveAboutAsManyRowsAsTheyPredict(t *testing.T) {
	r := rehearse(t, "rows", nil, constant("fast", 100), constant("slow", 900))
	b := r.perform(t)
	many := map[string]int{}
	for _, samples := range rounds(t, b) {
		longest := map[int32]int32{}
		for _, s := range samples {
			if s.Phase == evidence.PhaseLong {
				longest[s.Launch] = s.Rows
				if most := int32(r.Plan.Paired.RowsMost); s.Rows < s.Calls && s.Calls > most || s.Rows > max(2*s.Calls, most) {
					t.Errorf("%s: %d rows for %d calls", s.Contender, s.Rows, s.Calls)
				}
				if s.Rows > int32(r.Plan.Paired.RowsMost) {
					many[s.Contender]++
				}
			}
		}
		for _, s := range samples {
			if rows := longest[s.Launch]; s.Phase == evidence.PhaseEmpty && rows > 0 && s.Rows != rows {
				t.Errorf("%s: a request without calls has %d rows beside a long burst over %d", s.Contender, s.Rows, rows)
			}
		}
	}
	if many["fast"] == 0 || many["slow"] == 0 {
		t.Errorf("long bursts over many rows: %v", many)
	}
}

// Launches that start beside each other have a core of the harness's until they are
// given a model, and their start-up is not timed.
func TestLaunchesStartTogetherAfterTheFirstReplicates(t *testing.T) {
	for name, change := range map[string]func(*suite.Plan){"inference": nil, "training": fitting} {
		t.Run(name, func(t *testing.T) {
			r := rehearse(t, "together", change, constant("a", 1000), constant("b", 1500), constant("a@control", 1000))
			r.HarnessCPUs, r.CPUs = []int{0}, []int{1}
			r.stage.together, r.stage.contenderCPUs = true, r.CPUs
			b := r.perform(t)
			timed := map[bool]int{}
			for _, p := range r.stage.actors {
				row := launchesOf(b)[p.launch]
				alone := row.Replicate <= r.Plan.Paired.StartAlone
				if got := b.Observations[p.launch].FirstAnswerNanoseconds > 0; got != alone {
					t.Errorf("replicate %d: launch %d has its start-up timed: %v", row.Replicate, p.launch, got)
				}
				timed[alone]++
			}
			if timed[true] != 3*r.Plan.Paired.StartAlone || timed[false] == 0 {
				t.Errorf("%d launches started alone, %d together", timed[true], timed[false])
			}
		})
	}
}

// A contender that has gone by the time that it is given CPUs ends its own launch; CPUs
// that can't be had are the harness's fault.
func TestAContenderThatExitsAfterHelloEndsItsOwnLaunchAlone(t *testing.T) {
	rehearsed := func(fault func(contender string) error) *scripted {
		gone := constant("gone", 1200)
		gone.pin = fault
		r := rehearse(t, "gone", nil, constant("a", 1000), constant("b", 1500), gone)
		r.HarnessCPUs, r.CPUs = []int{0}, []int{1}
		r.stage.together, r.stage.contenderCPUs = true, r.CPUs
		return r
	}
	r := rehearsed(func(name string) error { return &launch.Failure{Contender: name, Reason: "exited after hello"} })
	b := r.perform(t)
	for name, want := range map[string]int{"a": 0, "b": 0, "gone": maxFailures} {
		failed := 0
		for _, row := range ended(b, name) {
			if row.Outcome == evidence.Failed && row.Reason == "exited after hello" {
				failed++
			} else if row.Outcome != evidence.Finished {
				t.Errorf("%s: %s: %s", name, row.Outcome, row.Reason)
			}
		}
		if failed != want {
			t.Errorf("%s: %d launches failed, want %d", name, failed, want)
		}
	}
	r = rehearsed(func(string) error { return syscall.EPERM })
	if err := r.Measure(t.Context(), r.contenders); !errors.Is(err, syscall.EPERM) {
		t.Errorf("CPUs that can't be had: %v", err)
	}
}

// A program that can't be run is left out; that a start comes to nothing for want of
// pipes, logs or CPUs is nobody's fault but the harness's.
func TestAStartThatFailsIsBlamedOnWhoseFaultItIs(t *testing.T) {
	rehearsed := func(fault func(contender string) error) *scripted {
		broken := constant("broken", 1200)
		broken.starts = fault
		return rehearse(t, "start", nil, constant("a", 1000), constant("b", 1500), broken)
	}
	none := func(name string) error {
		return &launch.Failure{Contender: name, Reason: "cannot be started: no such file"}
	}
	b := rehearsed(none).perform(t)
	if rows := ended(b, "broken"); len(rows) != maxFailures || rows[0].Outcome != evidence.Failed {
		t.Errorf("a program that is not there: %+v", rows)
	}
	if rows := ended(b, "a"); rows[len(rows)-1].Outcome != evidence.Finished {
		t.Errorf("the others: %+v", rows)
	}
	for name, fault := range map[string]func(string) error{
		"alone":  func(string) error { return syscall.EMFILE },
		"beside": func(string) error { return syscall.EMFILE },
		"stage":  none,
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearsed(fault)
			switch name {
			case "beside":
				r.Plan.Paired.StartAlone = 0
				r.HarnessCPUs, r.CPUs = []int{0}, []int{1}
				r.stage.together, r.stage.contenderCPUs = true, r.CPUs
			case "stage":
				r.Sandbox = &sandbox.Sandbox{}
			}
			if err := r.Measure(t.Context(), r.contenders); err == nil {
				t.Fatal("the run went on")
			}
			r.watch(t)
			for _, row := range opened(t, r.Run).Ledger {
				if row.Event == evidence.EventExcluded || row.Outcome == evidence.Failed || row.Contender == "broken" && row.Outcome != "" && row.Outcome != evidence.Interrupted {
					t.Errorf("a contender is blamed: %+v", row)
				}
			}
			if left, err := os.ReadDir(r.Scratch); err != nil || len(left) > 0 {
				t.Errorf("left in the scratch directory: %v, %v", left, err)
			}
		})
	}
}

// wantedTurns are those due in a round that has got these turns.
func wantedTurns(turns map[string]int, present []string, long bool) map[string]int {
	want := map[string]int{}
	for _, name := range present {
		phases := []evidence.Phase{evidence.PhaseShort}
		if long {
			phases = []evidence.Phase{evidence.PhaseLong, evidence.PhaseEmpty}
			if turns["a near"] > 0 {
				phases[0] = evidence.PhaseNear
			}
			if turns["a stall"] > 0 {
				phases = append(phases, evidence.PhaseStall)
			}
		}
		for _, phase := range phases {
			want[name+" "+phase] = 1
		}
	}
	if turns["a@control "+evidence.PhasePositive] > 0 {
		delete(want, "a@control "+evidence.PhaseShort)
		want["a@control "+evidence.PhasePositive] = 1
	}
	return want
}

// once makes a run of one replicate: a claim would have more of them, but for the
// budget.
func once(plan *suite.Plan) { plan.Budget = "1ns" }

func TestTheScheduleOfARunIsTheNonces(t *testing.T) {
	schedule := func(nonce string) (turns []string) {
		r := rehearse(t, nonce, once, constant("a", 1000), constant("b", 1500))
		r.perform(t)
		for _, done := range r.stage.all {
			turns = append(turns, fmt.Sprint(done.contender, done.request.Rows, done.request.Calls))
		}
		return turns
	}
	one, again, other := schedule("one"), schedule("one"), schedule("other")
	if !slices.Equal(one, again) {
		t.Error("one nonce gave two schedules")
	}
	if slices.Equal(one, other) {
		t.Error("two nonces gave one schedule")
	}
}

// Whoever gives the nonce knows every row; whoever does not knows none.
func TestTheInputsOfARunAreTheNonces(t *testing.T) {
	inputs := func(nonce string) map[string]bool {
		r := rehearse(t, nonce, once, constant("a", 1000), constant("b", 1500))
		r.perform(t)
		seen := map[string]bool{}
		for _, p := range r.stage.actors {
			for digest := range p.seen {
				seen[fmt.Sprintf("%x", digest)] = true
			}
		}
		return seen
	}
	one, again, other := inputs("one"), inputs("one"), inputs("other")
	if len(one) < 20 || !maps.Equal(one, again) {
		t.Errorf("%d files of one nonce, and %d the second time", len(one), len(again))
	}
	for digest := range other {
		if one[digest] {
			t.Errorf("two nonces have the file %s in common", digest)
		}
	}
}

func TestIdenticalScriptsStopAfterThePlannedReplicates(t *testing.T) {
	r := rehearse(t, "identical", nil, constant("a", 1000), constant("b", 1000), constant("a@control", 1000))
	b := r.perform(t)
	if last := b.Ledger[len(b.Ledger)-1]; last.Event != evidence.EventStopped || last.Reason != "6 replicates were made and no claim needs more" {
		t.Errorf("last row %+v", last)
	}
	e := derived(t, b)
	if claim := e.Claims[0]; claim.Verdict != estimate.Equal || !claim.Quiet || len(claim.Replicates) != 6 {
		t.Errorf("claim %+v", claim)
	}
	if !e.Holds() {
		t.Errorf("controls %+v", e.Controls)
	}
	for _, name := range []string{"a", "b", "a@control"} {
		for _, row := range ended(b, name) {
			if row.Outcome != evidence.Finished || row.LabelsChecked == 0 || row.BoundaryRows != 4 || row.Steady.Course != "steady" {
				t.Errorf("%s: %+v", name, row)
			}
		}
	}
}

// varied has launches that differ by these shares, and then no more.
func varied(name string, nanoseconds float64, shares ...float64) script {
	return script{name: name, pace: func(launch int) pace {
		if launch < len(shares) {
			return steadily(nanoseconds * (1 + shares[launch]))
		}
		return steadily(nanoseconds)
	}}
}

var unlike = []float64{0.04, -0.03, 0.05, -0.04, 0.02, -0.05}

func TestVariedLaunchesGoOnUntilTheClaimIsPrecise(t *testing.T) {
	r := rehearse(t, "varied", nil, varied("a", 1000, unlike...), constant("b", 1200), constant("bystander", 900), constant("a@control", 1000))
	b := r.perform(t)
	made := len(ended(b, "a"))
	if want := fmt.Sprintf("%d replicates were made and no claim needs more", made); made <= 6 || b.Ledger[len(b.Ledger)-1].Reason != want {
		t.Fatalf("%d replicates; last row %+v", made, b.Ledger[len(b.Ledger)-1])
	}
	for name, want := range map[string]int{"b": made, "bystander": 6, "a@control": 6} {
		if got := len(ended(b, name)); got != want {
			t.Errorf("%s has %d launches, want %d", name, got, want)
		}
	}
	// What the rule saw: the last replicate was needed, and it was enough.
	var replicates []estimate.Replicate
	for number := range made {
		replicate := estimate.Replicate{}
		for _, name := range []string{"a", "b"} {
			replicate[name] = samplesIn(t, b, ended(b, name)[number])
		}
		replicates = append(replicates, replicate)
	}
	precise := func(some []estimate.Replicate) bool {
		return estimate.Claims(b.Plan, estimate.NewQuiet(b.Plan, some), some)[0].Precise(b.Plan.Precision)
	}
	if precise(replicates[:made-1]) || !precise(replicates) {
		t.Errorf("precise one replicate before the end: %v; at the end: %v", precise(replicates[:made-1]), precise(replicates))
	}
}

// The rule must not see which side is ahead, nor by how much: with the sides
// exchanged, or equally fast, a run takes as many replicates.
func TestTheStopRuleLooksAtPrecisionAlone(t *testing.T) {
	replicates := func(scripts ...script) int {
		// Less precise than a real run, so that it takes less time.
		coarse := func(plan *suite.Plan) { plan.Precision = 0.015 }
		return len(ended(rehearse(t, "mirrored", coarse, scripts...).perform(t), "a"))
	}
	ahead := replicates(varied("a", 1000, unlike...), constant("b", 1500))
	behind := replicates(constant("a", 1500), varied("b", 1000, unlike...))
	level := replicates(varied("a", 1500, unlike...), constant("b", 1500))
	if ahead != behind || ahead != level || ahead <= 6 {
		t.Errorf("%d replicates where the first is ahead, %d where it is behind, %d where it is neither", ahead, behind, level)
	}
}

// Nobody is launched for a claim whose other side is excluded, and the run says why it
// ends.
func TestAClaimAboutAnExcludedContenderNeedsNothingMore(t *testing.T) {
	two := func(plan *suite.Plan) {
		plan.Claims = []suite.ClaimPlan{{Faster: "a", Than: "b"}, {Faster: "c", Than: "d"}}
	}
	r := rehearse(t, "excluded", two, constant("a", 1000), constant("b", 1200), constant("c", 1000), constant("d", 1200))
	cell := r.first(t)
	cell.whole = cell.plan.Launches
	for number := range cell.whole {
		replicate := estimate.Replicate{}
		for _, name := range []string{"a", "b", "c", "d"} {
			nanoseconds := int64(20_000)
			if name == "a" || name == "c" {
				nanoseconds += int64(1000 * number)
			}
			replicate[name] = []evidence.Sample{{Contender: name, Phase: evidence.PhaseShort, Round: 1, Calls: 20, InnerNanoseconds: nanoseconds}}
		}
		cell.progress.Add(replicate)
	}
	names := func() (names []string, reason string) {
		going, reason := cell.goesOn(r.contenders, 0, time.Hour)
		for _, c := range going {
			names = append(names, c.Name)
		}
		return names, reason
	}
	if going, _ := names(); len(going) != 4 {
		t.Errorf("%q go on where nobody is excluded", going)
	}
	cell.markExcluded("a")
	if going, _ := names(); !slices.Equal(going, []string{"c", "d"}) {
		t.Errorf("%q go on where a is excluded", going)
	}
	cell.markExcluded("d")
	if going, reason := names(); going != nil || reason != "6 replicates were made, and the claims that are not precise are about contenders that are excluded: a, d" {
		t.Errorf("%q go on where a and d are excluded: %q", going, reason)
	}
}

func TestNoReplicateBeginsAfterTheBudgetIsSpent(t *testing.T) {
	unending := make([]float64, 1000)
	for i := range unending {
		unending[i] = unlike[i%len(unlike)]
	}
	r := rehearse(t, "budget", func(plan *suite.Plan) { plan.Budget, plan.Precision = "300ms", 0.0001 }, varied("a", 1000, unending...), constant("b", 1200))
	b := r.perform(t)
	made := len(ended(b, "a"))
	if want := fmt.Sprintf("the budget of 300ms was spent after %d of at least 6 replicates", made); b.Ledger[len(b.Ledger)-1].Reason != want {
		t.Errorf("last row %+v, want %q", b.Ledger[len(b.Ledger)-1], want)
	}
	var begun time.Time
	last := 0
	for _, row := range b.Ledger {
		if row.Event == evidence.EventStarted && row.Replicate > last {
			begun, last = row.Time, row.Replicate
		}
	}
	spent := b.Ledger[len(b.Ledger)-1].Time.Sub(epoch)
	if begun.Sub(epoch) > 300*time.Millisecond || spent <= 300*time.Millisecond {
		t.Errorf("the last of %d replicates began after %v, and the run ended after %v", made, begun.Sub(epoch), spent)
	}
}

func control(t *testing.T, b *evidence.Bundle, name string) estimate.Control {
	t.Helper()
	for _, c := range derived(t, b).Controls {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no %s control", name)
	return estimate.Control{}
}

// alittle is what honest launches differ by, so that intervals have a width.
var alittle = []float64{0.001, -0.002, 0.0015, -0.001, 0.002, -0.0005}

func TestControlsOfHonestAndTamperedRuns(t *testing.T) {
	// deaf makes the calls that are counted and no more: a positive burst is the one
	// that has more than the multiple.
	deaf := func(launch int) pace {
		return func(_ time.Duration, request protocol.InferRequest) time.Duration {
			counted := request.Calls
			if counted%21 == 0 && counted%20 != 0 {
				counted = counted / 21 * 20
			}
			return time.Duration(counted) * time.Microsecond
		}
	}
	afterBursts := func(s *stage) time.Duration {
		if s.played > 0 {
			return scriptedCanary * 103 / 100
		}
		return scriptedCanary
	}
	for _, test := range []struct {
		name    string
		control script
		canary  func(*stage) time.Duration
		fails   string
	}{
		{"honest", varied("a@control", 1000, alittle...), nil, ""},
		{"a copy that is 3% slower", varied("a@control", 1030, alittle...), nil, "negative"},
		{"a copy that is 3% faster", varied("a@control", 970, alittle...), nil, "negative"},
		{"a copy that ignores extra calls", script{name: "a@control", pace: deaf}, nil, "positive"},
		{"a canary that is slower after the bursts", varied("a@control", 1000, alittle...), afterBursts, "canary"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := rehearse(t, "controls", nil, varied("a", 1000, alittle[1:]...), constant("b", 1200), test.control)
			if test.canary != nil {
				r.stage.canary = test.canary
			}
			b := r.perform(t)
			for _, name := range []string{"negative", "positive", "canary"} {
				// A copy of another speed is off in the positive control too, by right.
				if test.fails == "negative" && name == "positive" {
					continue
				}
				if c := control(t, b, name); c.Holds != (name != test.fails) {
					t.Errorf("holds %v: %s", c.Holds, c.Text)
				}
			}
			if holds := derived(t, b).Holds(); holds != (test.fails == "") {
				t.Errorf("the controls together hold: %v", holds)
			}
		})
	}
}

// noisy is a machine with neighbours who come and go.
func noisy(now time.Duration) bool { return now/(3*time.Millisecond)%2 == 1 }

// disturbed takes longer by a factor while there are neighbours.
func disturbed(name string, nanoseconds, factor float64) script {
	return script{name: name, pace: func(int) pace {
		return func(now time.Duration, request protocol.InferRequest) time.Duration {
			if noisy(now) {
				return steadily(nanoseconds*factor)(now, request)
			}
			return steadily(nanoseconds)(now, request)
		}
	}}
}

func disturbedCanary(s *stage) time.Duration {
	if noisy(s.now) {
		return scriptedCanary * 3 / 2
	}
	return scriptedCanary
}

func TestARatioIsOfQuietRounds(t *testing.T) {
	impatient := func(plan *suite.Plan) {
		plan.Paired.Rounds, plan.Paired.Quiet.WaitReplicate = 60, 0
	}
	r := rehearse(t, "quiet", impatient, disturbed("a", 1000, 1.5), disturbed("b", 1200, 4))
	r.stage.canary = disturbedCanary
	b := r.perform(t)
	claim := derived(t, b).Claims[0]
	if !claim.Quiet || math.Abs(claim.Ratio.Estimate/1.2-1) > 0.002 {
		t.Errorf("ratio %v of quiet rounds (%v), want 1.2", claim.Ratio, claim.Quiet)
	}
	// The same samples, judged without the canary, show that it is not the rounds
	// that were all alike.
	loud := 0
	for _, samples := range rounds(t, b) {
		if slices.ContainsFunc(samples, func(s evidence.Sample) bool {
			return s.CanaryBeforeNanoseconds != nil && *s.CanaryBeforeNanoseconds > scriptedCanary.Nanoseconds()
		}) {
			loud++
		}
	}
	if loud < 6*60/4 {
		t.Errorf("only %d rounds met neighbours, so this test shows nothing", loud)
	}
}

func TestWithoutQuietRoundsAllAreTaken(t *testing.T) {
	never := func(plan *suite.Plan) { plan.Paired.Quiet.WaitReplicate = 0 }
	r := rehearse(t, "never quiet", never, constant("a", 1000), constant("b", 1200))
	// Every twentieth reading is fast, so that the fast level is known and no burst
	// lies between two such readings.
	r.stage.canary = func(s *stage) time.Duration {
		if s.readings%20 == 0 {
			return scriptedCanary
		}
		return 2 * scriptedCanary
	}
	claim := derived(t, r.perform(t)).Claims[0]
	if claim.Quiet || math.Abs(claim.Ratio.Estimate/1.2-1) > 0.002 || len(claim.Replicates) != 6 {
		t.Errorf("%+v", claim)
	}
}

func TestTheHarnessWaitsForQuietAsFarAsPatienceGoes(t *testing.T) {
	const patienceRound, patienceReplicate = 5 * time.Millisecond, 12 * time.Millisecond
	patient := func(plan *suite.Plan) {
		once(plan)
		plan.Paired.Quiet.WaitRound, plan.Paired.Quiet.WaitReplicate = suite.Duration(patienceRound), suite.Duration(patienceReplicate)
	}
	waits := func(canary func(*stage) time.Duration) (waited []time.Duration, r *scripted) {
		r = rehearse(t, "patience", patient, constant("a", 1000), constant("b", 1200))
		r.stage.canary = canary
		r.perform(t)
		if len(r.stage.waits) != r.Plan.Paired.Rounds {
			t.Fatalf("%d waits for %d rounds", len(r.stage.waits), r.Plan.Paired.Rounds)
		}
		return r.stage.waits, r
	}
	total := func(waited []time.Duration) (sum time.Duration) {
		for _, wait := range waited {
			sum += wait
		}
		return sum
	}

	// Neighbours for 3 ms at a time: what is waited for comes, until patience ends.
	waited, r := waits(disturbedCanary)
	if total(waited) == 0 || total(waited) > patienceReplicate+time.Duration(len(waited))*2*scriptedCanary {
		t.Errorf("waited %v in all, at most %v is allowed: %v", total(waited), patienceReplicate, waited)
	}
	quiet := 0
	for _, done := range r.stage.all {
		if done.inRound && !noisy(done.start) {
			quiet++
		}
	}
	if quiet == 0 {
		t.Error("no burst found the machine quiet")
	}

	// Quiet that never comes again is waited for, a round at a time and then no more.
	const slow = 200 * time.Microsecond
	waited, _ = waits(func(s *stage) time.Duration {
		if s.readings < canaryLeast/2 {
			return slow / 2
		}
		return slow
	})
	if slices.Max(waited) < patienceRound || slices.Max(waited) > patienceRound+2*slow {
		t.Errorf("waited %v before a round, %v is allowed", slices.Max(waited), patienceRound)
	}
	if total(waited) < patienceReplicate || total(waited) > patienceReplicate+4*2*slow {
		t.Errorf("waited %v in all, %v is allowed: %v", total(waited), patienceReplicate, waited)
	}
	if last := waited[len(waited)-1]; last != 0 {
		t.Errorf("waited %v before the last round, when patience was spent", last)
	}

	// A quiet machine is looked at once a round.
	waited, _ = waits(func(*stage) time.Duration { return scriptedCanary })
	if slices.Max(waited) > scriptedCanary {
		t.Errorf("waited %v for a quiet machine", slices.Max(waited))
	}
}

// A machine that changes its speed for all alike, which the canary does not see,
// leaves the ratio alone: the sides come within moments of each other.
func TestSpeedThatChangesForAllLeavesTheRatioAlone(t *testing.T) {
	flips := func(now time.Duration) float64 { return 1 + float64(now/(7*time.Millisecond)%2) }
	flipping := func(name string, nanoseconds float64) script {
		return script{name: name, pace: func(int) pace {
			return func(now time.Duration, request protocol.InferRequest) time.Duration {
				return steadily(nanoseconds*flips(now))(now, request)
			}
		}}
	}
	r := rehearse(t, "flips", func(plan *suite.Plan) { plan.Paired.Rounds = 60 }, flipping("a", 1000), flipping("b", 1250))
	b := r.perform(t)
	claim := derived(t, b).Claims[0]
	if math.Abs(claim.Ratio.Estimate/1.25-1) > 0.002 || claim.Verdict != estimate.Faster {
		t.Errorf("ratio %v (%s), want 1.25", claim.Ratio, claim.Verdict)
	}
	perCall := map[bool]int{}
	for _, row := range ended(b, "a") {
		for _, s := range samplesIn(t, b, row) {
			if s.Phase == evidence.PhaseShort {
				perCall[s.InnerNanoseconds > 1500*int64(s.Calls)]++
			}
		}
	}
	if perCall[true] < 30 || perCall[false] < 30 {
		t.Errorf("bursts were slow and fast %v times, so this test shows nothing", perCall)
	}
}

func TestPracticeGoesOnUntilSteady(t *testing.T) {
	const slow, window = 40, 64
	warming := script{name: "a", pace: func(int) pace {
		bursts := 0
		return func(now time.Duration, request protocol.InferRequest) time.Duration {
			if bursts++; bursts < slow {
				return steadily(3000)(now, request)
			}
			return steadily(1000)(now, request)
		}
	}}
	r := rehearse(t, "practice", func(plan *suite.Plan) {
		plan.Paired.Steady.Bursts, plan.Paired.Steady.Most = window, suite.Duration(time.Hour)
	}, warming, constant("b", 1000))
	b := r.perform(t)
	for _, row := range ended(b, "a") {
		if row.Steady.Course != "steady" || row.Steady.Bursts <= window || row.Steady.Bursts > slow+2*window {
			t.Errorf("launch %d: %+v", row.Launch, row.Steady)
		}
	}
	for _, row := range ended(b, "b") {
		if row.Steady.Course != "steady" || row.Steady.Bursts != window {
			t.Errorf("a steady one: %+v", row.Steady)
		}
	}
	for _, row := range b.Ledger {
		if row.Event == evidence.EventSized && math.Abs(row.Burst.NanosecondsPerCall/1000-1) > 0.01 {
			t.Errorf("%s was sized by %v ns a call", row.Contender, row.Burst.NanosecondsPerCall)
		}
	}
	if claim := derived(t, b).Claims[0]; math.Abs(claim.Ratio.Estimate-1) > 0.002 {
		t.Errorf("the slow start is in the ratio: %v", claim.Ratio)
	}
}

func TestPracticeThatNeverEndsIsEndedAndTheLaunchKept(t *testing.T) {
	restless := script{name: "a", pace: func(int) pace {
		requests := 0
		return func(now time.Duration, request protocol.InferRequest) time.Duration {
			requests++
			return steadily(200_000*math.Pow(0.8, float64(requests/40)))(now, request)
		}
	}}
	r := rehearse(t, "restless", func(plan *suite.Plan) {
		once(plan)
		plan.Paired.Steady.Bursts = 64
	}, restless, constant("b", 1000))
	b := r.perform(t)
	row := ended(b, "a")[0]
	if row.Outcome != evidence.Finished || row.Steady.Course != "warming up" || row.Steady.Change >= 0 {
		t.Errorf("%+v, %+v", row, row.Steady)
	}
	if row.Steady.Nanoseconds < int64(r.Plan.Paired.Steady.Most) || row.Steady.Bursts < 128 {
		t.Errorf("practice was ended after %+v", row.Steady)
	}
	e := derived(t, b)
	if got := e.Contenders[0].Unsteady; !reflect.DeepEqual(got, map[string]int{"warming up": 1}) {
		t.Errorf("unsteady launches %v", got)
	}
}

// timedRequests counts the requests of a launch that were answered and have a sample:
// those whose time is of no interest are left out.
func timedRequests(s *stage, launch int) int {
	count := 0
	for _, done := range s.all {
		agreement := done.request.Scores || !done.request.Chained() && done.request.Calls == 4 || done.request.Rows == 61
		if done.launch == launch && done.replied && !agreement {
			count++
		}
	}
	return count
}

func keptRequests(t *testing.T, b *evidence.Bundle, row evidence.LedgerRow) int {
	t.Helper()
	count := 0
	for _, s := range samplesIn(t, b, row) {
		if s.OuterNanoseconds != nil {
			count++
		}
	}
	return count
}

func TestALaunchThatFailsInRoundsEndsAlone(t *testing.T) {
	crashing := constant("crashing", 900)
	crashing.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
		if p.inRounds == 10 {
			return &launch.Failure{Contender: p.name, Reason: "it fell over"}
		}
		return nil
	}
	r := rehearse(t, "crash", func(plan *suite.Plan) {
		plan.Claims = append(plan.Claims, suite.ClaimPlan{Faster: "crashing", Than: "b"})
	}, constant("a", 1000), constant("b", 1200), crashing)
	b := r.perform(t)
	failed := ended(b, "crashing")
	if len(failed) != maxFailures {
		t.Fatalf("%d launches of a contender that crashes, want %d", len(failed), maxFailures)
	}
	for _, row := range failed {
		if row.Outcome != evidence.Failed || row.Reason != "it fell over" {
			t.Errorf("%+v", row)
		}
		if kept, made := keptRequests(t, b, row), timedRequests(r.stage, row.Launch); kept != made || kept == 0 {
			t.Errorf("launch %d: %d requests were timed and %d kept", row.Launch, made, kept)
		}
	}
	for _, name := range []string{"a", "b"} {
		for _, row := range ended(b, name) {
			if row.Outcome != evidence.Finished {
				t.Errorf("%s: %+v", name, row)
			}
		}
	}
	for at, samples := range rounds(t, b) {
		for _, name := range []string{"a", "b"} {
			if !slices.ContainsFunc(samples, func(s evidence.Sample) bool { return s.Contender == name }) {
				t.Errorf("%v: %s had no turn", at, name)
			}
		}
	}
	if e := derived(t, b); len(e.Claims) != 1 || len(e.Contenders) != 2 {
		t.Errorf("the launches that failed have figures: %+v", e)
	}
}

// A launch that has failed is no longer given turns, and must not take any either:
// before its own end it is stopped, whenever it failed.
func TestALaunchThatIsOverDoesNotRunBesideTheOthers(t *testing.T) {
	inapplicable := constant("inapplicable", 900)
	inapplicable.refuses = func(protocol.LoadRequest) bool { return true }
	hanging := constant("hanging", 900)
	hanging.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
		if p.inRounds > 0 {
			return &launch.Failure{Contender: p.name, Reason: "no reply within 2m0s"}
		}
		return nil
	}
	r := rehearse(t, "over", func(plan *suite.Plan) {
		plan.Claims = append(plan.Claims, suite.ClaimPlan{Faster: "hanging", Than: "b"})
	}, constant("a", 1000), constant("b", 1200), inapplicable, hanging)
	b := r.perform(t) // which watches who runs beside whom
	for name, want := range map[string]evidence.Outcome{"inapplicable": evidence.NotApplicable, "hanging": evidence.Failed, "a": evidence.Finished} {
		if rows := ended(b, name); len(rows) == 0 || rows[0].Outcome != want {
			t.Errorf("%s: %+v", name, rows)
		}
	}
}

// A contender that can hold the suite's model and not a probe's is timed all the
// same, and what it took to say so is not counted as work between requests.
func TestAProbeThatIsRefusedEndsTheTurn(t *testing.T) {
	narrow := constant("a", 1000)
	narrow.refuses = func(request protocol.LoadRequest) bool { return request.Architecture.Inputs() > 8 }
	r := rehearse(t, "narrow", func(plan *suite.Plan) {
		once(plan)
		plan.Probes.Widths = []int{2, 1}
	}, narrow, constant("b", 1200))
	b := r.perform(t)
	row := ended(b, "a")[0]
	if row.Outcome != evidence.Finished {
		t.Fatalf("%+v", row)
	}
	phases := map[evidence.Phase]int{}
	for _, s := range samplesIn(t, b, row) {
		phases[s.Phase]++
	}
	if phases[evidence.PhaseWidth(2)] != 0 || phases[evidence.PhaseWidth(1)] != 1 {
		t.Errorf("samples %v", phases)
	}
	if o := b.Observations[row.Launch]; o.IdleCPUNanoseconds != 0 || o.IdleNanoseconds == 0 {
		t.Errorf("%d ns of a CPU in %d ns between requests", o.IdleCPUNanoseconds, o.IdleNanoseconds)
	}
}

// Nobody is called idle whose time on a CPU was not measured.
func TestWithoutACPUClockNothingIsSaidOfIdleness(t *testing.T) {
	clockless := constant("a", 1000)
	clockless.clockless = true
	r := rehearse(t, "clockless", once, clockless, constant("b", 1200))
	b := r.perform(t)
	launch := ended(b, "a")[0].Launch
	if o := b.Observations[launch]; o.IdleNanoseconds != 0 || o.IdleCPUNanoseconds != 0 {
		t.Errorf("a: %d ns of a CPU in %d ns between requests", o.IdleCPUNanoseconds, o.IdleNanoseconds)
	}
	if o := b.Observations[ended(b, "b")[0].Launch]; o.IdleNanoseconds == 0 {
		t.Error("b: nothing between requests, so this test shows nothing")
	}
	requests, err := b.Requests(launch, "a")
	if err != nil || len(requests) == 0 {
		t.Fatalf("%d requests, %v", len(requests), err)
	}
	for _, request := range requests {
		if request.IdleCPUNanoseconds != nil || request.CPUNanoseconds != nil {
			t.Fatalf("%+v has a CPU clock", request)
		}
	}
}

// On a system other than Linux there are no CPU clocks, accounts, inspections or bound
// CPUs. A run is measured and judged all the same.
func TestARunWithoutLinuxsParts(t *testing.T) {
	scripts := []script{constant("a", 1000), constant("b", 1500), constant("a@control", 1000)}
	for i := range scripts {
		scripts[i].clockless = true
	}
	r := rehearse(t, "unsupported", func(plan *suite.Plan) { plan.Launches = 7 }, scripts...)
	if len(r.CPUs) > 0 || len(r.HarnessCPUs) > 0 {
		t.Fatal("the run has CPUs of its own, so this test shows nothing")
	}
	b := r.perform(t)
	for _, script := range scripts {
		rows := ended(b, script.name)
		if len(rows) == 0 || slices.ContainsFunc(rows, func(row evidence.LedgerRow) bool { return row.Outcome != evidence.Finished }) {
			t.Errorf("%s: %+v", script.name, rows)
		}
	}
	e := derived(t, b)
	if len(e.Claims) != 1 || e.Claims[0].Verdict != estimate.Faster {
		t.Errorf("claims %+v", e.Claims)
	}
	for _, c := range e.Contenders {
		for _, check := range c.Checks {
			// A script's time does not grow with the model, which slope finds on Linux too.
			if check.Accuses && check.Judged && !check.Holds && check.Rule != "slope" {
				t.Errorf("%s is accused by %s", c.Name, check.Rule)
			}
		}
	}
	if disturbances := r.Disturbances(); len(disturbances) > 0 {
		t.Errorf("disturbances %q", disturbances)
	}
}

func TestAWrongAnswerInATimedBurstMakesTheLaunchWrong(t *testing.T) {
	for name, tamper := range map[string]func(protocol.InferRequest, *protocol.Infer) bool{
		"label": func(request protocol.InferRequest, reply *protocol.Infer) bool {
			if len(reply.Labels) > 3 && !request.Samples {
				reply.Labels[3] ^= 1
				return true
			}
			return false
		},
		"last row": func(request protocol.InferRequest, reply *protocol.Infer) bool {
			if !request.Want && request.Calls > 500 {
				reply.Last = (reply.Last + 1) % request.Rows
				return true
			}
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			cheat := constant("cheat", 500)
			lied := map[int]bool{}
			cheat.tamper = func(p *actor, request protocol.InferRequest, reply *protocol.Infer) error {
				if p.inRounds > 5 && !lied[p.launch] {
					lied[p.launch] = tamper(request, reply)
				}
				return nil
			}
			r := rehearse(t, "wrong", func(plan *suite.Plan) {
				plan.Claims = append(plan.Claims, suite.ClaimPlan{Faster: "cheat", Than: "b"})
			}, constant("a", 1000), constant("b", 1200), cheat)
			b := r.perform(t)
			rows := ended(b, "cheat")
			if len(rows) != 1 || rows[0].Outcome != evidence.Wrong || !lied[rows[0].Launch] {
				t.Fatalf("lied %v: %+v", lied, rows)
			}
			if kept, made := keptRequests(t, b, rows[0]), timedRequests(r.stage, rows[0].Launch); kept != made || kept == 0 {
				t.Errorf("%d requests were timed and %d kept", made, kept)
			}
			if others := ended(b, "a"); len(others) != 6 || others[0].Outcome != evidence.Finished {
				t.Errorf("the others: %+v", ended(b, "a"))
			}
			if e := derived(t, b); len(e.Contenders) != 2 || len(e.Claims) != 1 {
				t.Errorf("the liar has figures: %+v", e)
			}
		})
	}
}

func TestInterruptionInRoundsKeepsAllSamples(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	interrupting := constant("a", 1000)
	interrupting.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
		if p.launch > 2 && p.inRounds == 7 {
			cancel()
		}
		return nil
	}
	r := rehearse(t, "interrupted", nil, interrupting, constant("b", 1200))
	if err := r.Measure(ctx, r.contenders); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	r.watch(t)
	b := opened(t, r.Run)
	rows := launchesOf(b)
	if len(rows) != 4 {
		t.Fatalf("%d launches have an end, want 4", len(rows))
	}
	for _, row := range rows {
		want := evidence.Finished
		if row.Replicate == 2 {
			want = evidence.Interrupted
		}
		if row.Outcome != want {
			t.Errorf("%+v, want %s", row, want)
		}
		if kept, made := keptRequests(t, b, row), timedRequests(r.stage, row.Launch); kept != made || kept == 0 {
			t.Errorf("launch %d: %d requests were timed and %d kept", row.Launch, made, kept)
		}
	}
	for _, row := range b.Ledger {
		if row.Event == evidence.EventExcluded {
			t.Errorf("%+v", row)
		}
	}
	if e := derived(t, b); e.Replicates != 1 {
		t.Errorf("%d replicates, want the one that was finished", e.Replicates)
	}
}

// A disk that is full is nobody's fault but the harness's.
func TestWhatTheHarnessCannotWriteIsNoContendersFault(t *testing.T) {
	inTheWay := func(path string) error {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		return os.WriteFile(path, nil, 0o644)
	}
	for name, breaks := range map[string]func(*Run) error{
		"samples": func(r *Run) error { return inTheWay(r.Bundle.Path(evidence.SamplesDir)) },
		// What is written already stays: a contender is not asked for what is gone.
		"input files":  func(r *Run) error { r.Scratch = filepath.Join(r.Scratch, "gone"); return nil },
		"whole bundle": func(r *Run) error { return r.Bundle.(*evidence.Writer).Close() },
	} {
		t.Run(name, func(t *testing.T) {
			var r *scripted
			filling := constant("a", 1000)
			filling.tamper = func(p *actor, _ protocol.InferRequest, _ *protocol.Infer) error {
				if p.launch > 2 && p.inRounds == 7 {
					if err := breaks(r.Run); err != nil {
						t.Error(err)
					}
				}
				return nil
			}
			r = rehearse(t, "full", nil, filling, constant("b", 1200))
			err := r.Measure(t.Context(), r.contenders)
			if err == nil {
				t.Fatal("the run went on")
			}
			if failure := new(launch.Failure); errors.As(err, &failure) {
				t.Errorf("a contender is blamed: %v", failure)
			}
			if name == "input files" && strings.Count(err.Error(), "\n") > 0 {
				t.Errorf("one fault is told more than once: %v", err)
			}
			r.watch(t)
			b := opened(t, r.Run)
			for _, row := range b.Ledger {
				blamed := row.Event == evidence.EventExcluded || row.Outcome == evidence.Failed || row.Outcome == evidence.Wrong
				if blamed || row.Replicate == 2 && row.Outcome != "" && (row.Outcome != evidence.Interrupted || !strings.HasPrefix(row.Reason, "the harness failed: ")) {
					t.Errorf("%+v", row)
				}
				if row.Replicate > 2 {
					t.Errorf("the run went on: %+v", row)
				}
			}
		})
	}
}

// A contender that says of every burst that it took a nanosecond is asked for no more
// calls than the harness's clock bears out, and for no more rows.
func TestATinyClaimedTimeIsNotBelieved(t *testing.T) {
	const honest = 500.0 // ns a call
	liar := constant("liar", honest)
	mostRows, mostCalls := 0, 0
	liar.tamper = func(_ *actor, request protocol.InferRequest, reply *protocol.Infer) error {
		mostRows, mostCalls = max(mostRows, request.Rows), max(mostCalls, request.Calls)
		reply.ElapsedNanoseconds = min(reply.ElapsedNanoseconds, 1)
		return nil
	}
	b := rehearse(t, "liar", func(plan *suite.Plan) {
		plan.Claims = append(plan.Claims, suite.ClaimPlan{Faster: "liar", Than: "b"})
	}, constant("a", 1000), constant("b", 1200), liar).perform(t)
	sized := 0.0
	for _, row := range b.Ledger {
		if row.Event == evidence.EventSized && row.Contender == "liar" {
			sized = row.Burst.NanosecondsPerCall
		}
	}
	// Reading rows takes some of the time, and fewer rows than those without calls.
	if sized < 0.9*honest/disbelief || sized > honest {
		t.Errorf("its bursts are sized by %v ns a call", sized)
	}
	plan := suite.DefaultPaired
	if most := int(float64(plan.LongMost) / (honest / disbelief)); mostCalls > 2*most || mostRows > 2*most {
		t.Errorf("it was asked for up to %d calls over %d rows", mostCalls, mostRows)
	}
}

// Where requests without calls took longer than bursts, the claim of a nanosecond is not
// believed either. On a busy machine it once was, and 34 launches were given files of
// ten million rows.
func TestATinyClaimedTimeIsNotBelievedWhereEmptyRequestsAreSlow(t *testing.T) {
	const calls, warmup, honest, request = 200, 16, 500.0, 50_000.0 // ns
	plan := scriptedPlan()
	outer := int64(request + (calls+warmup)*honest)
	a := attempt{cell: &cell{plan: plan}}
	for range plan.Paired.Steady.Bursts {
		a.samples = append(a.samples, evidence.Sample{Phase: evidence.PhasePractice, Calls: calls, Warmup: warmup, OuterNanoseconds: &outer})
	}
	// A burst for which the harness's clock shows nothing, as chance has it, decides nothing.
	few := int64(request)
	a.samples[len(a.samples)-1].OuterNanoseconds = &few
	for _, empty := range []float64{request, float64(outer), 100 * float64(outer)} {
		if got := a.believed(honest, empty); got != honest {
			t.Errorf("where an empty request takes %v ns, an honest claim of %v is taken for %v", empty, honest, got)
		}
		if got := a.believed(0.005, empty); got < honest/firstDisbelief || got > honest {
			t.Errorf("where an empty request takes %v ns, a claim of 0.005 ns is taken for %v", empty, got)
		}
	}
	if got := a.believed(0.005, request); got < 0.9*honest/disbelief {
		t.Errorf("a claim of 0.005 ns is taken for %v", got)
	}
}

// Where most requests wait for a CPU, an honest claim is believed all the same.
func TestAnHonestTimeIsBelievedOnABusyMachine(t *testing.T) {
	const calls, warmup, honest, request, turn = 2000, 16, 40.0, 60_000.0, 4_000_000.0 // ns
	plan := scriptedPlan()
	a := attempt{cell: &cell{plan: plan}}
	for made := range plan.Paired.Steady.Bursts {
		outer := int64(request + (calls+warmup)*honest)
		if made%8 > 0 {
			outer += turn
		}
		a.samples = append(a.samples, evidence.Sample{Phase: evidence.PhasePractice, Calls: calls, Warmup: warmup, OuterNanoseconds: &outer})
	}
	for _, empty := range []float64{request, request + turn} {
		if got := a.believed(honest, empty); got != honest {
			t.Errorf("where an empty request takes %v ns, an honest claim of %v is taken for %v", empty, honest, got)
		}
	}
}

// One that says that it took years is asked for as many calls as anybody of its speed,
// and its planted stops come while it computes.
func TestAHugeClaimedTimeIsNotBelieved(t *testing.T) {
	const honest = 500.0 // ns a call
	liar := constant("liar", honest)
	liar.tamper = func(_ *actor, _ protocol.InferRequest, reply *protocol.Infer) error {
		reply.ElapsedNanoseconds = math.MaxInt64 / 2
		return nil
	}
	r := rehearse(t, "liar", func(plan *suite.Plan) {
		plan.Claims = append(plan.Claims, suite.ClaimPlan{Faster: "liar", Than: "b"})
	}, constant("a", 1000), constant("b", 1200), liar)
	b := r.perform(t)
	sized := 0.0
	for _, row := range b.Ledger {
		if row.Event == evidence.EventSized && row.Contender == "liar" {
			sized = row.Burst.NanosecondsPerCall
		}
	}
	// Reading and the round trip are in what the harness saw of a burst of few calls.
	if slowest := float64(scriptedRoundTrip.Nanoseconds() + 10_000*scriptedRow.Nanoseconds()); sized < honest || sized > slowest {
		t.Errorf("its bursts are sized by %v ns a call", sized)
	}
}
