package cli

// This file tests what an interruption leaves.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"cupel/docs/schemas"
	"cupel/internal/calibrate"
)

// A verb that does not check for interruptions ends at the first one.
func TestAVerbThatOnlyReadsIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	release := make(chan struct{})
	defer close(release)
	command := interruptible(&cobra.Command{
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			interrupt()
			<-release
			return nil
		},
	})
	command.SetArgs(nil)
	err := command.ExecuteContext(ctx)
	if code, quiet := codeOf(err); code != ExitNoAnswer || quiet {
		t.Errorf("error %v, exit code %d", err, code)
	}

	failure := errors.New("broken")
	command = interruptible(&cobra.Command{SilenceErrors: true, SilenceUsage: true, RunE: func(*cobra.Command, []string) error { return failure }})
	command.SetArgs(nil)
	if err := command.ExecuteContext(t.Context()); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
}

// calibrated is a calibration that has made some comparisons.
func calibrated(same int, asJSON bool) (*calibration, *bytes.Buffer) {
	var stdout bytes.Buffer
	tally := &calibrate.Tally{
		Engine: "go", Alarms: calibrate.Count{Yes: min(same, 1), Of: same}, Slowdowns: []float64{0.005},
		Found: map[float64]calibrate.Count{0.005: {Of: same}}, Wall: time.Minute,
	}
	for range same {
		tally.HalfWidths = append(tally.HalfWidths, 0.01)
	}
	return &calibration{tally: tally, pairs: 100, asJSON: asJSON, stdout: &stdout}, &stdout
}

func TestAnInterruptedCalibrationShowsWhatItHas(t *testing.T) {
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	for _, test := range []struct {
		ctx    context.Context
		ended  error
		reason string
	}{
		{interrupted, context.Canceled, "interrupted"},
		{t.Context(), errors.New("go: out of luck"), "go: out of luck"},
	} {
		c, stdout := calibrated(12, false)
		err := c.conclude(test.ctx, test.ended)
		if code, quiet := codeOf(err); code != ExitNoAnswer || quiet || !strings.Contains(err.Error(), test.reason+"; the result has 12 of 100 comparisons") {
			t.Errorf("error %v, exit code %d", err, code)
		}
		if text := stdout.String(); !strings.Contains(text, "only 12 of 100 comparisons: "+test.reason) || !strings.Contains(text, "8.3%") {
			t.Errorf("shown: %s", text)
		}

		c, stdout = calibrated(12, true)
		if code, _ := codeOf(c.conclude(test.ctx, test.ended)); code != ExitNoAnswer {
			t.Errorf("exit code %d with --json", code)
		}
		var printed calibrate.Result
		if err := json.Unmarshal(stdout.Bytes(), &printed); err != nil || printed.Stopped != test.reason || printed.Pairs != 12 {
			t.Errorf("%v: %s", err, stdout)
		}
		if err := schemas.Validate(schemas.Calibrate, stdout.Bytes()); err != nil {
			t.Error(err)
		}
	}
}

func TestACalibrationWithoutComparisonsShowsNothing(t *testing.T) {
	failure := errors.New("go: out of luck")
	c, stdout := calibrated(0, false)
	if err := c.conclude(t.Context(), failure); !errors.Is(err, failure) || stdout.Len() > 0 {
		t.Errorf("error %v, shown: %s", err, stdout)
	}
	c, stdout = calibrated(12, false)
	if err := c.conclude(t.Context(), nil); err != nil || strings.Contains(stdout.String(), "part of what") {
		t.Errorf("error %v, shown: %s", err, stdout)
	}
}
