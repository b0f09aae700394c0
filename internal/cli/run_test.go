package cli

// This file tests how a run that did not come to its end is told.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cupel/internal/session"
	"cupel/internal/suite"
)

func TestExitCodesOfSessions(t *testing.T) {
	broken := errors.New("no space left on device")
	for _, test := range []struct {
		name string
		err  error
		code int
	}{
		{"an input that can't be used", &session.InputError{Err: broken}, ExitUsage},
		{"a run that can be resumed", &session.LeftError{Dir: "bundle", Err: broken}, ExitNoAnswer},
		{"one that could be with another input", &session.LeftError{Dir: "bundle", Err: &session.InputError{Err: broken}}, ExitUsage},
		{"nothing to measure", &session.NoAnswerError{Err: broken}, ExitNoAnswer},
		{"an interruption", fmt.Errorf("plan: %w", context.Canceled), ExitNoAnswer},
		{"any other", broken, ExitUsage},
	} {
		if code, quiet := codeOf(test.err); code != test.code || quiet {
			t.Errorf("%s: exit code %d, quiet %v", test.name, code, quiet)
		}
	}
	err := runPrinter{}.left(&suite.Suite{}, &session.LeftError{Dir: "bundle", Err: broken})
	const due = "no space left on device (the measurements so far are in bundle; continue with `cupel run --resume --out bundle`)"
	if code, _ := codeOf(err); code != ExitNoAnswer || !strings.Contains(err.Error(), due) {
		t.Errorf("exit code %d: %v", code, err)
	}
}

// The printed command continues the run with its options, for any path of its bundle.
func TestTheCommandThatGoesOnWithARun(t *testing.T) {
	builtIn, err := suite.Load(suite.Default)
	if err != nil {
		t.Fatal(err)
	}
	const out, quoted = "runs/a run's", `'runs/a run'\''s'`
	if got, want := (runOptions{}).resumption(builtIn, out), "cupel run --resume --out "+quoted; got != want {
		t.Errorf("%s\nwhere this is due:\n%s", got, want)
	}
	own := &suite.Suite{File: "mine.toml", Contenders: []suite.Contender{{Name: "mine", Command: []string{"./mine"}}}}
	options := runOptions{challenge: "7", key: "me.pem", noProvision: true, unconfined: true}
	if got, want := options.resumption(own, out), "cupel run mine.toml --resume --out "+quoted+" --challenge 7 --key me.pem --no-provision --unconfined"; got != want {
		t.Errorf("%s\nwhere this is due:\n%s", got, want)
	}
}
