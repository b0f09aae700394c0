package suite

// This file tests suites of trainings, their errors and their plans.

import (
	"strings"
	"testing"
)

// fitting is a user's own suite of trainings.
const fitting = `name = "fitting"

[workload]
kind = "fit"
model = "logistic-regression"
layers = [784, 2]
dataset = "mnist"
seed = 42

[fit]
rows = 100
epochs = 40
learning_rate = 0.05

[[contender]]
name = "go"
`

func TestAPlanOfTrainings(t *testing.T) {
	s, err := Parse("fitting.toml", ".", []byte(fitting))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(Options{Nonce: "n"})
	if err != nil {
		t.Fatal(err)
	}
	train := plan.Train
	if train == nil || train.Rows != 100 || train.Epochs != 40 || train.Batch != 100 || train.LongEpochs <= train.Epochs || train.AgreementRows > train.Rows {
		t.Errorf("%+v", train)
	}
	if plan.Classic.Iterations != 30 || plan.Classic.Warmup != 3 || plan.Paired.Stalls != 0 || len(plan.Probes.Widths) != 0 {
		t.Errorf("%+v", plan)
	}
	if train.Epochs%plan.Paired.PositiveCalls != 0 {
		t.Errorf("%d epochs have no whole share of one in %d", train.Epochs, plan.Paired.PositiveCalls)
	}
	rules := strings.Join(plan.Rules, " ")
	if !strings.Contains(rules, "weights of every timed training") || strings.Contains(rules, "labels and scores") || !strings.Contains(rules, "No replicate begins after the budget") {
		t.Errorf("rules %q", plan.Rules)
	}
	several, err := Parse("fitting.toml", ".", []byte(strings.Replace(fitting, "seed = 42", "seed = 42\nthreads = [1, 2]", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if plan, err = several.Plan(Options{Nonce: "n"}); err != nil || len(plan.Cells) != 2 || plan.Cells[1].Paired.Rounds != fitPaired.Rounds {
		t.Errorf("%+v, %v", plan, err)
	}
}

func TestFaultsOfSuitesOfTrainings(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"epochs":        {"epochs = 40", "epochs = 30", "fitting.toml:12: fit.epochs is 30; expected a multiple of 20"},
		"no rows":       {"rows = 100\n", "", "fitting.toml:10: fit.rows is 0; expected 2 to"},
		"batch":         {"rows = 100", "rows = 100\nbatch = 101", "fitting.toml:12: fit.batch is 101 of 100 rows"},
		"workload":      {"seed = 42", "seed = 42\nbatch = 1", "fitting.toml:9: workload.batch is only for inference"},
		"accuracy":      {"seed = 42", "seed = 42\naccuracy = 0.9", "fitting.toml:9: accuracy is only for inference"},
		"decay":         {"rows = 100", "rows = 100\nlearning_rate_decay = 0.1", "fitting.toml:12: learning_rate_decay is not supported"},
		"model":         {`"logistic-regression"`, `"mlp"`, "fitting.toml:"},
		"classes":       {"[784, 2]", "[784, 3]", "fitting.toml:6: layers end with 3"},
		"rows of a fit": {`kind = "fit"`, `kind = "inference"`, "fitting.toml:"},
	} {
		text := strings.Replace(fitting, test.old, test.new, 1)
		if _, err := Parse("fitting.toml", ".", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %s", name, err, test.want)
		}
	}
}
