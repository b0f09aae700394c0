package howto

// This file adds an engine: its record, its folder, and, because it is in Go, a line
// for its implementation.

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"cupel/internal/testtier"
)

const tinySuite = `name = "tiny"
[workload]
kind = "inference"
model = "logistic-regression"
layers = [784, 2]
dataset = "mnist-synthetic"
seed = 42
[protocol]
warmup = 10
iterations = 200
launches = 2
precision = 0.9
budget = "30s"
[[contender]]
name = "go"
[[contender]]
name = "added"
[[claim]]
faster = "go"
than = "added"
`

func TestAnEngineIsARecordAndAFolder(t *testing.T) {
	testtier.Gate(t)
	m := copyModule(t)
	addEngine(m)
	m.write("tiny.toml", tinySuite)
	program := m.build()

	if listed := m.run(program, "list"); listed.code != 0 || !strings.Contains(listed.stdout, "\nadded ") {
		t.Errorf("list ends with %d:\n%s%s", listed.code, listed.stdout, listed.stderr)
	}
	if checked := m.run(program, "engine", "check", "added"); checked.code != 0 {
		t.Errorf("engine check ends with %d:\n%s%s", checked.code, checked.stdout, checked.stderr)
	}
	// On a machine that is busy with other tests the claim may be unresolved: exit code
	// 3.
	if ran := m.run(program, "run", "tiny.toml", "--out", "bundle"); ran.code != 0 && ran.code != 3 {
		t.Fatalf("run ends with %d:\n%s%s", ran.code, ran.stdout, ran.stderr)
	}
	plan := m.read("bundle/plan.json")
	var made struct {
		Engines []struct{ Name, Language string }
	}
	if err := json.Unmarshal([]byte(plan), &made); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(made.Engines, func(e struct{ Name, Language string }) bool { return e.Name == "added" && e.Language == "go" }) {
		t.Errorf("the plan has not what is known of the engine: %+v", made.Engines)
	}
	if verified := m.run(program, "verify", "bundle"); verified.code != 0 {
		t.Errorf("verify ends with %d:\n%s%s", verified.code, verified.stdout, verified.stderr)
	}
	auditsAsABuiltInOne(t, m.run(program, "audit", "bundle", "--json", "--all"))
}

// addEngine adds an engine in Go that is a copy of gonum's runner.
func addEngine(m module) {
	runner := m.read("engines/gonum/gonum.go")
	runner = strings.Replace(runner, "package gonum\n", "package added\n", 1)
	runner = strings.Replace(runner, `Name: "gonum"`, `Name: "added"`, 1)
	m.write("engines/added/added.go", runner)
	m.insert("engines/records.go", "var records = []Engine{\n",
		"\t{Name: \"added\", Language: Go, Package: Package{Name: \"gonum.org/v1/gonum\"}},\n")
	m.insert("internal/goengines/goengines.go", "\t\"cupel/engines/gonum\"\n", "\t\"cupel/engines/added\"\n")
	m.insert("internal/goengines/goengines.go", "map[string]contender.Engine{\n", "\t\"added\": added.Engine{},\n")
}

// auditsAsABuiltInOne checks what the audit knows of an engine by its record and its
// folder. A run this short fails other points, hence exit code 1 or 3.
func auditsAsABuiltInOne(t *testing.T, audited result) {
	t.Helper()
	var said struct {
		Points []struct {
			ID             int
			Status, Detail string
		}
	}
	if err := json.Unmarshal([]byte(audited.stdout), &said); err != nil || audited.code == 2 {
		t.Fatalf("audit ends with %d, %v:\n%s%s", audited.code, err, audited.stdout, audited.stderr)
	}
	// These points say that the engine is the standard one, that its release is
	// current, and that the suite makes the plan that was run.
	for _, id := range []int{36, 61, 74} {
		if point := said.Points[id-1]; point.ID != id || point.Status != "pass" {
			t.Errorf("point %d is a %s: %s", point.ID, point.Status, point.Detail)
		}
	}
}
