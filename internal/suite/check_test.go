package suite

// This file tests that plans of suites pass their check, and that plans which would
// have a reader compute or hold without bound do not.

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"cupel/model"
)

func TestPlansOfSuitesPassTheirCheck(t *testing.T) {
	for _, name := range BuiltInNames() {
		s, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.Plan(Options{Nonce: "n"})
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlansOfNoSuiteAreRefused(t *testing.T) {
	for name, tamper := range map[string]func(*Plan){
		"model":                       func(p *Plan) { p.Model = model.Architecture{} },
		"batch":                       func(p *Plan) { p.Batch = -1 },
		"threads":                     func(p *Plan) { p.Threads = 1 << 40 },
		"launches":                    func(p *Plan) { p.Launches = -1 },
		"tolerance":                   func(p *Plan) { p.Tolerance = math.NaN() },
		"contenders":                  func(p *Plan) { p.Contenders = append(p.Contenders, "../../etc") },
		"claims":                      func(p *Plan) { p.Claims[0].Than = "two words" },
		"fit.epochs":                  func(p *Plan) { p.Fit.Epochs = math.MaxInt },
		"classic.iterations":          func(p *Plan) { p.Classic.Iterations = math.MaxInt },
		"agreement.rows":              func(p *Plan) { p.Agreement.Rows = -5 },
		"paired.rounds":               func(p *Plan) { p.Paired.Rounds = math.MaxInt },
		"paired.rows_most":            func(p *Plan) { p.Paired.RowsMost = p.Paired.RowsLeast - 1 },
		"paired.stall_for":            func(p *Plan) { p.Paired.StallFor = -1 },
		"probes.widths is 1000000":    func(p *Plan) { p.Probes.Widths = []int{1_000_000} },
		"probes.widths is 100":        func(p *Plan) { p.Probes.Widths = make([]int, 100) },
		"probes.hard_rows":            func(p *Plan) { p.Probes.HardRows = math.MaxInt },
		"cells: the name is \"a/b\"":  func(p *Plan) { p.Cells = []CellPlan{{Cell: Cell{Name: "a/b", Batch: 1, Threads: 1}}} },
		"train.rows":                  func(p *Plan) { p.Train = &TrainPlan{} },
		"canonical: the name is \"\"": func(p *Plan) { p.Canonical = map[string]string{"go": ""} },
	} {
		s, err := Load(Default)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.Plan(Options{Nonce: "n"})
		if err != nil {
			t.Fatal(err)
		}
		tamper(plan)
		if err := plan.Check(); !errors.Is(err, ErrPlan) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, name := range BuiltInNames() {
		s, err := Load(name)
		if err != nil {
			f.Fatal(err)
		}
		plan, err := s.Plan(Options{Nonce: "n"})
		if err != nil {
			f.Fatal(err)
		}
		text, err := json.Marshal(plan)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var plan Plan
		if json.Unmarshal(text, &plan) != nil {
			return
		}
		if err := plan.Check(); err != nil && (!errors.Is(err, ErrPlan) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("error %v", err)
		}
	})
}
