package corpus

// This file judges a bundle of the corpus: what is raised against each contender.

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/forensic"
	"cupel/internal/audit/judge"
	"cupel/internal/evidence"
	"cupel/internal/report"
)

// judged returns what is raised against the contenders of a bundle, and how the machine was
// shared while it was measured.
func judged(t *testing.T, dir string, names []string) (found []finding, disturbed disturbance) {
	t.Helper()
	opened, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	results, err := report.Derive(opened)
	if err != nil {
		t.Fatal(err)
	}
	return append(findingsOf(results), auditOf(t, dir, names)...), disturbanceOf(opened.Blocks)
}

// finding is what the pipeline raises against a contender, or what it says of a check that
// it could not make.
type finding struct {
	contender, rule, text string
	unjudged              bool
}

// auditOf returns what the audit's rules find about each contender, for any claim. Points
// need much that only a whole run has. So it looks only at the points that a cheat must
// raise, with the cheat as a side of the claim.
func auditOf(t *testing.T, dir string, names []string) []finding {
	t.Helper()
	found := errorsOf(t, dir, names[0], names[1], forensic.Names())
	for _, name := range names {
		points := slices.DeleteFunc(slices.Clone(cheats[name].raises), func(rule string) bool { return !strings.HasPrefix(rule, "point-") })
		if len(points) > 0 {
			found = append(found, errorsOf(t, dir, name, "honest", points)...)
		}
	}
	return found
}

// errorsOf returns the findings of some rules in the audit of a claim.
func errorsOf(t *testing.T, dir, faster, than string, rules []string) []finding {
	t.Helper()
	opened, err := audit.Open(dir, audit.Options{Claim: slug(faster) + "/" + slug(than)})
	if err != nil {
		t.Fatal(err)
	}
	var found []finding
	for _, f := range judge.Bundle(opened).Findings {
		if f.Severity == audit.Error && slices.Contains(rules, f.Rule) {
			found = append(found, finding{contender: f.Contender, rule: f.Rule, text: f.Message})
		}
	}
	return found
}

func findingsOf(results *report.Results) []finding {
	var found []finding
	for _, row := range results.Bundle.Ledger {
		if row.Event == evidence.EventEnded && (row.Outcome == evidence.Wrong || row.Outcome == evidence.Failed) {
			found = append(found, finding{contender: row.Contender, rule: string(row.Outcome), text: row.Reason})
		}
	}
	for _, contender := range results.Estimates.Contenders {
		for _, check := range contender.Checks {
			if check.Judged && !check.Holds && check.Accuses {
				found = append(found, finding{contender: contender.Name, rule: check.Rule, text: check.Text})
			}
			if !check.Judged {
				found = append(found, finding{contender: contender.Name, rule: check.Rule, text: check.Text, unjudged: true})
			}
		}
	}
	return found
}

// crowded is the share of time that tasks waited for a CPU, or that the host took of
// one, above which rules that compare the harness's clock with a contender's say
// nothing of an honest one: it may have had its CPU for the burst and not for the reply,
// and with few launches the middle one is no better than the others.
const crowded = 0.1

// byOuterClock are these rules. The limit of cpu-clock depends on the harness's time of
// empty requests: with three launches, and tasks waiting for 97% of the time, an honest
// contender came to 1.203 where 1.201 was allowed. inner-scaled is the audit's name for
// them.
var byOuterClock = []string{"outer-clock", "cpu-clock", "near-rows", "short-bursts", "inner-scaled"}

// disturbance is the run's own record of how the machine was shared: the largest share of a
// block in which tasks waited for a CPU, and the largest share that the host took of any
// CPU.
type disturbance struct{ waited, stolen float64 }

func disturbanceOf(blocks []evidence.Block) (most disturbance) {
	for _, block := range blocks {
		m := block.Machine
		if m == nil || m.WallNanoseconds <= 0 {
			continue
		}
		if m.Pressure != nil {
			most.waited = max(most.waited, float64(m.Pressure.CPU.SomeNanoseconds)/float64(m.WallNanoseconds))
		}
		// The harness's CPUs count too, because a wait there delays the harness's clock.
		for _, cpu := range m.CPUs {
			most.stolen = max(most.stolen, float64(cpu.StealNanoseconds)/float64(m.WallNanoseconds))
		}
	}
	return most
}

// much reports whether the machine had much other load.
func (d disturbance) much() bool { return max(d.waited, d.stolen) > crowded }

// asked returns the raised rules that an honest contender has to answer for.
func (d disturbance) asked(raised []string) []string {
	if !d.much() {
		return raised
	}
	return slices.DeleteFunc(slices.Clone(raised), func(rule string) bool { return slices.Contains(byOuterClock, rule) })
}

// faultOf compares what was raised with what is due. A cheat must raise its rules. If the
// last run that there was time for was disturbed, any rule that accuses is enough: a cheat
// that takes time from the harness blinds some rules, which then judge nothing, and it may
// look like another cheat. A cheat that no rule accuses is a fault in any case.
func faultOf(name string, found []finding, disturbed disturbance, last bool) string {
	var raised []string
	for _, f := range found {
		if f.contender == slug(name) && !f.unjudged {
			raised = append(raised, f.rule)
		}
	}
	due := cheats[name].raises
	if len(due) == 0 {
		if accused := disturbed.asked(raised); len(accused) > 0 {
			return fmt.Sprintf("an honest contender is accused by %q", accused)
		}
		return ""
	}
	missing := slices.DeleteFunc(slices.Clone(due), func(rule string) bool { return slices.Contains(raised, rule) })
	enough := len(missing) == 0 || cheats[name].any && len(missing) < len(due) || last && disturbed.much() && len(raised) > 0
	if enough {
		return ""
	}
	return fmt.Sprintf("raised %q; of %q, which are due, %q are missing", raised, due, missing)
}

func TestACheatAnswersForAllItsRulesUnlessEveryRunWasDisturbed(t *testing.T) {
	const cheat = "a clock at half speed"
	calm, crowd := disturbance{}, disturbance{stolen: 0.3}
	one := []finding{{contender: slug(cheat), rule: "inner-scaled"}, {contender: slug(cheat), rule: "outer-clock", unjudged: true}}
	both := append(slices.Clone(one), finding{contender: slug(cheat), rule: "outer-clock"})
	for name, test := range map[string]struct {
		found     []finding
		disturbed disturbance
		last      bool
		caught    bool
	}{
		"all":                       {both, calm, false, true},
		"all, disturbed":            {both, crowd, true, true},
		"one":                       {one, calm, false, false},
		"one, at last":              {one, calm, true, false},
		"one, disturbed":            {one, crowd, false, false},
		"one, disturbed, at last":   {one, crowd, true, true},
		"a rule that is not due":    {[]finding{{contender: slug(cheat), rule: "threads"}}, calm, true, false},
		"not due, disturbed":        {[]finding{{contender: slug(cheat), rule: "threads"}}, crowd, false, false},
		"not due, at last":          {[]finding{{contender: slug(cheat), rule: "threads"}}, crowd, true, true},
		"none, disturbed, at last":  {nil, crowd, true, false},
		"another's, disturbed":      {[]finding{{contender: "honest", rule: "inner-scaled"}}, crowd, true, false},
		"not judged, and disturbed": {one[1:], crowd, true, false},
	} {
		if fault := faultOf(cheat, test.found, test.disturbed, test.last); (fault == "") != test.caught {
			t.Errorf("%s: %q", name, fault)
		}
	}
	for rule, caught := range map[string]bool{"threads": true, "clock-by-bursts": true, "slope": false} {
		if fault := faultOf("two threads", []finding{{contender: slug("two threads"), rule: rule}}, calm, false); (fault == "") != caught {
			t.Errorf("of rules of which one is due, %s: %q", rule, fault)
		}
	}
	if fault := faultOf("honest", []finding{{contender: "honest", rule: wrong}}, crowd, true); fault == "" {
		t.Error("an honest contender that is called wrong is no fault")
	}
}

func TestTheHonestAreNotAskedByTheOuterClockOnACrowdedMachine(t *testing.T) {
	blocks := func(waited, stolen int64) []evidence.Block {
		return []evidence.Block{{}, {Machine: &evidence.MachineUse{
			WallNanoseconds: 1000,
			Pressure:        &evidence.Pressure{CPU: evidence.StallTimes{SomeNanoseconds: waited}},
			CPUs:            []evidence.CPUState{{}, {Number: 1, CPUTimes: evidence.CPUTimes{StealNanoseconds: stolen}}},
		}}, {Machine: &evidence.MachineUse{WallNanoseconds: 1000}}}
	}
	raised := append(slices.Clone(byOuterClock), wrong, "clock-by-bursts", "planted-stall")
	for _, test := range []struct {
		waited, stolen int64
		asked          []string
	}{
		{0, 0, raised}, {100, 100, raised}, {101, 0, raised[len(byOuterClock):]}, {0, 101, raised[len(byOuterClock):]},
	} {
		if got := disturbanceOf(blocks(test.waited, test.stolen)).asked(raised); !slices.Equal(got, test.asked) {
			t.Errorf("waited %d, stolen %d of 1000: asked by %q", test.waited, test.stolen, got)
		}
	}
}
