package cli

// This file tests what is told of a run that can be resumed.

import (
	"testing"

	"cupel/internal/suite"
)

// The command that is told goes on with the run as it was, wherever its bundle lies.
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
