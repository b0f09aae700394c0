package measure

// This file measures trainings: what a launch is asked, and what it is asked on,
// where the workload is fit. A training is fresh rows with their labels; nothing of
// its weights can be known before they are there, and each epoch needs the one
// before it.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"cupel/internal/dataset"
	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/suite"
)

// training is the asking of suites of trainings.
type training struct{}

// wrongTraining says that weights are not what the training gives.
type wrongTraining struct{ err error }

func (e *wrongTraining) Error() string { return e.err.Error() }
func (e *wrongTraining) Unwrap() error { return e.err }

// material implements asking: the data that trainings are drawn from. There is no model.
func (training) material(_ context.Context, w suite.Workload, _ suite.ProbesPlan, _, _, _ string) (*Material, error) {
	set, err := dataset.ByName(w.Dataset)
	if err != nil {
		return nil, err
	}
	return &Material{
		Train: set.Train, TrainingRows: set.Train.Rows(),
		Summary: fmt.Sprintf("trainings of %d epochs over %d of %d rows", w.Fit.Epochs, w.Rows, set.Train.Rows()),
		Digests: map[string]string{"training data": dataset.Digest(set.Train)},
	}, nil
}

// trainingSet is the rows and labels of trainings, and what the reference makes of them,
// by the number of epochs. It is safe for concurrent use.
type trainingSet struct {
	inputs, labels string
	x              []float32
	classes        []uint8
	mutex          sync.Mutex
	descents       map[int]func() (*reference.Descent, error)
}

func (set *trainingSet) remove() {
	os.Remove(set.inputs)
	os.Remove(set.labels)
}

// descent is the reference's own training for a request over these rows.
func (set *trainingSet) descent(request protocol.TrainRequest) (*reference.Descent, error) {
	set.mutex.Lock()
	found, known := set.descents[request.Epochs]
	if !known {
		found = sync.OnceValues(func() (*reference.Descent, error) { return reference.NewDescent(request, set.x, set.classes) })
		set.descents[request.Epochs] = found
	}
	set.mutex.Unlock()
	return found()
}

// newTrainingSet draws rows and writes them. Names say nothing of what a file is for.
func (c *cell) newTrainingSet(random *rand.Rand, rows int) (*trainingSet, error) {
	x, classes := drawExamples(random, c.run.Material.Train, rows, c.plan.Model.Classes())
	return c.writeTrainingSet(x, classes)
}

func (c *cell) writeTrainingSet(x []float32, classes []uint8) (*trainingSet, error) {
	set := &trainingSet{x: x, classes: classes, descents: map[int]func() (*reference.Descent, error){}}
	set.inputs, set.labels = unknownName(c.run.Scratch, "f32"), unknownName(c.run.Scratch, "u8")
	if err := os.WriteFile(set.inputs, protocol.EncodeInputs(x), 0o444); err != nil {
		return nil, ours(fmt.Errorf("rows: %w", err))
	}
	if err := os.WriteFile(set.labels, classes, 0o444); err != nil {
		return nil, ours(fmt.Errorf("labels: %w", err))
	}
	return set, nil
}

// drawExamples draws rows of the data with their labels. Where the data has more
// classes than the model, two of them are drawn, and the rows are of these.
func drawExamples(random *rand.Rand, data dataset.Examples, rows, classes int) ([]float32, []uint8) {
	taken := make([]int, 0, data.Rows())
	label := func(class uint8) uint8 { return class }
	if classes < data.Classes {
		two := random.Perm(data.Classes)[:2]
		label = func(class uint8) uint8 {
			if int(class) == two[1] {
				return 1
			}
			return 0
		}
		for i, class := range data.Labels {
			if slices.Contains(two, int(class)) {
				taken = append(taken, i)
			}
		}
	} else {
		for i := range data.Labels {
			taken = append(taken, i)
		}
	}
	x, labels := make([]float32, 0, rows*data.Dim), make([]uint8, 0, rows)
	for range rows {
		i := taken[random.IntN(len(taken))]
		x = append(x, data.X[i*data.Dim:(i+1)*data.Dim]...)
		labels = append(labels, label(data.Labels[i]))
	}
	return x, labels
}

// trainRequest is a training of so many epochs on a trainingSet.
func (a *attempt) trainRequest(set *trainingSet, epochs int) protocol.TrainRequest {
	plan := a.cell.plan.Train
	return protocol.TrainRequest{
		Inputs: set.inputs, Labels: set.labels, Rows: len(set.classes), Dim: a.dim(), Classes: a.cell.plan.Model.Classes(),
		Architecture: a.cell.plan.Model, Epochs: epochs, LearningRate: float64(plan.LearningRate), Batch: min(plan.Batch, len(set.classes)),
		Weights: unknownName(cmp.Or(a.own, a.cell.run.Scratch), "safetensors"),
	}
}

// train makes one training and keeps what was timed. Its weights are compared with
// the reference's at the next check.
func (a *attempt) train(ctx context.Context, set *trainingSet, epochs int, phase evidence.Phase, round int) (protocol.Train, error) {
	request := a.trainRequest(set, epochs)
	before, err := a.resume()
	if err != nil {
		return protocol.Train{}, err
	}
	wait := a.cell.followWait(phase, round)
	start := a.cell.run.outside.now()
	reply, outer, err := a.process.Train(ctx, request)
	waited := wait.end()
	if refusal := new(protocol.RefusalError); errors.As(err, &refusal) {
		return reply, &notApplicable{refusal.Why}
	}
	if err != nil {
		return reply, err
	}
	a.noteFirstAnswer()
	after, err := a.pause()
	if err != nil {
		return reply, err
	}
	sample := a.timed(phase, round, protocol.InferRequest{Calls: epochs, Rows: request.Rows}, start, outer, reply.ElapsedNanoseconds)
	sample.CPUNanoseconds, sample.HarnessWaitNanoseconds = spent(before, after), waited
	a.samples = append(a.samples, sample)
	a.parameters = reply.Parameters
	weights, err := a.takeWeights(request)
	if err != nil {
		return reply, &wrongTraining{err}
	}
	a.unchecked = append(a.unchecked, unchecked{set, func() (int, error) { return 0, judgeTraining(set, request, reply, weights) }, unkept})
	a.trainings++
	return reply, nil
}

// takeWeights reads the weights that the contender has written and removes them.
// Confined, it has a file system of its own, whose scratch directory shows through
// the process alone.
func (a *attempt) takeWeights(request protocol.TrainRequest) ([]byte, error) {
	seen := filepath.Join("/proc", strconv.Itoa(a.process.PID()), "root", request.Weights)
	if _, err := os.Lstat(seen); err == nil {
		request.Weights = seen
	}
	defer os.Remove(request.Weights)
	return reference.ReadWeights(request)
}

// judgeTraining compares weights with the reference's.
func judgeTraining(set *trainingSet, request protocol.TrainRequest, reply protocol.Train, weights []byte) error {
	descent, err := set.descent(request)
	if err != nil {
		return ours(err)
	}
	if err := descent.Check(reply, weights); err != nil {
		return &wrongTraining{fmt.Errorf("%d epochs over %d rows: %w", request.Epochs, request.Rows, err)}
	}
	return nil
}

// prepare implements asking.
func (training) prepare(ctx context.Context, a *attempt) {
	if a.hello.Name == "" {
		a.do(func() (err error) { a.hello, err = a.process.Hello(ctx); return err })
	}
	a.do(func() error {
		if !slices.Contains(a.hello.Ops, protocol.OpTrain) {
			return &notApplicable{"it trains no model: " + protocol.OpTrain + " is not among its operations"}
		}
		a.format = protocol.FormatSafetensors
		return nil
	})
	plan := a.cell.plan.Train
	random := draw.Stream(a.cell.nonce, "agreement", a.number)
	a.do(func() error { return a.trainFresh(ctx, random, plan.Rows, plan.Epochs, evidence.PhaseFirst) })
	a.do(func() error { return a.check() })
	a.do(func() error { return a.agreeOnDrawn(ctx, random) })
	if a.hello.Name != "" {
		if err := a.state(); err != nil {
			a.err = ours(err)
		}
	}
}

// agreeOnDrawn asks for a training on values that are drawn, each different, where
// pixels are mostly 0 or 1, and that has no time.
func (a *attempt) agreeOnDrawn(ctx context.Context, random *rand.Rand) error {
	plan := a.cell.plan.Train
	labels := make([]uint8, plan.AgreementRows)
	for i := range labels {
		labels[i] = uint8(random.IntN(a.cell.plan.Model.Classes()))
	}
	set, err := a.cell.writeTrainingSet(draw.Values(random, plan.AgreementRows*a.dim()), labels)
	if err != nil {
		return err
	}
	defer set.remove()
	if _, err := a.train(ctx, set, plan.AgreementEpochs, evidence.PhasePractice, 0); err != nil {
		return err
	}
	return a.check()
}

// trainFresh makes a training on rows of its own.
func (a *attempt) trainFresh(ctx context.Context, random *rand.Rand, rows, epochs int, phase evidence.Phase) error {
	set, err := a.cell.newTrainingSet(random, rows)
	if err != nil {
		return err
	}
	defer set.remove()
	_, err = a.train(ctx, set, epochs, phase, 0)
	return err
}

// classic implements asking: the same training over and over, the first ones not
// counted.
func (training) classic(ctx context.Context, a *attempt) error {
	plan := a.cell.plan
	set, err := a.cell.newTrainingSet(draw.Stream(fmt.Sprint(plan.Seed), "classic training", 0), plan.Train.Rows)
	if err != nil {
		return err
	}
	defer set.remove()
	for made := range plan.Classic.Warmup + plan.Classic.Iterations {
		phase := evidence.PhaseCall
		if made < plan.Classic.Warmup {
			phase = evidence.PhasePractice
		}
		reply, err := a.train(ctx, set, plan.Train.Epochs, phase, 0)
		if err != nil {
			return err
		}
		if reply.ElapsedNanoseconds == 0 {
			return errors.New("its clock does not resolve a training")
		}
	}
	return a.check()
}

// practise implements asking.
func (training) practise(ctx context.Context, a *attempt, random *rand.Rand, _ int) (float64, error) {
	plan := a.cell.plan.Train
	if err := a.trainFresh(ctx, random, plan.Rows, plan.Epochs, evidence.PhasePractice); err != nil {
		return 0, err
	}
	return float64(a.samples[len(a.samples)-1].InnerNanoseconds) / float64(plan.Epochs), nil
}

// size implements asking. A training is as long as the plan says.
func (training) size(context.Context, *attempt, *rand.Rand, float64) error { return nil }

// draw implements asking.
func (training) draw(r *replicate, random *rand.Rand, drawn round, _ []int) (roundFiles, error) {
	phases := []evidence.Phase{evidence.PhaseShort}
	if drawn.long {
		phases = []evidence.Phase{drawn.longPhase(), evidence.PhaseEmpty}
	}
	files := roundFiles{}
	for _, phase := range phases {
		set, err := r.cell.newTrainingSet(random, r.cell.plan.Train.Rows)
		if err != nil {
			files.remove()
			return nil, err
		}
		files[fileKey{phase: phase}] = roundFile{trainingSet: set, rows: r.cell.plan.Train.Rows, discard: set.remove}
	}
	return files, nil
}

// open implements asking. A request without a training can't be made; trainings are so
// long that it does not show.
func (training) open(context.Context, *attempt, roundFiles, round) error { return nil }

// turn implements asking.
func (training) turn(ctx context.Context, a *attempt, files roundFiles, drawn round, phase evidence.Phase) error {
	_, err := a.train(ctx, files[fileKey{phase: filePhase(phase)}].trainingSet, epochsOf(*a.cell.plan, phase), phase, drawn.number)
	return err
}

// probe implements asking. Questions and probes are about answers.
func (training) probe(context.Context, *attempt, *hardRows) error { return nil }

// epochsOf is how many epochs a training of a phase has. A request without any is not
// possible; one has what a request costs besides, and one epoch.
func epochsOf(plan suite.Plan, phase evidence.Phase) int {
	switch phase {
	case evidence.PhaseLong, evidence.PhaseNear:
		return plan.Train.LongEpochs
	case evidence.PhaseEmpty:
		return 1
	case evidence.PhasePositive:
		return plan.Train.Epochs + plan.Train.Epochs/plan.Paired.PositiveCalls
	default:
		return plan.Train.Epochs
	}
}
