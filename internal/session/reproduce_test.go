package session

// This file tests which contenders of a bundle may be run again.

import (
	"errors"
	"slices"
	"testing"

	"cupel/internal/suite"
)

// notes is an observer that keeps what it is told.
type notes struct {
	silent
	lines *[]string
}

func (n notes) Note(line string) { *n.lines = append(*n.lines, line) }

func TestStrangersCommandsAreRunByConsentAlone(t *testing.T) {
	s := &suite.Suite{Contenders: []suite.Contender{{Name: "go"}, {Name: "gonum"}, {Name: "theirs", Command: []string{"./theirs"}}}}
	all := suite.Plan{Contenders: []string{"go", "theirs"}}
	for _, test := range []struct {
		name    string
		only    []string
		plan    suite.Plan
		consent bool
		want    []string
		said    int
		input   bool
	}{
		{"without consent", nil, all, false, []string{"go"}, 1, false},
		{"with consent", nil, all, true, []string{"go", "theirs"}, 0, false},
		{"one that is built in", []string{"go"}, all, false, []string{"go"}, 0, false},
		{"theirs alone, without consent", []string{"theirs"}, all, false, nil, 1, false},
		{"one that the run had not", []string{"gonum"}, all, true, nil, 0, true},
	} {
		var lines []string
		got, err := reproducible(Config{Suite: s, Only: test.only}, test.plan, test.consent, notes{silent{t}, &lines})
		if !slices.Equal(got, test.want) || len(lines) != test.said {
			t.Errorf("%s: %q, told %q", test.name, got, lines)
		}
		input, none := new(InputError), new(NoAnswerError)
		if failed := test.want == nil; failed != (err != nil) || failed && test.input != errors.As(err, &input) || failed && test.input == errors.As(err, &none) {
			t.Errorf("%s: error %v", test.name, err)
		}
	}
}

// An earlier run's budget and precision hold unless others are given now.
func TestARunIsAskedForWhatItWasAskedForBefore(t *testing.T) {
	earlier := suite.Plan{BudgetGiven: true, Budget: "1m0s", PrecisionGiven: true, Precision: 0.01}
	if budget, precision, err := asBefore(earlier, 0, 0); err != nil || budget.Seconds() != 60 || precision != 0.01 {
		t.Errorf("%v, %v, %v", budget, precision, err)
	}
	if budget, precision, err := asBefore(earlier, 1, 0.5); err != nil || budget != 1 || precision != 0.5 {
		t.Errorf("%v, %v, %v", budget, precision, err)
	}
	if budget, precision, err := asBefore(suite.Plan{Budget: "1m0s", Precision: 0.01}, 0, 0); err != nil || budget != 0 || precision != 0 {
		t.Errorf("%v, %v, %v of a run that was not asked", budget, precision, err)
	}
}
