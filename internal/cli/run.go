package cli

// This file holds `cupel run`: from a suite to a bundle with results.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cupel/engines"
	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/observe"
	"cupel/internal/provision"
	"cupel/internal/report"
	"cupel/internal/sandbox"
	"cupel/internal/suite"
)

// runOptions are the flags of `cupel run`.
type runOptions struct {
	out         string
	only        []string
	budget      time.Duration
	precision   float64
	challenge   string
	resume      bool
	key         string
	noProvision bool
	unconfined  bool
	asJSON      bool
	// reproduced is the bundle whose suite is run again, empty for any other run.
	reproduced string
}

func runCommand(stdout, stderr io.Writer) *cobra.Command {
	var options runOptions
	command := &cobra.Command{
		Use:   "run [SUITE]",
		Short: "Measure a suite: a built-in one by name, or a TOML file by path",
		Long: `Measure a suite and write a bundle with every sample. SUITE is a built-in suite
(` + strings.Join(suite.BuiltInNames(), ", ") + `; the first is the default) or the path of
a TOML file. What the suite needs and is not installed is installed first.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			name := suite.Default
			if len(args) == 1 {
				name = args[0]
			}
			s, err := suite.Load(name)
			if options.resume {
				s, err = resumedSuite(args, options.out)
			}
			if err != nil {
				return err
			}
			// 0 is what the options have where nothing is asked for.
			for name, given := range map[string]float64{"budget": float64(options.budget), "precision": options.precision} {
				if command.Flags().Changed(name) && given == 0 {
					return exit(ExitUsage, fmt.Errorf("--%s is 0; leave it out for the suite's", name))
				}
			}
			r := &runner{suite: s, options: options, stdout: stdout, stderr: stderr}
			return r.run(command.Context())
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.out, "out", "", "directory for the bundle (default cupel-runs/TIME-SUITE)")
	flags.StringSliceVar(&options.only, "only", nil, "contenders to measure, separated by commas")
	flags.DurationVar(&options.budget, "budget", 0, "measuring time, such as 60s (default: the suite's)")
	flags.Float64Var(&options.precision, "precision", 0, "half-width asked of each claim's 95% interval, as a share such as 0.005 (default: the suite's)")
	flags.StringVar(&options.challenge, "challenge", "", "number or text that seeds inputs and order, so that nobody can know them before (default: random)")
	flags.BoolVar(&options.resume, "resume", false, "go on with the run in --out that was killed or interrupted, here and since the machine was started")
	flags.StringVar(&options.key, "key", "", "PEM file with the ed25519 key that the bundle is sealed with (default: one made for this run and forgotten)")
	flags.BoolVar(&options.noProvision, "no-provision", false, "install nothing; what is not installed is unavailable")
	flags.BoolVar(&options.unconfined, "unconfined", false, "for debugging: do not confine contenders; the results say so")
	flags.BoolVar(&options.asJSON, "json", false, "print the comparison as JSON instead of tables")
	return command
}

// runner is one run from start to end.
type runner struct {
	suite   *suite.Suite
	options runOptions
	stdout  io.Writer
	stderr  io.Writer

	provisioner *provision.Provisioner
	plan        *suite.Plan
	nonce       string
	key         *evidence.Key
	bundle      *evidence.Writer
	measuring   *measure.Run
	cores       cores
	inventory   *inventory
	sandbox     *sandbox.Sandbox
	placements  map[string]evidence.Placement
	ready       []measure.Contender
	// earlier is what the bundle had of earlier sessions; nil for a run in one go.
	earlier  *evidence.Bundle
	watchdog *watchdog
}

func (r *runner) run(ctx context.Context) (err error) {
	r.inventory = newInventory()
	if r.provisioner, err = provision.New(); err != nil {
		return err
	}
	if err := r.makePlan(); err != nil {
		return err
	}
	directory, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	if r.sandbox, err = confinement(ctx, r.options.unconfined); err != nil {
		return err
	}
	if r.cores, err = place(r.plan.Threads); err != nil {
		return err
	}
	defer r.cores.unpin()
	r.placements = placeCells(r.plan.Cells, r.cores)
	if err := r.open(ctx); err != nil {
		return err
	}
	defer func() { err = r.kept(errors.Join(err, r.bundle.Close())) }()
	if r.earlier != nil && over(r.earlier) {
		return r.conclude(ctx)
	}
	if r.watchdog, err = startWatchdog(r.provisioner.Executable, r.bundle, r.nonce); err != nil {
		return err
	}
	defer func() { r.watchdog.dismiss(r.stderr) }()
	if err := r.begin(ctx); err != nil {
		return err
	}
	err = r.measure(ctx, directory)
	if err != nil && ctx.Err() == nil {
		return r.giveUp(err)
	}
	return r.finish(ctx)
}

// open makes the bundle, or takes up one.
func (r *runner) open(ctx context.Context) error {
	if r.options.resume {
		if taken, err := r.takeUp(ctx); taken || err != nil {
			return err
		}
	}
	out := r.options.out
	if out == "" {
		out = defaultOut(time.Now(), r.plan.Suite)
	}
	var err error
	if r.bundle, err = evidence.Create(out); err != nil {
		return exit(ExitUsage, err)
	}
	return nil
}

// giveUp ends a run that the harness can't go on with, as on a full disk. The same
// fault may keep the last words from the ledger; the error is told in any case.
func (r *runner) giveUp(fault error) error {
	now := time.Now()
	_ = errors.Join(
		r.bundle.Append(evidence.LedgerRow{Time: now, Event: evidence.EventInterrupted, Reason: r.anonymous("the harness failed: " + fault.Error()), Disturbances: r.disturbances()}),
		r.bundle.Append(evidence.LedgerRow{Time: now, Event: evidence.EventNonce, Nonce: r.nonce}),
	)
	code := ExitNoAnswer
	if coded := new(exitError); errors.As(fault, &coded) {
		code = coded.code
	} else if errors.Is(fault, measure.ErrInaccurate) {
		code = ExitUsage
	}
	return r.left(code, fault)
}

// kept is the error of a run whose bundle is open, where the harness could not do a step,
// as on a full disk: its usage was right, there is no answer, and what was measured is not
// lost. An error that has an exit code says how a run came out.
func (r *runner) kept(fault error) error {
	if coded := new(exitError); fault == nil || errors.As(fault, &coded) || errors.Is(fault, context.Canceled) {
		return fault
	}
	return r.left(ExitNoAnswer, fault)
}

// left says of an error where the bundle lies, and how the run goes on.
func (r *runner) left(code int, fault error) error {
	return exit(code, fmt.Errorf("%w (what there is lies in %s; go on with `%s`)", fault, r.bundle.Dir(), r.resumption()))
}

// disturbances says what the machine did besides while this session measured.
func (r *runner) disturbances() []string {
	if r.measuring == nil {
		return nil
	}
	return r.measuring.Disturbances()
}

// cores are those that harness and contenders were given.
type cores struct {
	machine   evidence.MachineDescription
	placement evidence.Placement
	// topology says which CPUs there were to choose from; nil where that is not known.
	topology *evidence.Topology
	// unpin gives this process back the cores that it had.
	unpin func()
}

// place chooses the cores of harness and contenders and takes the harness's.
func place(threads int) (cores, error) {
	chosen := cores{unpin: func() {}}
	topology, err := observe.ReadTopology()
	if errors.Is(err, errors.ErrUnsupported) {
		chosen.placement.Reason = err.Error()
		return chosen, nil
	}
	if err != nil {
		return chosen, err
	}
	chosen.machine, chosen.placement, chosen.topology = observe.Describe(), observe.ChooseCores(topology, threads), &topology
	if len(chosen.placement.Harness) == 0 {
		return chosen, nil
	}
	restore, err := observe.PinSelf(chosen.placement.Harness)
	if err != nil {
		return chosen, err
	}
	chosen.unpin = func() { _ = restore() }
	return chosen, nil
}

// makePlan settles everything before anything is started.
func (r *runner) makePlan() error {
	r.nonce = r.options.challenge
	if r.nonce == "" {
		r.nonce = rand.Text()
	}
	if r.options.budget < 0 {
		return exit(ExitUsage, fmt.Errorf("--budget is %v; expected a time above 0", r.options.budget))
	}
	if !(r.options.precision >= 0 && r.options.precision < 1) {
		return exit(ExitUsage, fmt.Errorf("--precision is %v; expected a share between 0 and 1, such as 0.005", r.options.precision))
	}
	var err error
	if r.key, err = sealingKey(r.options.key); err != nil {
		return exit(ExitUsage, err)
	}
	plan, err := r.suite.Plan(suite.Options{
		Only: r.options.only, Budget: r.options.budget, Precision: r.options.precision, Nonce: r.nonce, Challenge: r.options.challenge != "",
	})
	if err != nil {
		return exit(ExitUsage, err)
	}
	r.plan = plan
	return nil
}

// sealingKey reads the key of a file, or makes one.
func sealingKey(path string) (*evidence.Key, error) {
	if path == "" {
		return evidence.NewKey()
	}
	return evidence.LoadKey(path)
}

// begin writes down the plan, or that the run goes on.
func (r *runner) begin(ctx context.Context) error {
	if r.earlier != nil {
		return r.goOn()
	}
	now := time.Now()
	plan, digest, err := r.plan.Encode()
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return r.bundle.WriteFile(evidence.SuiteFile, r.suite.Text) },
		func() error { return r.bundle.WriteFile(evidence.PlanFile, plan) },
		func() error { return r.describe(ctx, now) },
		// A run has begun when this row is there, and has all that a reader needs.
		func() error {
			return r.bundle.Append(evidence.LedgerRow{Time: now, Event: evidence.EventPlan, SHA256: map[string]string{evidence.PlanFile: digest}})
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// describe writes down the machine and what the harness costs on it.
func (r *runner) describe(ctx context.Context, now time.Time) error {
	environment := observe.Environment(ctx, now)
	environment.Machine, environment.Placement, environment.CellPlacements = r.cores.machine, r.cores.placement, r.placements
	environment.Identity = observe.Identify()
	environment.Confinement, environment.ConfinementLayers = r.sandbox.Summary(), r.sandbox.Layers()
	var err error
	command := []string{r.provisioner.Executable, "engine", "go"}
	if environment.Calibration, err = measure.Calibrate(ctx, command, r.cores.placement.Contender); err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	if err := r.bundle.WriteJSON(evidence.EnvironmentFile, environment); err != nil {
		return err
	}
	if err := r.logRun("began", "", nil); err != nil {
		return err
	}
	return r.describeHarness()
}

// runsDir is where bundles go by default.
const runsDir = "cupel-runs"

// defaultOut names a directory that is not there yet.
func defaultOut(now time.Time, suite string) string {
	base := filepath.Join(runsDir, now.Format("20060102-150405")+"-"+suite)
	out := base
	for i := 2; ; i++ {
		if _, err := os.Lstat(out); err != nil {
			return out
		}
		out = fmt.Sprintf("%s-%d", base, i)
	}
}

// measure fits, looks, installs and measures.
func (r *runner) measure(ctx context.Context, scratch string) error {
	material, err := r.fit(ctx, scratch)
	if err != nil {
		return err
	}
	r.measuring = measure.New(measure.Run{
		Plan: r.plan, Material: material, Bundle: r.bundle, Scratch: scratch,
		Sandbox: r.sandbox, Hidden: r.hidden(), Nonce: r.nonce, Elapsed: r.bundle.Elapsed(), Redact: r.anonymous, Report: func(measure.Progress) {}, CPUs: r.cores.placement.Contender, HarnessCPUs: r.cores.placement.Harness,
		Placements: r.placements,
	})
	r.measuring.Origin = r.origin
	r.measuring.UseDigests(r.inventory.digests)
	if err := r.keepModel(material); err != nil {
		return err
	}
	if err := r.preview(ctx); err != nil {
		return err
	}
	if err := r.gather(ctx); err != nil {
		return err
	}
	if err := r.addCompanions(); err != nil {
		return err
	}
	if r.earlier != nil {
		if err := r.measuring.Continue(r.earlier); err != nil {
			return err
		}
	}
	return r.replicates(ctx)
}

// hidden are the directories that a contender does not see: this run's bundle and
// others beside it, and the cache with other engines and the models of other runs.
func (r *runner) hidden() []string {
	hidden := []string{r.bundle.Dir(), r.provisioner.Cache}
	if parent := filepath.Dir(r.bundle.Dir()); filepath.Base(parent) == runsDir {
		hidden = append(hidden, parent)
	}
	return hidden
}

// addCompanions adds the runners that are no contenders of the suite: the control
// copy, and the built-in runner beside a contender that names a known engine.
func (r *runner) addCompanions() error {
	for _, c := range r.contenders() {
		name, named := r.plan.Canonical[c.Name]
		if !named || r.known(suite.CanonicalName(c.Name)) {
			continue
		}
		engine, _ := engines.Lookup(name)
		installed, err := r.provisioner.Find(engine)
		if err != nil {
			reason, remedy := provisionReason(err)
			if err := r.unavailable(suite.CanonicalName(c.Name), reason, remedy); err != nil {
				return err
			}
			continue
		}
		companion := r.startable(suite.Contender{Name: suite.CanonicalName(c.Name)}, installed)
		companion.Role = evidence.RoleCanonical
		if err := r.describeContender(companion.Name, installed); err != nil {
			return err
		}
		r.ready = append(r.ready, companion)
	}
	for _, name := range r.plan.Control {
		at := slices.IndexFunc(r.ready, func(c measure.Contender) bool { return c.Name == name })
		if at < 0 {
			continue
		}
		second := r.ready[at]
		second.Name, second.Role, second.SizedAs = suite.ControlName(name), evidence.RoleControl, name
		r.ready = append(r.ready, second)
		r.measuring.Control = name
		break
	}
	return nil
}

func (r *runner) fit(ctx context.Context, scratch string) (*measure.Material, error) {
	fmt.Fprintf(r.stderr, "%s: %s\n", r.suite.Name, r.suite.Title)
	began := time.Now()
	if r.plan.Workload == suite.KindFit {
		return r.prepareTraining()
	}
	material, err := measure.Prepare(ctx, r.suite.Workload, r.plan.Probes, r.nonce, r.provisioner.Cache, scratch)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(r.stderr, "model ready in %v: %d parameters, accuracy %.4f\n",
		time.Since(began).Round(10*time.Millisecond), r.plan.Model.Parameters(), material.Accuracy)
	if fitted, err := r.sameModel(material.Digests); fitted || err != nil {
		return material, err
	}
	return material, r.bundle.Append(evidence.LedgerRow{
		Time: time.Now(), Event: evidence.EventFitted, SHA256: material.Digests,
		Accuracy: &material.Accuracy, TrainingRows: material.TrainingRows,
	})
}

// preview shows a first table of the contenders that need no installing.
func (r *runner) preview(ctx context.Context) error {
	var first []measure.Contender
	for _, c := range r.contenders() {
		if engine, ok := engines.Lookup(c.Name); c.BuiltIn() && ok && engine.Language == engines.Go {
			installed, err := r.provisioner.Find(engine)
			if err != nil {
				return err
			}
			first = append(first, r.startable(c, installed))
		}
	}
	if len(first) < 2 || r.earlier != nil {
		return nil
	}
	if err := r.measuring.Preview(ctx, first); err != nil {
		return err
	}
	if r.options.asJSON {
		return nil
	}
	bundle, err := evidence.Open(r.bundle.Dir())
	if err != nil {
		return err
	}
	results, err := report.DerivePreview(bundle)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "\nA first look, one launch each (not part of the results):\n\n")
	if err := results.WritePreview(r.stdout, styleOf(r.stdout)); err != nil {
		return err
	}
	fmt.Fprintln(r.stdout)
	return nil
}

// contenders are the suite's that the plan has.
func (r *runner) contenders() []suite.Contender {
	var planned []suite.Contender
	for _, name := range r.plan.Contenders {
		for _, c := range r.suite.Contenders {
			if c.Name == name {
				planned = append(planned, c)
			}
		}
	}
	return planned
}

func (r *runner) startable(c suite.Contender, installed provision.Installed) measure.Contender {
	recorded := make([]string, len(installed.Command))
	for i, argument := range installed.Command {
		recorded[i] = r.anonymous(argument)
	}
	return measure.Contender{
		Name: c.Name, Command: installed.Command, Dir: installed.Dir, Recorded: recorded, Build: installed.Build,
		InstalledBytes: r.installedBytes(installed),
	}
}

// installedBytes is how much room an installation takes: its folder, or, for an
// engine that is in this binary, the binary. It is 0 where that can't be seen.
func (r *runner) installedBytes(installed provision.Installed) int64 {
	root := installed.Dir
	if root == "" {
		root = r.provisioner.Executable
	}
	total := int64(0)
	err := filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return 0
	}
	return total
}

// anonymous takes out of a text that goes into the bundle the paths of this
// program and of the cache, which say who the user is and where.
func (r *runner) anonymous(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, r.provisioner.Cache, cacheName), r.provisioner.Executable, "cupel")
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 {
		text = strings.ReplaceAll(text, home, "$HOME")
	}
	return text
}

// cacheName stands in a bundle for the user's cache directory.
const cacheName = "$CACHE"

// gather finds or installs every contender; what can't be had is written down
// with its reason.
func (r *runner) gather(ctx context.Context) error {
	var builtIn []engines.Engine
	for _, c := range r.contenders() {
		if engine, ok := engines.Lookup(c.Name); c.BuiltIn() && ok && !r.known(c.Name) {
			builtIn = append(builtIn, engine)
		}
	}
	for contender, name := range r.plan.Canonical {
		if r.known(suite.CanonicalName(contender)) {
			continue
		}
		if engine, ok := engines.Lookup(name); ok && !slices.ContainsFunc(builtIn, func(e engines.Engine) bool { return e.Name == name }) {
			builtIn = append(builtIn, engine)
		}
	}
	outcomes := map[string]outcome{}
	if r.options.noProvision {
		for _, engine := range builtIn {
			installed, err := r.provisioner.Find(engine)
			outcomes[engine.Name] = outcome{installed, err}
		}
	} else {
		outcomes = install(ctx, r.provisioner, builtIn, r.stderr)
	}
	r.makeOwn(ctx, outcomes)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, c := range r.contenders() {
		if err := r.take(c, outcomes[c.Name]); err != nil {
			return err
		}
	}
	return nil
}

// makeOwn makes the contenders of which the suite has the source, and adds to the
// outcomes what came of it.
func (r *runner) makeOwn(ctx context.Context, outcomes map[string]outcome) {
	var board *board
	for _, c := range r.contenders() {
		if len(c.Source) == 0 || r.known(c.Name) || ctx.Err() != nil {
			continue
		}
		own := provision.Own{Name: c.Name, Dir: r.sourceDir(c), Source: c.Source, Build: c.Build, Command: c.Command, Beside: r.suite.Dir}
		installed, err := r.provisioner.FindOwn(own)
		if err != nil && !r.options.noProvision {
			if board == nil {
				board = newBoard(r.stderr)
				defer board.close()
			}
			result := show(board.begin(c.Name, "building", 0), func(progress provision.Progress) (provision.Installed, error) {
				return r.provisioner.InstallOwn(ctx, own, progress)
			})
			installed, err = result.installed, result.err
		}
		outcomes[c.Name] = outcome{installed, err}
	}
}

// sourceDir is where a contender's source lies: the suite's folder, or the contender's
// in a bundle that is reproduced.
func (r *runner) sourceDir(c suite.Contender) string {
	if r.options.reproduced != "" {
		return filepath.Join(r.options.reproduced, evidence.ContendersDir, c.Name)
	}
	return r.suite.Dir
}

// take adds a contender to those that are ready, or writes down why not.
func (r *runner) take(c suite.Contender, result outcome) error {
	if r.known(c.Name) {
		return nil
	}
	if !c.BuiltIn() && len(c.Source) == 0 {
		command := ownCommand(c.Command, r.suite.Dir)
		if reason, remedy := missing(command[0], c.Command[0]); reason != "" {
			return r.unavailable(c.Name, reason, remedy)
		}
		r.ready = append(r.ready, measure.Contender{Name: c.Name, Command: command, Dir: r.suite.Dir, Recorded: c.Command})
		return nil
	}
	if result.err != nil {
		reason, remedy := provisionReason(result.err)
		return r.unavailable(c.Name, reason, remedy)
	}
	if err := r.sameBuild(c.Name, result.installed.Build); err != nil {
		return err
	}
	r.ready = append(r.ready, r.startable(c, result.installed))
	return r.describeContender(c.Name, result.installed)
}

func (r *runner) unavailable(name, reason, remedy string) error {
	return r.bundle.Append(evidence.LedgerRow{
		Time: time.Now(), Event: evidence.EventUnavailable, Contender: name, Reason: r.anonymous(reason), Remedy: r.anonymous(remedy),
	})
}

// ownCommand makes a program that is given by a relative path with a slash start
// from the suite's folder; a bare name is looked up in the PATH.
func ownCommand(command []string, dir string) []string {
	if filepath.IsAbs(command[0]) || !strings.ContainsRune(command[0], filepath.Separator) {
		return command
	}
	return append([]string{filepath.Join(dir, command[0])}, command[1:]...)
}

// missing says why a suite's own program, named so in the suite, can't be started, and
// what to do; nothing where it can. A program that the path has by an entry "." is one.
func missing(program, named string) (reason, remedy string) {
	_, err := exec.LookPath(program)
	switch {
	case err == nil, errors.Is(err, exec.ErrDot):
		return "", ""
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Sprintf("no program %s on the path", named), fmt.Sprintf("install it; one beside the suite's file is ./%s", named)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("there is no program %s", named), "build it, or correct the suite's command, in which a path starts from the suite's folder"
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("the program %s may not be executed", named), "make it executable (chmod +x)"
	}
	return fmt.Sprintf("the program %s can't be started: %v", named, errors.Unwrap(err)), "correct the suite's command"
}

func (r *runner) replicates(ctx context.Context) error {
	if len(r.ready) == 0 {
		return nil
	}
	board := newBoard(r.stderr)
	defer board.close()
	task := board.begin("measuring", fmt.Sprintf("%d contenders, %d replicates or more, at most %s", len(r.plan.Contenders), r.plan.Launches, r.plan.Budget), r.steps())
	shown := &measuringLine{task: task, runner: r}
	r.measuring.Report = shown.report
	if err := r.measuring.Measure(ctx, r.ready); err != nil {
		task.fail("stopped")
		return err
	}
	task.done("done")
	return nil
}

// steps is how many steps the planned replicates have: a launch begins, has its
// rounds with the others, and ends.
func (r *runner) steps() int {
	return max(len(r.plan.Cells), 1) * r.plan.Launches * (2*len(r.ready) + 1)
}

// measuringLine tells the display what a run is doing.
type measuringLine struct {
	task      *task
	runner    *runner
	replicate int
	cell      string
	made      int
}

func (l *measuringLine) report(p measure.Progress) {
	which := fmt.Sprintf("replicate %d of %d", p.Replicate, max(p.Replicates, p.Replicate))
	if p.Cell != "" {
		which = p.Cell + ", " + which
	}
	if p.Replicate != l.replicate || p.Cell != l.cell {
		l.replicate, l.cell = p.Replicate, p.Cell
		l.task.line(which)
	}
	what := p.Contender
	switch {
	case p.Rounds > 0:
		rounds := l.runner.roundsOf(p.Cell)
		what = fmt.Sprintf("round %d of %d", p.Rounds, rounds)
		if p.Rounds == rounds {
			l.made++
		}
	case p.Outcome == evidence.Failed:
		l.task.line(fmt.Sprintf("%s failed: %s", p.Contender, p.Reason))
		l.made++
	default:
		l.made++
	}
	l.task.step(which+", "+what, min(l.made, l.runner.steps()), l.runner.steps())
}

// finish derives the results from the bundle and shows them.
func (r *runner) finish(ctx context.Context) error {
	if ctx.Err() != nil {
		if err := r.bundle.Append(evidence.LedgerRow{Time: time.Now(), Event: evidence.EventInterrupted, Disturbances: r.disturbances()}); err != nil {
			return err
		}
	}
	// From here on no contender runs that could use it.
	if err := r.bundle.Append(evidence.LedgerRow{Time: time.Now(), Event: evidence.EventNonce, Nonce: r.nonce}); err != nil {
		return err
	}
	return r.conclude(ctx)
}

// conclude seals the bundle, derives the results from it, and shows them.
func (r *runner) conclude(ctx context.Context) error {
	if r.earlier != nil && over(r.earlier) && evidence.Sealed(r.bundle.Dir()) {
		return r.deriveResults(ctx)
	}
	if err := r.copyRunLog(); err != nil {
		return err
	}
	// The seal is of what was measured; results are derived from it.
	if err := evidence.WriteSeal(context.WithoutCancel(ctx), r.bundle.Dir(), r.key); err != nil {
		return err
	}
	return r.deriveResults(ctx)
}

func (r *runner) deriveResults(ctx context.Context) error {
	bundle, err := evidence.Open(r.bundle.Dir())
	if err != nil {
		return err
	}
	results, err := report.Derive(bundle)
	if err != nil {
		return err
	}
	if err := results.Write(r.bundle); err != nil {
		return err
	}
	audited, err := r.audit()
	if err != nil {
		return err
	}
	if err := evidence.WriteResultsManifest(r.bundle.Dir()); err != nil {
		return err
	}
	if err := r.logEnd(results, ctx.Err() != nil); err != nil {
		return err
	}
	if err := r.show(results); err != nil {
		return err
	}
	if err := r.showAudit(audited); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return exit(ExitNoAnswer, fmt.Errorf("interrupted; what was measured until then is in %s; go on with `%s`", r.bundle.Dir(), r.resumption()))
	}
	if len(results.Measured()) == 0 {
		return exit(ExitNoAnswer, errors.New("no contender could be measured"))
	}
	if reason := results.Unanswered(); reason != "" {
		return exit(ExitNoAnswer, errors.New(reason))
	}
	return nil
}

func (r *runner) show(results *report.Results) error {
	if r.options.asJSON {
		summary := results.Summary()
		summary.Bundle = r.bundle.Dir()
		return writeJSON(r.stdout, summary)
	}
	fmt.Fprintln(r.stdout)
	if err := results.WriteTable(r.stdout, styleOf(r.stdout)); err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "\nresults  %s\nreport   %s\n", r.bundle.Dir(), r.bundle.Path(evidence.ResultsDir, report.MarkdownFile))
	return nil
}
