package suite

// This file tests suite files, their errors with line numbers, and plans.

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/model"
)

func TestBuiltInSuites(t *testing.T) {
	for _, name := range BuiltInNames() {
		s, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != name || len(s.Contenders) < 3 || !s.BuiltIn {
			t.Errorf("%s: %s of %d contenders", name, s.Name, len(s.Contenders))
		}
		if len(s.Claims) == 0 || s.Claims[0] != (Claim{Faster: "go", Than: "pytorch"}) {
			t.Errorf("%s: claims %v", name, s.Claims)
		}
		if s.Workload.Kind == KindFit {
			continue // Its protocol is tested with trainings.
		}
		if s.Protocol.Warmup != 100 || s.Protocol.Iterations != 10_000 || s.Workload.Seed != 42 || s.Workload.Batch != 1 || s.Workload.Threads != 1 {
			t.Errorf("%s: %+v %+v", name, s.Protocol, s.Workload)
		}
	}
}

// The default suite is exactly the published benchmark.
func TestDefaultSuite(t *testing.T) {
	s, err := Load(Default)
	if err != nil {
		t.Fatal(err)
	}
	if s.Workload.Dataset != "mnist-synthetic" || s.Workload.Architecture.Parameters() != 1570 {
		t.Errorf("workload %+v", s.Workload)
	}
	if len(s.Claims) != 2 || s.Claims[1] != (Claim{Faster: "aprender", Than: "pytorch"}) {
		t.Errorf("claims %v", s.Claims)
	}
}

// own is a user's own suite, as the documents show it.
const own = `name = "my-comparison"

[workload]
kind = "inference"
model = "logistic-regression"
layers = [784, 2]
dataset = "mnist-synthetic"
batch = 1
threads = [1]
seed = 42

[protocol]
warmup = 10
iterations = 100
launches = 3
budget = "20s"

[[contender]]
name = "go"

[[contender]]
name = "mine"
command = ["python3", "runner.py"]
engine = "numpy"

[[claim]]
faster = "go"
than = "mine"
`

func TestOwnSuite(t *testing.T) {
	s, err := Parse("own.toml", "/suites", []byte(own))
	if err != nil {
		t.Fatal(err)
	}
	if s.Protocol != (Protocol{Warmup: 10, Iterations: 100, Launches: 3, Precision: 0.01, Tolerance: 0.01, Budget: 20 * time.Second}) {
		t.Errorf("protocol %+v", s.Protocol)
	}
	mine := s.Contenders[1]
	if mine.BuiltIn() || mine.Engine != "numpy" || mine.Command[1] != "runner.py" || !s.Contenders[0].BuiltIn() {
		t.Errorf("contenders %+v", s.Contenders)
	}
}

// The plan, made before the run, declares which contenders compile at run time.
func TestCompilersAreDeclaredInThePlan(t *testing.T) {
	s, err := Parse("own.toml", "/suites", []byte(strings.Replace(own, `engine = "numpy"`, "engine = \"numpy\"\ncompiles = true", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ only, want []string }{{nil, []string{"mine"}}, {[]string{"go"}, nil}} {
		plan, err := s.Plan(Options{Nonce: "n", Only: test.only})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(plan.Compiles, test.want) {
			t.Errorf("only %v: %v", test.only, plan.Compiles)
		}
	}
}

func TestFaultsNameFileLineAndWhatIsExpected(t *testing.T) {
	for name, test := range map[string]struct{ old, new, want string }{
		"unknown key":            {"threads = [1]", "thread = 1", `own.toml:9: unknown key "workload.thread"; expected one of kind, model, layers`},
		"unknown table":          {"[protocol]", "[protocols]", `own.toml:12: unknown key "protocols"; expected one of name, title, workload`},
		"unknown in array":       {`engine = "numpy"`, `motor = "numpy"`, `own.toml:24: unknown key "contender.motor"; expected one of name, command, engine`},
		"text for number":        {"seed = 42", `seed = "42"`, `own.toml:10: key "workload.seed": expected a whole number`},
		"number for text":        {`kind = "inference"`, `kind = 1`, `own.toml:4: key "workload.kind": expected a string`},
		"negative seed":          {"seed = 42", "seed = -1", `own.toml:10: key "workload.seed": expected a whole number`},
		"number for list":        {"layers = [784, 2]", "layers = 784", `own.toml:6: key "workload.layers": expected a list, each a whole number`},
		"syntax":                 {"batch = 1", "batch = = 1", `own.toml:8: `},
		"no seed":                {"seed = 42", "", `own.toml:3: seed is missing`},
		"kind":                   {`"inference"`, `"guess"`, `own.toml:4: workload.kind is "guess"; expected ["inference" "fit"]`},
		"model":                  {`"logistic-regression"`, `"forest"`, `own.toml:5: workload.model is "forest"`},
		"dataset":                {`"mnist-synthetic"`, `"cifar"`, `own.toml:7: workload.dataset is "cifar"; expected ["mnist-synthetic" "mnist"]`},
		"layers":                 {"[784, 2]", "[784, 5, 2]", "own.toml:6: unusable architecture"},
		"layers and dataset":     {"[784, 2]", "[28, 2]", "own.toml:6: layers begin with 28; expected 784"},
		"classes and dataset":    {"[784, 2]", "[784, 3]", "own.toml:6: layers end with 3; expected 2"},
		"batch":                  {"batch = 1", "batch = 0", "own.toml:8: workload.batch is 0; expected a whole number from 1"},
		"batch twice":            {"batch = 1", "batch = [1, 16, 1]", "own.toml:8: workload.batch has 1 twice"},
		"no batch":               {"batch = 1", "batch = []", "own.toml:8: workload.batch is an empty list"},
		"batch in a list":        {"batch = 1", "batch = [1, 0]", "own.toml:8: workload.batch is [1 0]; expected a whole number from 1"},
		"threads":                {"threads = [1]", `threads = "all"`, "own.toml:9: workload.threads is all; expected a whole number"},
		"iterations":             {"iterations = 100", "iterations = 1", "own.toml:14: protocol.iterations is 1; expected 2 to"},
		"budget":                 {`"20s"`, `"20"`, `own.toml:16: protocol.budget is "20"; expected a time`},
		"precision":              {"launches = 3", "precision = 0", "own.toml:15: protocol.precision is 0; expected a share"},
		"accuracy":               {"seed = 42", "seed = 42\naccuracy = 92", "own.toml:11: accuracy is 92; expected a share"},
		"contender's name":       {`name = "mine"`, `name = "../mine"`, `own.toml:22: contender name is "../mine"`},
		"no such engine":         {`name = "go"`, `name = "candle"`, `own.toml:19: there is no built-in engine "candle"; expected one of go, gonum`},
		"contender twice":        {`name = "mine"`, `name = "go"`, `own.toml:22: there are two contenders "go"`},
		"canonical engine":       {`engine = "numpy"`, `engine = "mine"`, `own.toml:24: there is no built-in engine "mine"`},
		"empty command":          {`["python3", "runner.py"]`, `[""]`, `own.toml:23: command starts with an empty string`},
		"source of a built-in":   {`name = "go"`, "name = \"go\"\nsource = [\"go.go\"]", `own.toml:20: source is only for a contender with its own command; "go" has none`},
		"build of nothing":       {`engine = "numpy"`, `build = ["make"]`, `own.toml:24: build needs source`},
		"empty build":            {`engine = "numpy"`, "source = [\"a.c\"]\nbuild = [\"\"]", `own.toml:25: build starts with an empty string`},
		"source elsewhere":       {`engine = "numpy"`, `source = ["../a.c"]`, `own.toml:24: source has "../a.c"; expected files and folders below`},
		"all of the folder":      {`engine = "numpy"`, `source = ["."]`, `own.toml:24: source has "."; expected files and folders below`},
		"compiles of a built-in": {`name = "go"`, "name = \"go\"\ncompiles = true", `own.toml:20: compiles is only for a contender with its own command; cupel knows it of "go"`},
		"compiles as text":       {`engine = "numpy"`, `compiles = "yes"`, `own.toml:24: key "contender.compiles": expected true or false`},
		"claim's contender":      {`than = "mine"`, `than = "theirs"`, `own.toml:28: claim names "theirs", which is not a contender`},
		"claim with itself":      {`than = "mine"`, `than = "go"`, `own.toml:26: a claim compares two contenders`},
		"suite's name":           {`"my-comparison"`, `"My comparison"`, `own.toml:1: name is "My comparison"`},
	} {
		text := strings.Replace(own, test.old, test.new, 1)
		if text == own {
			t.Fatalf("%s: %q is not in the suite", name, test.old)
		}
		_, err := Parse("own.toml", ".", []byte(text))
		fault := new(Error)
		if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %s", name, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %q", name, err)
		}
	}
}

func TestReplyThatNoContenderMaySendIsRefused(t *testing.T) {
	text := strings.NewReplacer("batch = 1", "batch = 8192", "iterations = 100", "iterations = 10000").Replace(own)
	if _, err := Parse("own.toml", ".", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), "own.toml:14: 10000 calls of batch 8192 need a reply of") {
		t.Errorf("error %v", err)
	}
}

func TestMissingAndUnreadableFiles(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.toml"))
	if fault := new(Error); !errors.As(err, &fault) || !strings.Contains(err.Error(), "mnist-logreg") {
		t.Errorf("error %v", err)
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("a directory was read as a suite")
	}
	large := filepath.Join(t.TempDir(), "large.toml")
	if err := os.WriteFile(large, make([]byte, maxFileBytes+1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(large); err == nil {
		t.Error("a file beyond the bound was read")
	}
}

func TestPlan(t *testing.T) {
	s, err := Load(Default)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(Options{Only: []string{"pytorch", "go"}, Budget: time.Minute, Nonce: "n"})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(plan.Contenders, ",") != "go,pytorch" || len(plan.Claims) != 1 || plan.Budget != "1m0s" {
		t.Errorf("plan %+v", plan)
	}
	text, digest, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var again Plan
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if _, digestAgain, _ := again.Encode(); digestAgain != digest {
		t.Error("a plan does not survive being written and read")
	}
	plan.NonceSHA256 = "m"
	if _, other, _ := plan.Encode(); other == digest {
		t.Error("another nonce has the same digest")
	}
	if _, err := s.Plan(Options{Only: []string{"candle"}}); err == nil || !strings.Contains(err.Error(), `no contender "candle"`) {
		t.Errorf("error %v", err)
	}
}

func TestFitSettingsOfASuite(t *testing.T) {
	s, err := Parse("own.toml", ".", []byte(own+"\n[fit]\nepochs = 3\nbatch = 10\nlearning_rate = 0.25\n"))
	if err != nil {
		t.Fatal(err)
	}
	if fit := s.Workload.Fit; fit.Epochs != 3 || fit.BatchSize != 10 || fit.LearningRate != 0.25 || fit.Seed != 42 {
		t.Errorf("fit %+v", fit)
	}
	if _, err := Parse("own.toml", ".", []byte(own+"\n[fit]\nepochs = 0\nbatch = 10\nlearning_rate = 0.25\n")); err == nil {
		t.Error("0 epochs were accepted")
	}
}

func TestActivationDefaultsToReLU(t *testing.T) {
	text := strings.Replace(strings.Replace(own, `"logistic-regression"`, `"mlp"`, 1), "[784, 2]", "[784, 5, 2]", 1)
	s, err := Parse("own.toml", ".", []byte(text))
	if err != nil || s.Workload.Architecture.Activation != model.ReLU {
		t.Errorf("%+v, %v", s, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(own))
	for _, name := range BuiltInNames() {
		text, _ := builtIn(name)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("fuzz.toml", ".", text)
		if err != nil {
			if fault := new(Error); !errors.As(err, &fault) || fault.Line < 1 {
				t.Errorf("error %v has no line", err)
			}
			return
		}
		plan, err := s.Plan(Options{Nonce: "n"})
		if err != nil {
			t.Fatal(err)
		}
		if err := plan.Check(); err != nil {
			t.Error(err)
		}
	})
}
