package corpus

// This file measures contenders of the corpus, as any run does, and leaves a sealed
// bundle.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cupel/engines"
	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/observe"
	"cupel/internal/provision"
	"cupel/internal/sandbox"
	"cupel/internal/suite"
	"cupel/internal/version"
)

// TestMain runs the sandbox's stage, a cheat or a neighbour if this binary was started as
// one.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case "confine":
		err = sandbox.Stage(os.Args[2:])
	case "cheat":
		err = be(os.Args[2])
	case "neighbour":
		disturb()
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// small is a suite that measures quickly: few launches, no claim, so that all
// contenders take part in every round.
const small = `name = "corpus"
[workload]
kind = "inference"
model = "logistic-regression"
layers = [784, 2]
dataset = "mnist-synthetic"
seed = 42
[protocol]
warmup = 100
iterations = %d
launches = %d
budget = "10m"
`

// extent is how much of each contender is measured.
type extent struct {
	launches, iterations, rounds, stalls, lone, eager, practice int
	longLeast, longMost                                         time.Duration
}

// played is the extent of the corpus that is played live.
func played(launches int) extent {
	return extent{launches: launches, iterations: 2000, rounds: 48, stalls: 8, lone: 250, eager: 30, practice: 64, longLeast: 10 * time.Millisecond, longMost: 20 * time.Millisecond}
}

// shorten gives a plan fewer bursts. The questions and the rules stay the same.
func (e extent) shorten(plan *suite.Plan) {
	plan.Paired.Rounds, plan.Paired.LongEvery = e.rounds, 3
	plan.Paired.LongLeast, plan.Paired.LongMost = suite.Duration(e.longLeast), suite.Duration(e.longMost)
	plan.Paired.Steady.Bursts, plan.Paired.Steady.Most = e.practice, suite.Duration(50*time.Millisecond)
	plan.Paired.Quiet.WaitRound, plan.Paired.Quiet.WaitReplicate = 0, 0
	plan.Paired.Stalls = e.stalls
	plan.Probes.Widths, plan.Probes.Bursts, plan.Probes.DeepReplicates = []int{1, 4, 16}, 3, 2
	plan.Probes.Lone, plan.Probes.Eager = e.lone, e.eager
}

const nonce = "corpus"

// measured runs contenders and leaves a sealed bundle in dir.
func measured(t *testing.T, dir string, names []string, size extent) {
	t.Helper()
	contenders, text := contendersOf(t, names, fmt.Sprintf(small, size.iterations, size.launches))
	s, err := suite.Parse(evidence.SuiteFile, ".", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Plan(suite.Options{Nonce: nonce})
	if err != nil {
		t.Fatal(err)
	}
	size.shorten(plan)
	bundle, err := evidence.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer bundle.Close()
	scratch := t.TempDir()
	material, err := measure.Prepare(t.Context(), s.Workload, plan.Probes, nonce, t.TempDir(), scratch)
	if err != nil {
		t.Fatal(err)
	}
	begin(t, bundle, s, plan)
	box, err := sandbox.Find(t.Context(), []string{os.Args[0], "confine"})
	if err != nil {
		t.Fatal(err)
	}
	config := measure.Config{
		Plan: plan, Material: material, Bundle: bundle, Scratch: scratch, Nonce: nonce, Sandbox: box, Hidden: []string{dir},
		Redact: anonymous(dir, scratch),
	}
	topology, err := observe.ReadTopology()
	if err != nil {
		t.Fatal(err)
	}
	if placement := observe.ChooseCores(topology, plan.Threads); len(placement.Contender) > 0 {
		config.CPUs, config.HarnessCPUs = placement.Contender, placement.Harness
		restore, err := observe.PinSelf(placement.Harness)
		if err != nil {
			t.Fatal(err)
		}
		defer restore()
	}
	if err := measure.New(config).Measure(t.Context(), contenders, "", func(measure.Progress) {}); err != nil {
		t.Fatal(err)
	}
	if err := bundle.Append(evidence.LedgerRow{Time: time.Now(), Event: evidence.EventNonce, Nonce: nonce}); err != nil {
		t.Fatal(err)
	}
	seal(t, dir, bundle)
}

// begin writes what a bundle has before anything is measured.
func begin(t *testing.T, bundle *evidence.Writer, s *suite.Suite, plan *suite.Plan) {
	t.Helper()
	text, digest, err := plan.Encode()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	for _, err := range []error{
		bundle.WriteFile(evidence.SuiteFile, s.Text),
		bundle.WriteFile(evidence.PlanFile, text),
		bundle.WriteJSON(evidence.EnvironmentFile, evidence.Environment{Schema: evidence.EnvironmentSchema, Time: now, Cupel: version.Cupel()}),
		bundle.Append(evidence.LedgerRow{Time: now, Event: evidence.EventPlan, SHA256: map[string]string{evidence.PlanFile: digest}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// seal seals a bundle that was measured and writes its results.
func seal(t *testing.T, dir string, bundle *evidence.Writer) {
	t.Helper()
	key, err := evidence.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteSeal(t.Context(), dir, key); err != nil {
		t.Fatal(err)
	}
	if err := bundletest.Derive(dir, bundle); err != nil {
		t.Fatal(err)
	}
}

// contendersOf returns the contenders with these names, and the suite with them. Beside
// each stands the honest program that runs as the canonical runner of its engine, if it has
// one. The suite names no path of this machine.
func contendersOf(t *testing.T, names []string, text string) ([]measure.Contender, string) {
	t.Helper()
	var contenders []measure.Contender
	for _, name := range names {
		entry := cheats[name]
		c := measure.Contender{Name: slug(name), Command: []string{os.Args[0], "cheat", name}, Recorded: []string{"./corpus", "cheat", name}}
		text += fmt.Sprintf("[[contender]]\nname = %q\ncommand = [%q, \"cheat\", %q]\n", c.Name, "./corpus", name)
		if entry.canonical {
			text += "engine = \"go\"\n"
		}
		switch {
		case entry.debug:
			c.Command, c.Recorded = []string{built(t, "-gcflags=all=-N -l"), "engine", "go"}, []string{"cupel", "engine", "go"}
		case entry.engine != "":
			c = installed(t, c, entry.engine)
		}
		contenders = append(contenders, c)
		if entry.canonical {
			contenders = append(contenders, measure.Contender{
				Name: suite.CanonicalName(c.Name), Role: evidence.RoleCanonical,
				Command: []string{os.Args[0], "cheat", "honest"}, Recorded: []string{"./corpus", "cheat", "honest"},
			})
		}
	}
	return contenders, text
}

// built builds the program for its own engines, and returns its path.
func built(t *testing.T, flags ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "cupel")
	build := exec.CommandContext(t.Context(), "go", append(append([]string{"build"}, flags...), "-o", program, "cupel/cmd/cupel")...)
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return program
}

// installed returns an engine's own runner as a contender. It skips the test if the engine
// is not installed.
func installed(t *testing.T, c measure.Contender, name string) measure.Contender {
	t.Helper()
	engine, known := engines.Lookup(name)
	if !known {
		t.Fatalf("no engine is called %q", name)
	}
	if engine.Language == engines.Go {
		c.Command, c.Recorded = []string{built(t), "engine", name}, []string{"cupel", "engine", name}
		return c
	}
	provisioner, err := provision.New()
	if err != nil {
		t.Fatal(err)
	}
	found, err := provisioner.Find(engine)
	if err != nil {
		t.Skip(err)
	}
	c.Command, c.Dir, c.Build, c.Recorded = found.Command, found.Dir, found.Build, nil
	for _, argument := range found.Command {
		c.Recorded = append(c.Recorded, anonymous()(argument))
	}
	return c
}

// anonymous returns a function that removes this machine's directories from a text.
func anonymous(dirs ...string) func(text string) string {
	var pairs []string
	add := func(dir, as string) {
		if dir != "" && dir != "/" {
			pairs = append(pairs, dir, as)
		}
	}
	for _, dir := range dirs {
		add(dir, "$RUN")
	}
	add(filepath.Dir(os.Args[0]), "$PROGRAM")
	cache, _ := os.UserCacheDir()
	add(cache, "$CACHE")
	home, _ := os.UserHomeDir()
	add(home, "$HOME")
	add(os.TempDir(), "$TMP")
	return strings.NewReplacer(pairs...).Replace
}

// slug returns a contender's name for a cheat's name.
func slug(name string) string {
	return strings.NewReplacer(" ", "-", ",", "", "%", "").Replace(strings.ToLower(name))
}
