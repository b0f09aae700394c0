package suite

// This file holds suites in which contenders fit a model.

import (
	"time"

	"cupel/model"
)

// TrainPlan is one training, the same for all contenders: Epochs passes over Rows rows,
// with Batch rows in each step.
type TrainPlan struct {
	Rows         int     `json:"rows"`
	Epochs       int     `json:"epochs"`
	Batch        int     `json:"batch"`
	LearningRate float32 `json:"learning_rate"`
	// LongEpochs is the number of epochs in the trainings that the outer clock judges.
	LongEpochs int `json:"long_epochs"`
	// AgreementRows and AgreementEpochs are the size of the training that a launch must get
	// right before it is timed.
	AgreementRows   int `json:"agreement_rows"`
	AgreementEpochs int `json:"agreement_epochs"`
}

// longTrainings is the length of the trainings that the outer clock judges, as a multiple
// of the ordinary one. Reading rows and writing weights are then a small part of the time.
const longTrainings = 5

// fitPaired is the paired protocol of trainings. A training takes milliseconds, a burst
// microseconds. So there are fewer rounds, and each has one training. No stop is planted,
// because there are no single calls in which it could show.
var fitPaired = PairedPlan{
	Rounds: 48, LongEvery: 6, OthersEvery: 3,
	PositiveCalls: DefaultPaired.PositiveCalls, Quiet: fitQuiet, StartAlone: DefaultPaired.StartAlone,
	Steady: SteadyPlan{Bursts: 16, Most: Duration(500 * time.Millisecond), Change: 0.05, Alpha: 0.01},
}

// fitQuiet asks for fewer quiet rounds, because there are fewer rounds.
var fitQuiet = QuietPlan{
	Within: DefaultPaired.Quiet.Within, LeastShort: 10, LeastLong: 3,
	WaitRound: DefaultPaired.Quiet.WaitRound, WaitReplicate: DefaultPaired.Quiet.WaitReplicate,
}

// fitRules replace the rules about answers.
var fitRules = []string{
	"A replicate starts each contender once, as a process of its own, in an order drawn from the nonce; all are alive together, and stopped while it is not their turn.",
	"A contender is timed in a launch only after a training there gave the weights of a float64 reference; the weights of every timed training are compared with the reference's too, with an allowance for what rounding to float32 explains.",
	"A round is one training of each contender, in an order drawn from the nonce, on rows and labels drawn for the round, each by the same rows, batch, epochs and learning rate. A replicate's ratio of two contenders is the median over its rounds of the ratio of their times per epoch.",
	"A ratio's 95% interval is over replicates. Inside the tolerance the verdict is equal; else, where it excludes 1 after Holm's correction over the claims, faster or slower; else not resolved.",
	"A ratio is of rounds in which the machine was quiet, by a loop of the harness's own just before and after each training, where there are enough of them. It is of the contenders' own time of trainings; where the ratio by the harness's clock, of longer trainings, differs by more than 5% and by more than chance, that one is the figure.",
	"The positive control is a training of one epoch in twenty more than are counted.",
}

// forFit makes the plan one of trainings.
func (p *Plan) forFit(w Workload) {
	p.Train = &TrainPlan{
		Rows: w.Rows, Epochs: w.Fit.Epochs, Batch: w.Fit.BatchSize, LearningRate: w.Fit.LearningRate,
		LongEpochs: longTrainings * w.Fit.Epochs, AgreementRows: min(w.Rows, 64), AgreementEpochs: 5,
	}
	p.Paired, p.Probes = fitPaired, ProbesPlan{Widths: []int{}}
	*p.Thresholds = p.Thresholds.forTraining()
	const answers = 5 // the rules that fitRules replace
	p.Rules = append(append([]string{}, fitRules...), p.Rules[answers:]...)
}

// rowsOf returns the number of rows in a fit.
func rowsOf(raw *fitFile) int {
	if raw == nil {
		return 0
	}
	return raw.Rows
}

// maxFitValues bounds the number of values in a training. The harness draws them anew for
// each round.
const maxFitValues = 1 << 26

// trainable checks a suite of trainings.
func (c *checker) trainable(raw file, architecture model.Architecture) {
	most := maxFitValues / 784
	if len(architecture.Layers) > 0 && architecture.Layers[0] > 0 {
		most = maxFitValues / architecture.Layers[0]
	}
	extra := fitPaired.PositiveCalls
	switch fit := raw.Fit; {
	case architecture.Kind != model.LogisticRegression:
		c.fail("workload.model", "workload.model is %q; expected %q, the only model that contenders train", architecture.Kind, model.LogisticRegression)
	case raw.Workload.Batch != nil:
		c.fail("workload.batch", "workload.batch is only for inference; fit.batch is the number of rows in a training's step")
	case raw.Workload.Accuracy != 0:
		c.fail("workload.accuracy", "accuracy is only for inference; a training's weights are compared with a reference instead")
	case fit == nil:
		c.fail("workload.kind", "a workload of kind fit needs a table [fit] with rows, epochs and learning_rate")
	case fit.Rows < 2 || fit.Rows > most:
		c.fail("fit.rows", "fit.rows is %d; expected 2 to %d", fit.Rows, most)
	case fit.Batch < 0 || fit.Batch > fit.Rows:
		c.fail("fit.batch", "fit.batch is %d of %d rows; expected 1 to the number of rows, or no fit.batch for all rows", fit.Batch, fit.Rows)
	case fit.Epochs < 1 || fit.Epochs%extra != 0 || fit.Epochs > 10_000:
		c.fail("fit.epochs", "fit.epochs is %d; expected a multiple of %d up to 10000, so that the positive control can train one epoch more for every %d", fit.Epochs, extra, extra)
	case fit.Decay != 0:
		c.fail("fit.learning_rate_decay", "learning_rate_decay is not supported in a workload of kind fit; leave it out")
	}
}
