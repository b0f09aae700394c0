package measure

// This file tests runs of trainings on the stage.

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/dataset"
	"cupel/internal/draw"
	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/protocol"
	"cupel/internal/suite"
	"cupel/model"
)

// operations are those that a script says it has.
func (p *actor) operations() []string {
	if p.ops != nil {
		return p.ops
	}
	return []string{protocol.OpInfer, protocol.OpTrain}
}

// Train trains as the contender `go` does and takes the time that the script says
// for so many calls as there are epochs.
func (p *actor) Train(_ context.Context, request protocol.TrainRequest) (protocol.Train, time.Duration, error) {
	s := p.stage
	done := p.began(protocol.InferRequest{Inputs: request.Inputs, Calls: request.Epochs, Rows: request.Rows, Dim: request.Dim, Hop: request.Dim})
	if p.mistrain != nil {
		if err := p.mistrain(p, &request); err != nil {
			return protocol.Train{}, 0, &launch.Failure{Contender: p.name, Reason: "train refused", Err: &protocol.RefusalError{Op: protocol.OpTrain, Why: err.Error()}}
		}
	}
	x, err := p.read(done.request)
	if err != nil {
		return protocol.Train{}, 0, err
	}
	labels, err := os.ReadFile(request.Labels)
	if err != nil {
		return protocol.Train{}, 0, err
	}
	if done.inRound {
		digest := sha256.Sum256(fmt.Append(nil, x))
		if p.seen[digest] {
			s.fault("launch %d (%s) was given the same rows twice", p.launch, p.name)
		}
		p.seen[digest] = true
	}
	trained, err := model.Fit(context.Background(), request.Architecture, model.Examples{X: x, Dim: request.Dim, Labels: labels},
		model.FitConfig{Epochs: request.Epochs, BatchSize: request.Batch, LearningRate: float32(request.LearningRate), InOrder: true})
	if err != nil {
		return protocol.Train{}, 0, err
	}
	content, err := model.ToSafetensors(trained)
	if err != nil {
		return protocol.Train{}, 0, err
	}
	if err := os.WriteFile(request.Weights, content, 0o644); err != nil {
		return protocol.Train{}, 0, err
	}
	elapsed := p.pace(s.now, done.request)
	took := scriptedRoundTrip + time.Duration(request.Rows)*scriptedRow + elapsed
	p.cpu += took
	s.now += took
	done.replied = true
	s.all[len(s.all)-1] = done
	return protocol.Train{ElapsedNanoseconds: elapsed.Nanoseconds(), Parameters: int64(numbers(trained))}, took, nil
}

// scriptedTrainingData are data of three classes, of which two are drawn at a time.
func scriptedTrainingData() *Material {
	const rows, dim, classes = 90, 8, 3
	data := dataset.Examples{X: draw.Values(draw.Stream("stage", "examples", 0), rows*dim), Dim: dim, Classes: classes}
	for i := range rows {
		data.Labels = append(data.Labels, uint8(i%classes))
	}
	return &Material{Train: data, TrainingRows: rows}
}

// fitting makes a plan one of trainings.
func fitting(plan *suite.Plan) {
	plan.Workload, plan.Seed = suite.KindFit, 42
	plan.Train = &suite.TrainPlan{Rows: 30, Epochs: 20, Batch: 30, LearningRate: 0.1, LongEpochs: 60, AgreementRows: 10, AgreementEpochs: 3}
	plan.Paired.RowsLeast, plan.Paired.RowsMost, plan.Paired.Stalls = 0, 0, 0
	plan.Paired.Quiet.LeastShort = 5
	plan.Probes = suite.ProbesPlan{}
	plan.Launches = 7
}

func TestTrainingsAreMeasuredLikeBursts(t *testing.T) {
	r := rehearse(t, "fit", fitting, constant("a", 100_000), constant("b", 150_000), constant("a@control", 100_000))
	b := r.perform(t)
	e := derived(t, b)
	if claim := e.Claims[0]; claim.Verdict != estimate.Faster || math.Abs(claim.Ratio.Estimate-1.5) > 1e-3 || claim.Source != estimate.FromShort {
		t.Errorf("%+v", claim)
	}
	if !e.Holds() {
		t.Errorf("%+v", e.Controls)
	}
	for _, name := range []string{"a", "b", "a@control"} {
		for _, row := range ended(b, name) {
			samples := samplesIn(t, b, row)
			if row.Outcome != evidence.Finished || row.TrainingsMade != len(samples) || row.Parameters != 18 || row.Steady == nil {
				t.Errorf("%s: %d samples of %+v", name, len(samples), row)
			}
			if kept, made := len(samples), timedRequests(r.stage, row.Launch); kept != made {
				t.Errorf("%s: %d trainings were timed and %d kept", name, made, kept)
			}
		}
	}
	// In a round all have the same number of epochs, but for the copy's own.
	for at, samples := range rounds(t, b) {
		slices.SortFunc(samples, func(a, b evidence.Sample) int { return strings.Compare(a.Contender+a.Phase, b.Contender+b.Phase) })
		for _, s := range samples {
			want := map[evidence.Phase]int32{
				evidence.PhaseShort: 20, evidence.PhasePositive: 21, evidence.PhaseLong: 60, evidence.PhaseNear: 60, evidence.PhaseEmpty: 1,
			}[s.Phase]
			if s.Calls != want || s.Rows != 30 || s.OuterNanoseconds == nil || s.CanaryAfterNanoseconds == nil {
				t.Errorf("%v: %+v, want %d epochs", at, s, want)
			}
		}
	}
	for _, name := range []string{"a", "b"} {
		if check := e.Accused(name); check != nil {
			t.Errorf("%+v", check)
		}
	}
}

func TestAControlCopyThatHidesItsExtraEpochsIsFound(t *testing.T) {
	hiding := script{name: "a@control", pace: func(int) pace {
		return func(_ time.Duration, request protocol.InferRequest) time.Duration {
			epochs := request.Calls
			if epochs == 21 {
				epochs = 20
			}
			return time.Duration(epochs) * 100 * time.Microsecond
		}
	}}
	b := rehearse(t, "hiding", fitting, varied("a", 100_000, alittle...), constant("b", 120_000), hiding).perform(t)
	if c := control(t, b, "positive"); c.Holds {
		t.Errorf("%+v", c)
	}
	if c := control(t, b, "negative"); !c.Holds {
		t.Errorf("%+v", c)
	}
}

func TestWrongWeightsInATimedTrainingMakeTheLaunchWrong(t *testing.T) {
	for name, mistrain := range map[string]func(p *actor, request *protocol.TrainRequest) error{
		"an epoch less": func(p *actor, request *protocol.TrainRequest) error {
			if p.inRounds > 5 {
				request.Epochs = max(request.Epochs-1, 1)
			}
			return nil
		},
		"a rate that is 1% less": func(p *actor, request *protocol.TrainRequest) error {
			if p.inRounds > 5 {
				request.LearningRate *= 0.99
			}
			return nil
		},
		"wrong from the start": func(_ *actor, request *protocol.TrainRequest) error { request.LearningRate *= 1.01; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			cheat := constant("cheat", 90_000)
			cheat.mistrain = mistrain
			r := rehearse(t, "wrong", func(plan *suite.Plan) {
				fitting(plan)
				plan.Claims = append(plan.Claims, suite.ClaimPlan{Faster: "cheat", Than: "b"})
			}, constant("a", 100_000), constant("b", 120_000), cheat)
			b := r.perform(t)
			rows := ended(b, "cheat")
			if len(rows) != 1 || rows[0].Outcome != evidence.Wrong || !strings.Contains(rows[0].Reason, "away from the reference's") {
				t.Errorf("%+v", rows)
			}
			if others := ended(b, "a"); len(others) != 7 || others[6].Outcome != evidence.Finished {
				t.Errorf("the others: %+v", others)
			}
		})
	}
}

func TestAContenderThatTrainsNothingIsNotApplicable(t *testing.T) {
	idle := constant("idle", 1000)
	idle.ops = []string{protocol.OpInfer}
	choosy := constant("choosy", 1000)
	choosy.mistrain = func(*actor, *protocol.TrainRequest) error { return fmt.Errorf("full batches alone") }
	b := rehearse(t, "able", fitting, constant("a", 100_000), constant("b", 120_000), idle, choosy).perform(t)
	for name, reason := range map[string]string{"idle": "it trains no model", "choosy": "full batches alone"} {
		rows := ended(b, name)
		if len(rows) != 1 || rows[0].Outcome != evidence.NotApplicable || !strings.Contains(rows[0].Reason, reason) {
			t.Errorf("%s: %+v", name, rows)
		}
	}
}

func TestExamplesAreDrawnOfTwoClasses(t *testing.T) {
	data := scriptedTrainingData().Train
	pairs := map[string]bool{}
	for i := range 30 {
		x, labels := drawExamples(draw.Stream("n", "examples", i), data, 20, 2)
		var classes [2]map[uint8]bool
		classes[0], classes[1] = map[uint8]bool{}, map[uint8]bool{}
		for row, label := range labels {
			at := slices.IndexFunc(data.Labels, func(uint8) bool { return false })
			for i := range data.Labels {
				if slices.Equal(data.X[i*8:(i+1)*8], x[row*8:(row+1)*8]) {
					at = i
				}
			}
			classes[label][data.Labels[at]] = true
		}
		if len(classes[0]) != 1 || len(classes[1]) != 1 {
			t.Fatalf("classes %v", classes)
		}
		pairs[fmt.Sprint(classes)] = true
	}
	if len(pairs) != 6 {
		t.Errorf("%d ordered pairs of three classes in 30 draws", len(pairs))
	}
	if _, labels := drawExamples(draw.Stream("n", "all", 0), data, 200, 3); slices.Max(labels) != 2 {
		t.Errorf("of three classes: %v", labels)
	}
}
