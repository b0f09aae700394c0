package points

// This file judges the points of the category reproducibility: that the run gives
// the same again, here and elsewhere, from what is written down.

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"cupel/engines"
	"cupel/internal/audit"
	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/suite"
	"cupel/internal/version"
)

// mostApart is by which factor ratios may differ between runs of one plan.
const mostApart = 1.10

// rerunsAgree: three bundles, or three thirds of this one, give the same ratios.
func rerunsAgree(c *audit.Case) audit.Ruling {
	groups, what := again(c)
	if groups == nil {
		return audit.Skips("three replicates or more, or three bundles of the plan from this machine (--with)")
	}
	pairs, worst, worstPair := 0, 1.0, ""
	var figures []audit.Figure
	for _, pair := range ratioPairs(c) {
		ratios := ratiosOf(groups, pair)
		if len(ratios) < len(groups) {
			continue
		}
		pairs++
		apart := slices.Max(ratios) / slices.Min(ratios)
		if apart > worst || worstPair == "" {
			worst, worstPair = apart, audit.ClaimName(pair)
		}
	}
	if pairs == 0 {
		return audit.Skips("a pair of contenders that each of the %s has", what)
	}
	for _, side := range c.Sides {
		var means []string
		for _, group := range groups {
			means = append(means, fmt.Sprintf("%.4f", group.mean(side.Name)/1e3))
		}
		figures = append(figures, audit.Figure{What: side.Name + ", us a call", Value: strings.Join(means, ", ")})
	}
	r := audit.Passes("over %s the ratios of means of %s agree within %.1f%%", what, audit.Plural(pairs, "pair"), 100*(worst-1))
	if !(worst <= mostApart) {
		r = audit.Fails("over %s the ratio of means of %s differs by %.1f%%; at most %.0f%% is reproducible", what, worstPair, 100*(worst-1), 100*(mostApart-1))
	}
	r.Figures = figures
	return r.With("largest difference of a ratio", "%.2f%%, of %s", 100*(worst-1), worstPair)
}

// launchGroup is the launches of a run, or of a part of one.
type launchGroup []*audit.Launch

// mean is a contender's mean cost over the launches of a group.
func (g launchGroup) mean(contender string) float64 {
	var costs []float64
	for _, launch := range g {
		if cost := launch.Cost(); launch.Contender == contender && !math.IsNaN(cost) {
			costs = append(costs, cost)
		}
	}
	return meanOf(costs)
}

func meanOf(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	total := 0.0
	for _, value := range values {
		total += value
	}
	return total / float64(len(values))
}

// again are the groups that a run is held against itself by: whole bundles of the
// same plan and machine, or thirds of this one by replicates.
func again(c *audit.Case) (groups []launchGroup, what string) {
	for _, bundle := range append([]*audit.Case{c}, c.Further...) {
		if samePlan(bundle, c) == "" && machine(bundle) == machine(c) {
			groups = append(groups, finished(bundle))
		}
	}
	if len(groups) >= 3 {
		return groups, audit.Plural(len(groups), "bundle")
	}
	var replicates []int
	for _, launch := range finished(c) {
		replicates = append(replicates, launch.Replicate)
	}
	slices.Sort(replicates)
	if replicates = slices.Compact(replicates); len(replicates) < 3 {
		return nil, ""
	}
	groups = make([]launchGroup, 3)
	for _, launch := range finished(c) {
		third := slices.Index(replicates, launch.Replicate) * 3 / len(replicates)
		groups[third] = append(groups[third], launch)
	}
	return groups, "three thirds of the launches, one after the other, as three bundles of this plan were not given,"
}

func finished(c *audit.Case) launchGroup {
	var finished launchGroup
	for _, launch := range c.Launches {
		if launch.Finished() {
			finished = append(finished, launch)
		}
	}
	return finished
}

// machine tells one machine from another.
func machine(c *audit.Case) string { return c.Bundle.Environment.Identity.SHA256 }

// ratioPairs are the pairs of contenders of the suite.
func ratioPairs(c *audit.Case) []suite.ClaimPlan {
	var pairs []suite.ClaimPlan
	names := c.Bundle.Plan.Contenders
	for i, a := range names {
		for _, b := range names[i+1:] {
			pairs = append(pairs, suite.ClaimPlan{Faster: a, Than: b})
		}
	}
	return pairs
}

// ratiosOf is a pair's ratio of mean costs in each group that has both.
func ratiosOf(groups []launchGroup, pair suite.ClaimPlan) []float64 {
	var ratios []float64
	for _, group := range groups {
		if ratio := group.mean(pair.Than) / group.mean(pair.Faster); !math.IsNaN(ratio) && !math.IsInf(ratio, 0) && ratio > 0 {
			ratios = append(ratios, ratio)
		}
	}
	return ratios
}

// sameData: what the seed makes is the same in all launches and when it is made
// again.
func sameData(c *audit.Case) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	if r := trainingData(c, "rows"); r.Status != audit.Pass {
		return r
	}
	due := map[sentToAll]string{}
	files := 0
	for _, file := range c.InputFiles() {
		key := sentToAll{file.Drawn, c.SessionOf[c.FilesOf[file.Number]]}
		if due[key] == "" {
			made, known := madeAgain(c, material, file)
			if !known {
				continue
			}
			due[key] = cmp.Or(made, file.SHA256)
		}
		files++
		if file.SHA256 != due[key] {
			return audit.Fails("file %d, %s, has the digest %.12s where that of other launches, or of the one made again, is %.12s", file.Number, file.Drawn, file.SHA256, due[key])
		}
	}
	if files == 0 {
		return audit.Skips("the digests of the rows that all launches are sent")
	}
	return audit.Passes("training data made again has the digest that was recorded, and %s that every launch gets are the same in all", audit.Plural(files, "file")).
		With("digest of the training data", "%.16s", material.SHA256[audit.TrainingData])
}

// sentToAll is a kind of rows that all launches of a session are sent.
type sentToAll struct {
	drawn   string
	session int
}

// madeAgain is the digest of what a file holds that all launches of a session are sent,
// and false for other files. It is empty where the session's nonce is lost: then launches
// are held to each other alone.
func madeAgain(c *audit.Case, material *audit.Material, file evidence.InputsFile) (sha256 string, ok bool) {
	plan := c.Bundle.Plan
	inputs := plan.Model.Inputs()
	switch file.Drawn {
	case "classic":
		return classicDigest(c, material), true
	case "unit":
		values := make([]float32, 2*inputs)
		values[inputs] = 1
		return audit.Digest(audit.Encoded(values)), true
	case "fixed":
		nonce, known := c.NonceIn(c.FilesOf[file.Number])
		if !known {
			return "", true
		}
		return audit.Digest(audit.Encoded(draw.Fixed(nonce, plan.Probes.FixedRows*inputs))), true
	}
	return "", false
}

// classicDigest is that of the file with the classic protocol's row, as the rule makes it.
func classicDigest(c *audit.Case, material *audit.Material) string {
	return audit.Digest(audit.Encoded(slices.Repeat(material.Set.ClassicRow, c.Bundle.Plan.Classic.Rows)))
}

// deterministicAnswers: labels are those of a reference that has no chance in it, and
// scores of the fixed rows, which a session draws, are the same in all its launches.
func deterministicAnswers(c *audit.Case, contender *audit.Contender) audit.Ruling {
	if r := labelsRight(contender); r.Status != audit.Pass {
		return r
	}
	firstOf := map[int]*evidence.Scores{}
	worst, compared := 0.0, 0
	for _, launch := range contender.Finished {
		scores, err := firstScores(c, launch)
		if err != nil {
			return audit.Fails("%v", err)
		}
		if scores == nil {
			continue
		}
		session := c.SessionAt(launch.Number)
		if firstOf[session] == nil {
			firstOf[session] = scores
			continue
		}
		difference, err := scoreChange(firstOf[session], scores)
		if err != nil {
			return audit.Fails("launch %d: %v", launch.Number, err)
		}
		compared++
		worst = max(worst, difference)
	}
	if compared == 0 {
		return audit.Skips("scores of the same rows in two launches")
	}
	r := audit.Passes("every label is the reference's, and scores of the same rows differ by %.1g at most over %s", worst, audit.Plural(compared+len(firstOf), "launch"))
	if !(worst <= mostScoreChange) {
		r = audit.Fails("scores of the same rows differ by %.3g between launches; at most %.0e is rounding", worst, mostScoreChange)
	}
	return r.With("largest difference between launches", "%.3g", worst)
}

var (
	codeBlock = regexp.MustCompile("(?s)```(?:bash|sh|console|shell)?\n(.*?)```")
	// program is how the report calls this program, a prompt before it or not.
	program = regexp.MustCompile(`^(?:\$ )?(?:\./)?cupel\s+(.*)$`)
)

// commandsSuffice: commands of the report are commands of this program, the suite in
// the bundle makes the plan that was run, and an audit is among them.
func commandsSuffice(c *audit.Case) audit.Ruling {
	if c.Parse == nil {
		return audit.Skips("the command line's own parser")
	}
	if c.Published.Report == "" {
		return audit.Skips("the report")
	}
	ways := map[string]bool{}
	commands := 0
	for _, block := range codeBlock.FindAllStringSubmatch(c.Published.Report, -1) {
		for line := range strings.Lines(block[1]) {
			found := program.FindStringSubmatch(strings.TrimSpace(line))
			if found == nil {
				continue
			}
			arguments, err := words(found[1])
			if err == nil {
				err = c.Parse(arguments)
			}
			if err != nil {
				return audit.Fails("the report's command %q is none of this program: %v", strings.TrimSpace(line), err)
			}
			commands++
			ways[arguments[0]] = true
		}
	}
	if !ways["run"] {
		return audit.Fails("the report has no command that makes the run again")
	}
	if !ways["audit"] {
		return audit.Fails("the report has no command that audits the run")
	}
	if r := planAgain(c); r.Status != audit.Pass {
		return r
	}
	return audit.Passes("the report's %s parse, run and audit among them, and the bundle's suite makes the plan that was run", audit.Plural(commands, "command"))
}

// words splits a command as a shell would: by spaces, but for what is quoted.
func words(line string) ([]string, error) {
	var found []string
	word, open, quote := "", false, rune(0)
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '\'' || r == '"'):
			quote, open = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if open {
				found = append(found, word)
			}
			word, open = "", false
		default:
			word, open = word+string(r), true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quotation mark is not closed")
	}
	if open {
		found = append(found, word)
	}
	if len(found) == 0 {
		return nil, errors.New("no command")
	}
	return found, nil
}

// planAgain makes the plan again, from the suite in the bundle and what was asked for
// beside it.
func planAgain(c *audit.Case) audit.Ruling {
	plan := c.Whole.Plan
	if c.Suite == nil {
		return audit.Fails("the suite in the bundle can't be read: %v", c.SuiteErr)
	}
	if c.Suite.Digest() != plan.SuiteSHA256 {
		return audit.Fails("the suite in the bundle has the digest %.12s; the plan was made from one with %.12s", c.Suite.Digest(), plan.SuiteSHA256)
	}
	nonce := c.Sessions[0].Nonce
	if nonce == "" {
		return audit.Skips("the run's nonce, which an interrupted run never tells")
	}
	options := suite.Options{Only: plan.Only, Nonce: nonce, Challenge: plan.Challenge}
	if plan.BudgetGiven {
		budget, err := time.ParseDuration(plan.Budget)
		if err != nil {
			return audit.Fails("the plan's budget is %q, which is no time", plan.Budget)
		}
		options.Budget = budget
	}
	if plan.PrecisionGiven {
		options.Precision = plan.Precision
	}
	made, err := c.Suite.Plan(options)
	if err != nil {
		return audit.Fails("the suite in the bundle makes no plan: %v", err)
	}
	// A built-in suite has no file of its own, and lies in the bundle as one.
	made.SuiteFile = plan.SuiteFile
	// Another version knows other engines; on those that both know they agree.
	if made.AgreesOnEngines(&plan) {
		made.Engines = plan.Engines
	}
	// Thresholds that a version had are as good as this one's. A plan without was judged by
	// those of its day.
	if plan.Thresholds == nil || plan.Thresholds.Known() {
		made.Thresholds = plan.Thresholds
	}
	text, sum, err := made.Encode()
	if err != nil {
		return audit.Fails("the plan made again: %v", err)
	}
	recorded := c.FirstRow(evidence.EventPlan)
	if recorded == nil {
		return audit.Fails("the ledger has no row of the plan")
	}
	if recorded.SHA256[evidence.PlanFile] == sum {
		return audit.Passes("the suite in the bundle makes the plan that was run")
	}
	if differs := differsFrom(c, text); differs != "" {
		return audit.Fails("the suite in the bundle makes another plan than the one that was run: %s differs", differs)
	}
	return audit.Skips("the version of this program that made the plan: this one's own settings are others")
}

// ownSettings are the parts of a plan that the program and not the suite decides.
var ownSettings = []string{"schema", "paired", "probes", "agreement", "limits", "rules"}

// differsFrom names a setting of the suite's that differs between the plan that was
// run and one made again.
func differsFrom(c *audit.Case, made []byte) string {
	run, again := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	text, _, err := c.Whole.Plan.Encode()
	if err != nil || json.Unmarshal(text, &run) != nil || json.Unmarshal(made, &again) != nil {
		return "its text"
	}
	var differ []string
	for key, value := range run {
		// A later version may have other thresholds; this one has those that it knows.
		if key == "thresholds" && c.Whole.Environment.Cupel != version.Cupel() {
			continue
		}
		if !slices.Contains(ownSettings, key) && string(again[key]) != string(value) {
			differ = append(differ, key)
		}
	}
	slices.Sort(differ)
	return strings.Join(differ, ", ")
}

// dependenciesPinned: what is installed is what the lock file has, each with a hash.
func dependenciesPinned(c *audit.Case, contender *audit.Contender) audit.Ruling {
	making := makerOf(c, contender)
	switch {
	case making.Packages != nil:
		return pinnedPackages(making.Packages)
	case crates(c, making) != nil:
		for _, entry := range crates(c, making) {
			if entry.Source != "" && entry.Checksum == "" {
				return audit.Fails("the lock file has no checksum of %s %s", entry.Name, entry.Version)
			}
		}
		return audit.Passes("each of %d crates is in the lock file, with a checksum where it comes from a registry", len(crates(c, making)))
	case c.Harness != nil && c.Harness.Binary.Go != nil && contender.RanOnly(c.Harness.SHA256):
		return pinnedModules(c.Harness.Binary.Go)
	default:
		return audit.Skips("a lock file of %s, or a record of the packages that it was installed with", contender.Name)
	}
}

func pinnedPackages(packages *evidence.Packages) audit.Ruling {
	if len(packages.Packages) == 0 {
		return audit.Skips("the packages that are installed")
	}
	for _, p := range packages.Packages {
		if !p.Locked || len(p.LockHashes) == 0 {
			return audit.Fails("%s %s is installed and not in the lock file with a hash", p.Name, p.Version)
		}
	}
	if len(packages.Missing) > 0 {
		return audit.Fails("%s is in the lock file and not installed", packages.Missing[0])
	}
	return audit.Passes("each of %d installed packages is in the lock file, with its hash", len(packages.Packages)).With("digest of the lock file", "%.16s", packages.Lock)
}

func pinnedModules(build *evidence.GoBuild) audit.Ruling {
	for _, module := range build.Modules {
		if module.Sum == "" || module.Replaced {
			return audit.Fails("module %s %s has no checksum, or was replaced", module.Path, module.Version)
		}
	}
	return audit.Passes("each of %d modules has its checksum", len(build.Modules))
}

var (
	lockedBuild = regexp.MustCompile(`--(locked|frozen)\b`)
	compiling   = regexp.MustCompile(`(?m)^\s*Compiling (\S+) v(\S+)`)
)

// compiledLocked: what is compiled in is what the lock file has.
func compiledLocked(c *audit.Case, contender *audit.Contender) audit.Ruling {
	making := makerOf(c, contender)
	if making.Packages != nil {
		r := pinnedPackages(making.Packages)
		if r.Status == audit.Pass {
			r.Detail = "nothing is compiled: " + r.Detail
		}
		return r
	}
	if c.Harness != nil && c.Harness.Binary.Go != nil && contender.RanOnly(c.Harness.SHA256) {
		return sumsOf(c.Harness.Binary.Go)
	}
	if making.Build == nil {
		return audit.Skips("a record of how %s was built, with its lock file", contender.Name)
	}
	if own(c, contender) && making.Build.SourceFiles["Cargo.lock"] == "" {
		return ownModules(c, contender)
	}
	return lockedCrates(c, contender, making)
}

// ownModules judges a suite's own contender that cargo did not build: a program in Go has
// its modules' checksums in itself; what else was compiled in, no lock file tells.
func ownModules(c *audit.Case, contender *audit.Contender) audit.Ruling {
	var rulings []audit.Ruling
	for _, program := range executables(c, contender) {
		if program.Binary == nil || program.Binary.Go == nil {
			return audit.Skips("a lock file of what %s was built with", program.Path)
		}
		rulings = append(rulings, sumsOf(program.Binary.Go))
	}
	if len(rulings) == 0 {
		return audit.Skips("what the program of %s says of its build", contender.Name)
	}
	return audit.All(rulings...)
}

// sumsOf holds the checksums of a program's modules against those of this one's.
func sumsOf(build *evidence.GoBuild) audit.Ruling {
	own := map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			own[module.Path+" "+module.Version] = module.Sum
		}
	}
	for _, module := range build.Modules {
		sum := own[module.Path+" "+module.Version]
		switch {
		case module.Sum == "" || module.Replaced:
			return audit.Fails("module %s %s has no checksum, or was replaced", module.Path, module.Version)
		case sum != "" && sum != module.Sum:
			return audit.Fails("module %s %s has the checksum %s; the published one's is %s", module.Path, module.Version, module.Sum, sum)
		}
	}
	// The detail does not count the modules that both programs have: a later version has
	// others, and would word the audit of the same bundle in another way.
	return audit.Passes("each of %d modules has its checksum, and none contradicts this program's own", len(build.Modules))
}

// lockedCrates: the build enforced its lock, which is this program's own for a
// built-in engine, and its log has no crate beside it.
func lockedCrates(c *audit.Case, contender, making *audit.Contender) audit.Ruling {
	if !lockedBuild.MatchString(making.Build.How) {
		return audit.Fails("it was built by %q, which enforces no lock file", making.Build.How)
	}
	lock, err := c.ContenderFile(making, "Cargo.lock")
	if err != nil || lock == nil {
		return audit.Skips("the lock file of the build of %s", contender.Name)
	}
	if sum := making.Build.SourceFiles["Cargo.lock"]; sum != audit.Digest(lock) {
		return audit.Fails("the lock file in the bundle is not the one that was built with")
	}
	crates, err := cratesOf(lock)
	if err != nil {
		return audit.Fails("cargo can not have built with the lock file in the bundle: %v", err)
	}
	if engine, known := engines.Lookup(contender.EngineName()); known && !slices.Contains(c.Bundle.Plan.Own, contender.Name) {
		if fault := otherCrate(engine, crates); fault != "" {
			return audit.Fails("%s", fault)
		}
	}
	log, err := c.ContenderFile(making, path.Base(making.Build.LogFile))
	if err != nil || log == nil {
		return audit.Skips("the log of the build of %s", contender.Name)
	}
	locked := map[string]bool{}
	for _, entry := range crates {
		locked[entry.Name+" "+entry.Version] = true
	}
	built := compiling.FindAllStringSubmatch(string(log), -1)
	for _, match := range built {
		if !locked[match[1]+" "+match[2]] {
			return audit.Fails("the log has %s %s, which the lock file has not", match[1], match[2])
		}
	}
	return audit.Passes("the build enforced its lock file of %d crates, and its log has %d, all of them locked", len(locked), len(built))
}

// otherCrate says where a lock file differs from this program's own.
func otherCrate(engine engines.Engine, locked []crate) string {
	files, err := engines.Files(engine)
	if err != nil {
		return fmt.Sprintf("this program's own lock file: %v", err)
	}
	own, err := cratesOf(files["Cargo.lock"])
	if err != nil {
		return fmt.Sprintf("this program's own lock file: %v", err)
	}
	for _, entry := range locked {
		if !slices.Contains(own, entry) {
			return fmt.Sprintf("crate %s %s with the checksum %.12s is not in this program's own lock file", entry.Name, entry.Version, entry.Checksum)
		}
	}
	return ""
}

// placeholders are what is written where somebody did not look.
var placeholders = []string{"", "stable", "unknown", "latest", "none", "n/a", "na", "default", "current", "tbd", "-", "?"}

func isPlaceholder(text string) bool {
	return slices.Contains(placeholders, strings.ToLower(strings.TrimSpace(text)))
}

// environmentRecorded: machine and versions are there, are values, and are what was
// observed.
func environmentRecorded(c *audit.Case) audit.Ruling {
	environment := c.Bundle.Environment
	for _, field := range []audit.Figure{
		{What: "platform", Value: environment.Platform}, {What: "kernel", Value: environment.Kernel}, {What: "distribution", Value: environment.Distribution},
		{What: "architecture", Value: environment.Architecture}, {What: "cpu", Value: environment.CPU}, {What: "cupel_version", Value: environment.Cupel}, {What: "go_version", Value: environment.Go},
	} {
		if isPlaceholder(field.Value) {
			return audit.Fails("the environment's %s is %q, which says nothing", field.What, field.Value)
		}
	}
	if environment.Cores <= 0 || environment.MemoryBytes == 0 {
		return audit.Fails("the environment lacks the number of cores or the size of the memory")
	}
	for tool, version := range environment.Tools {
		if isPlaceholder(version) || !fullVersion.MatchString(version) {
			return audit.Fails("the version of %s is %q, which is none", tool, version)
		}
	}
	if len(c.Bundle.Machines) == 0 || c.Harness == nil {
		return audit.Skips("what was observed of machine and harness, to hold the environment against")
	}
	for _, machine := range c.Bundle.Machines {
		for _, p := range machine.Processors {
			if p.Name != "" && p.Name != environment.CPU {
				return audit.Fails("the environment's cpu is %q; CPU %d is %q", environment.CPU, p.Number, p.Name)
			}
		}
		if total := machine.Memory.TotalBytes; total > 0 && total != int64(environment.MemoryBytes) {
			return audit.Fails("the environment's memory is %d bytes; %d were observed", environment.MemoryBytes, total)
		}
	}
	if build := c.Harness.Binary.Go; build != nil && build.Version != environment.Go {
		return audit.Fails("the environment's go_version is %q; the program that measured was built by %q", environment.Go, build.Version)
	}
	stated := 0
	for _, contender := range c.Contenders {
		if contender.Statement == nil {
			continue
		}
		stated++
		if fault := misstated(c, contender); fault != "" {
			return audit.Fails("%s: %s", contender.Name, fault)
		}
	}
	return audit.Passes("machine and versions are recorded, and so are those of %s; none is a placeholder, and all are what was observed", audit.Plural(stated, "contender"))
}

// misstated says which version of a contender's statement is none, or is not the one
// that was found.
func misstated(c *audit.Case, contender *audit.Contender) string {
	said, making := contender.Statement.Hello, makerOf(c, contender)
	for _, field := range []audit.Figure{{What: "version", Value: said.Version}, {What: "language", Value: said.Language}, {What: "runtime", Value: said.Runtime}} {
		if isPlaceholder(field.Value) {
			return fmt.Sprintf("its %s is %q, which says nothing", field.What, field.Value)
		}
	}
	if making.Packages != nil {
		if found := versionNumbers.FindString(making.Packages.Runtime); found != "" && !strings.Contains(said.Runtime, found) {
			return fmt.Sprintf("it says that its runtime is %q; installed is %q", said.Runtime, making.Packages.Runtime)
		}
		_, version, _, _ := engineRelease(c, contender)
		if public, _, _ := strings.Cut(said.Version, "+"); version != "" && public != version {
			return fmt.Sprintf("it says that its version is %q; installed is %q", said.Version, version)
		}
		return ""
	}
	for _, running := range executables(c, contender) {
		if running.Binary == nil {
			continue
		}
		if build := running.Binary.Go; build != nil && said.Runtime != build.Version {
			return fmt.Sprintf("it says that its runtime is %q; its program was built by %q", said.Runtime, build.Version)
		}
		for _, comment := range running.Binary.Comments {
			if found := rustCompiler.FindStringSubmatch(comment); found != nil && !strings.Contains(said.Runtime, found[1]) {
				return fmt.Sprintf("it says that its compiler is %q; its program has %q", said.Runtime, comment)
			}
		}
	}
	return ""
}

// runsElsewhere: another machine has run the same plan, and all contenders have
// figures there.
func runsElsewhere(c *audit.Case) audit.Ruling {
	if len(c.Further) == 0 {
		return audit.Skips("a bundle of the same plan from another machine (--with)")
	}
	var rulings []audit.Ruling
	for _, further := range c.Further {
		rulings = append(rulings, elsewhere(c, further))
	}
	// One of another machine is enough.
	if at := slices.IndexFunc(rulings, func(r audit.Ruling) bool { return r.Status == audit.Pass }); at >= 0 {
		return rulings[at]
	}
	return audit.All(rulings...)
}

// elsewhere judges one further bundle. One that says it is of this machine is a re-run,
// which point 71 is about, and shows nothing here either way.
func elsewhere(c *audit.Case, further *audit.Case) audit.Ruling {
	name := path.Base(further.Bundle.Dir)
	here, there := c.Bundle.Environment.Identity, further.Bundle.Environment.Identity
	if here.SHA256 == there.SHA256 && here.SHA256 != "" {
		return audit.Skips("a bundle of the same plan from another machine (--with): %s was made on this one", name)
	}
	if fault := intact(further); fault != "" {
		return audit.Fails("%s: %s", name, fault)
	}
	if differs := samePlan(further, c); differs != "" {
		return audit.Fails("%s is of another plan: %s differs", name, differs)
	}
	switch {
	case here.SHA256 == "" || there.SHA256 == "":
		return audit.Skips("the machine's identity in both bundles")
	case here.BootID == there.BootID && here.BootID != "":
		return audit.Fails("%s names another machine and was made on this one: both have the same boot", name)
	case sameBoot(c, further):
		return audit.Fails("%s names another machine and was made on this one: both were started at the same moment", name)
	}
	for _, contender := range c.Bundle.Plan.Contenders {
		own, other := c.Contender(contender), further.Contender(contender)
		if own != nil && len(own.Finished) > 0 && (other == nil || len(other.Finished) == 0) {
			return audit.Fails("%s has no figures of %s", name, contender)
		}
	}
	return audit.Passes("%s is whole, of the same plan, from another machine (%s), and has figures of every contender", name, further.Bundle.Environment.CPU)
}

// sameBoot reports whether two bundles' machines were started within a second of each
// other: the wall clock less the one that counts from the start.
func sameBoot(c *audit.Case, further *audit.Case) bool {
	const apart = int64(time.Second)
	if len(c.Bundle.Machines) == 0 || len(further.Bundle.Machines) == 0 {
		return false
	}
	difference := c.Bundle.Machines[0].Clocks.OffsetNanoseconds - further.Bundle.Machines[0].Clocks.OffsetNanoseconds
	return difference > -apart && difference < apart
}

// intact says what is wrong with a bundle's ledger or digests.
func intact(c *audit.Case) string {
	if _, err := evidence.CheckLedger(c.Bundle.Dir); err != nil {
		return err.Error()
	}
	text, err := c.Read(evidence.ManifestFile)
	if err != nil || text == nil {
		return "it has no list of digests"
	}
	var listed evidence.Manifest
	if err := json.Unmarshal(text, &listed); err != nil {
		return "its list of digests can't be read"
	}
	found, err := evidence.MakeManifest(c.Bundle.Dir)
	if err != nil {
		return err.Error()
	}
	if !slices.EqualFunc(listed.Files, found.Files, evidence.ManifestEntry.Same) {
		return "its files are not those whose digests are listed"
	}
	return ""
}

// samePlan names what differs between the plans of two bundles, in what runs of one plan
// have in common.
func samePlan(c *audit.Case, other *audit.Case) string {
	plans := [2]map[string]json.RawMessage{}
	for i, plan := range []suite.Plan{c.Bundle.Plan.Common(), other.Bundle.Plan.Common()} {
		text, _, err := plan.Encode()
		if err != nil || json.Unmarshal(text, &plans[i]) != nil {
			return "their text"
		}
	}
	var differ []string
	for key, value := range plans[0] {
		if string(plans[1][key]) != string(value) {
			differ = append(differ, key)
		}
	}
	for key := range plans[1] {
		if _, there := plans[0][key]; !there {
			differ = append(differ, key)
		}
	}
	slices.Sort(differ)
	return strings.Join(differ, ", ")
}

// ratiosCarryOver: every pair's ratio on the other machine is within a factor of two.
func ratiosCarryOver(c *audit.Case) audit.Ruling {
	const most = 2.0
	compared, worst, worstPair := 0, 1.0, ""
	var figures []audit.Figure
	for _, further := range c.Further {
		if elsewhere(c, further).Status != audit.Pass {
			continue
		}
		for _, pair := range ratioPairs(c) {
			ratios := ratiosOf([]launchGroup{finished(c), finished(further)}, pair)
			if len(ratios) < 2 {
				continue
			}
			compared++
			apart := slices.Max(ratios) / slices.Min(ratios)
			figures = append(figures, audit.Figure{What: audit.ClaimName(pair), Value: fmt.Sprintf("%.3f here, %.3f in %s", ratios[0], ratios[1], path.Base(further.Bundle.Dir))})
			if apart > worst {
				worst, worstPair = apart, audit.ClaimName(pair)
			}
		}
	}
	if compared == 0 {
		return audit.Skips("a bundle of the same plan from another machine (--with)")
	}
	r := audit.Passes("the ratios of %s on another machine are within %.2f times of those here", audit.Plural(compared, "pair"), worst)
	if !(worst <= most) {
		r = audit.Fails("the ratio of %s on another machine is %.2f times off; at most %.0f times is consistent", worstPair, worst, most)
	}
	r.Figures = figures
	return r
}

// identity is what sources have that ask a processor which one it is.
var identity = regexp.MustCompile(`(?i)\bcpuid\b|/proc/cpuinfo|platform\.processor|py-?cpuinfo|__builtin_cpu_is|brand_string|raw_cpuid|GenuineIntel|AuthenticAMD`)

// notTuned: nothing was built for the processor that measured, and no runner asks
// for its name.
func notTuned(c *audit.Case, contender *audit.Contender) audit.Ruling {
	for _, name := range contender.Files {
		if slices.Contains([]string{".rs", ".py", ".go", ".c", ".cc", ".cpp", ".h"}, path.Ext(name)) {
			text, err := c.ContenderFile(contender, name)
			if err == nil && identity.Match(text) {
				return audit.Fails("%s asks which processor this is: %q", name, identity.Find(text))
			}
		}
	}
	built := ordinaryBuild(c, contender)
	if built.Status == audit.Pass {
		built.Detail = "no source asks which processor this is, and " + built.Detail
	}
	return built
}
