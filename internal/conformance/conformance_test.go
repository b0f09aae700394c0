package conformance

// This file tests the conformance test: real engines pass, and faulty ones get the
// right findings.

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"cupel/engines"
	"cupel/internal/enginetest"
	"cupel/internal/fake"
	"cupel/internal/sandbox"
	"cupel/internal/suite"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "confine" {
		if err := sandbox.Stage(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	fake.Main(m)
}

func check(t *testing.T, command []string, dir string, limit time.Duration) []Finding {
	t.Helper()
	return checkIn(t, nil, command, dir, limit)
}

func checkIn(t *testing.T, box *sandbox.Sandbox, command []string, dir string, limit time.Duration) []Finding {
	t.Helper()
	each := suite.Duration(limit)
	findings, err := Run(t.Context(), Config{
		Command: command, Dir: dir, Scratch: t.TempDir(), Sandbox: box,
		Limits: suite.Limits{Hello: each, Load: each, Infer: each, Quit: each},
		Report: func(Finding) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// Every built-in engine passes the test, confined as in a run.
func TestBuiltInRunnersPass(t *testing.T) {
	box, err := sandbox.Find(t.Context(), []string{os.Args[0], "confine"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range engines.Names() {
		engine, _ := engines.Lookup(name)
		if engine.Language == engines.Go {
			continue // Tested through the command line, which they are part of.
		}
		t.Run(name, func(t *testing.T) {
			installed := enginetest.Require(t, name)
			passed := 0
			for _, finding := range checkIn(t, box, installed.Command, installed.Dir, 2*time.Minute) {
				switch finding.Status {
				case Fail:
					t.Errorf("%s: %s", finding.Check, finding.Detail)
				case Pass:
					passed++
				}
			}
			if passed < 30 {
				t.Errorf("only %d checks were passed", passed)
			}
		})
	}
}

func TestHonestFakePasses(t *testing.T) {
	t.Setenv("CUPEL_FAKE", string(fake.Honest))
	findings := check(t, []string{os.Args[0]}, "", time.Minute)
	for _, finding := range findings {
		if finding.Status != Pass {
			t.Errorf("%+v", finding)
		}
	}
	if want := 2 + len(architectures)*(1+len(inferences)) + 3*suiteShapes + len(trainings) + len(endings); len(findings) != want {
		t.Errorf("%d findings, want %d", len(findings), want)
	}
}

func TestFaultsAreFoundAndNamed(t *testing.T) {
	for _, test := range []struct {
		behaviour fake.Behaviour
		check     string
		detail    string
	}{
		{fake.OtherDescription, "answers hello", `"formats" is missing`},
		{fake.Banner, "answers hello", "Welcome"},
		{fake.HangAtHello, "answers hello", "no reply within"},
		{fake.RefuseLoad, "holds a model", "none of the models"},
		{fake.MissingField, "labels and scores", `"elapsed_ns" is missing`},
		{fake.FractionalTime, "labels and scores", "whole number"},
		{fake.SlowClock, "labels and scores", "the whole request took"},
		{fake.FewLabels, "labels and scores", "are due"},
		{fake.ConstantAnswer, "labels and scores", "where the reference says"},
		{fake.HalfTheInputs, "labels and scores", "where the reference says"},
		{fake.ScaledScores, "labels and scores", "score 1 less score 0"},
		{fake.StaleInputs, "reads the file anew", "where the reference says"},
		{fake.UnaskedLabels, "no labels unless wanted", "came unasked"},
		{fake.CrashAtInfer, "labels and scores", "exit status 134"},
		{fake.StoppedClock, "single row, one sample a call", "does not resolve a call: 5000 of 5000"},
		{fake.CoarseInputs, "rows at the decision boundary", "more than a quarter"},
		{fake.PlaceInScores, "scores in another order", "in place"},
		{fake.WideKept, "18 times the arithmetic", "dim is 784, the model's is 12544"},
		{fake.ReplyToQuit, "exits with status 0 after quit", "unasked: «{}"},
		{fake.TwoReplies, "overlapping rows (hop 1)", "unasked"},
		{fake.FewEpochs, "trains: two classes, full batch", "rounding explains"},
		{fake.FewEpochs, "trains: one row a batch", "rounding explains"},
		{fake.LowRate, "trains: ten classes, batches", "rounding explains"},
		{fake.ShuffledRows, "trains: two classes, batches", "rounding explains"},
		{fake.Penalty, "trains: one output, full batch", "rounding explains"},
		{fake.NoWeights, "trains: ten classes, full batch", "can't be read"},
		{fake.ExitStatus, "exits with status 0 after quit", "exit status 3"},
		{fake.HangAtQuit, "exits with status 0 after quit", "still running"},
	} {
		t.Run(string(test.behaviour), func(t *testing.T) {
			t.Setenv("CUPEL_FAKE", string(test.behaviour))
			limit := time.Minute
			if strings.HasPrefix(string(test.behaviour), "hang") {
				limit = time.Second
			}
			found := false
			for _, finding := range check(t, []string{os.Args[0]}, "", limit) {
				if finding.Status == Fail && strings.HasSuffix(finding.Check, test.check) && strings.Contains(finding.Detail, test.detail) {
					found = true
				}
			}
			if !found {
				t.Errorf("no failed check %q that says %q", test.check, test.detail)
			}
		})
	}
}

// A contender whose child does the work is told the remedy. An idle child is no fault.
func TestWorkOfAChildIsFoundAndItsRestIsNot(t *testing.T) {
	t.Setenv("CUPEL_FAKE", string(fake.Honest))
	found := false
	for _, finding := range check(t, []string{"/bin/sh", "-c", `"$0"; exit $?`, os.Args[0]}, "", time.Minute) {
		found = found || finding.Status == Fail && strings.HasSuffix(finding.Check, "does its own work") && strings.Contains(finding.Detail, "end the script with exec")
	}
	if !found {
		t.Error("no failed check says that the script must end with exec")
	}
	t.Setenv("CUPEL_FAKE", string(fake.ForkChild))
	for _, finding := range check(t, []string{os.Args[0]}, "", time.Minute) {
		if finding.Status != Pass {
			t.Errorf("%+v", finding)
		}
	}
}

// Permitted deviations are no fault.
func TestOddContendersPass(t *testing.T) {
	for behaviour, skips := range map[fake.Behaviour]int{fake.FewOps: 0, fake.NullError: 0, fake.WordyHello: 0, fake.RefuseOthers: 2 * suiteShapes} {
		t.Run(string(behaviour), func(t *testing.T) {
			t.Setenv("CUPEL_FAKE", string(behaviour))
			skipped := 0
			for _, finding := range check(t, []string{os.Args[0]}, "", time.Minute) {
				switch {
				case finding.Status == Fail:
					t.Errorf("%+v", finding)
				case finding.Status == Skip:
					skipped++
				}
			}
			if skipped != skips {
				t.Errorf("%d checks are skipped, want %d", skipped, skips)
			}
		})
	}
}

// Where a check ends the contender, the finding shows the contender's last log lines.
func TestTheLogIsShownWhereALaunchEnds(t *testing.T) {
	t.Setenv("CUPEL_FAKE", string(fake.CrashAtInfer))
	shown := 0
	for _, finding := range check(t, []string{os.Args[0]}, "", time.Minute) {
		if len(finding.Log) == 0 {
			continue
		}
		if shown++; finding.Status != Fail || finding.Log[len(finding.Log)-1] != "assertion failed: weights are finite" {
			t.Errorf("%+v", finding)
		}
	}
	if shown == 0 {
		t.Error("no log is shown")
	}
}

func TestDeclinedModelsAreSkips(t *testing.T) {
	t.Setenv("CUPEL_FAKE", string(fake.RefuseLoad))
	skips := 0
	for _, finding := range check(t, []string{os.Args[0]}, "", time.Minute) {
		if strings.HasSuffix(finding.Check, ": loads") && finding.Status == Skip && strings.Contains(finding.Detail, "decision trees") {
			skips++
		}
	}
	if skips != len(architectures) {
		t.Errorf("%d skips, want %d", skips, len(architectures))
	}
}

// An engine that only knows full-batch descent says so and passes.
func TestDeclinedTrainingsAreSkips(t *testing.T) {
	t.Setenv("CUPEL_FAKE", string(fake.RefuseBatches))
	skips := 0
	for _, finding := range check(t, []string{os.Args[0]}, "", time.Minute) {
		if finding.Status == Fail {
			t.Errorf("%+v", finding)
		}
		if finding.Status == Skip && strings.Contains(finding.Detail, "it declines the training: train: this engine only knows full-batch") {
			skips++
		}
	}
	if skips != 3 {
		t.Errorf("%d skips, want 3", skips)
	}
}
