package audit

// This file opens a bundle for its audit, once: everything that the check
// functions read.

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// Case is a bundle opened for its audit. Checks read it and change nothing.
type Case struct {
	// Bundle is what is judged: the bundle, or one cell of it. Whole has all cells.
	Bundle *evidence.Bundle
	Whole  *evidence.Bundle
	// Suite is the bundle's own suite file, nil where it can't be read, which
	// SuiteErr then says.
	Suite    *suite.Suite
	SuiteErr error
	// Launches are all that were started, by number, the preview's among them.
	Launches []*Launch
	// Contenders are the plan's and their companions (control copy, canonical
	// runners), in the plan's order, those without any launch too.
	Contenders []*Contender
	Estimates  *estimate.Estimates
	// Published are the result files as they stand in the bundle.
	Published *ResultFiles
	// RunLog are the machine's runs as the bundle tells them; Harness is the program
	// that measured, nil where the bundle does not say.
	RunLog  []evidence.RunLogRow
	Harness *evidence.Harness
	// Inputs are the files of rows that were sent, by number.
	Inputs map[int32]evidence.InputsFile
	// Further are the other bundles that were given, for points about several runs.
	Further []*Case
	// Claim is the one that is judged, Sides its two contenders.
	Claim suite.ClaimPlan
	Sides [2]*Contender
	// Parse is the command line's parser: nil, or an error for a command that this
	// program does not have.
	Parse func(arguments []string) error

	// sessions are the run's, sessionOf in which of them a replicate was made, cutShort
	// the last replicates of those that did not end by their rule. filesOf is of which
	// replicate a file of rows is.
	Sessions  []evidence.Session
	SessionOf map[int]int
	cutShort  map[int]bool
	FilesOf   map[int32]int

	material func() (*Material, error)
	// drawnAgain draws the rows again, once.
	drawnAgain func() Ruling
	// rulings are those that were made, since points ask for those of others.
	rulings map[rulingKey]Ruling
	// hardDrawn are rows near the boundary that were drawn again, by replicate.
	hardDrawn map[int]*hardDraw
	// compared are pairs that the estimates do not have.
	compared map[suite.ClaimPlan]*estimate.Comparison
	// brokeOff says which checks met what they do not expect.
	BrokeOff []string
}

// Launch is one process of one contender.
type Launch struct {
	Number    int
	Contender string
	Role      evidence.Role
	Replicate int
	Preview   bool
	// Started and Ended are the ledger's rows, nil where there is none.
	Started, Ended *evidence.LedgerRow
	// Observation is what the kernel said, nil where nothing is recorded.
	Observation *evidence.Observation
	// Samples are nil where the launch left none.
	Samples *evidence.LaunchSamples
	// Calls describe the classic calls.
	Calls CallFacts
	// Requests are everything that the launch was asked, in order; nil where the
	// bundle does not have them.
	Requests []evidence.Request
	// Inspections are looks at the process, Scores answers to questions for scores,
	// Hard what it made of rows near the boundary; nil where there is none.
	Inspections map[evidence.Moment]*evidence.Inspection
	Scores      map[evidence.ProbeScores]*evidence.Scores
	Hard        *evidence.HardRows
}

// Finished reports whether the launch came to a good end and counts.
func (l *Launch) Finished() bool {
	return l.Ended != nil && l.Ended.Outcome == evidence.Finished && !l.Preview
}

// Contender is everything of one contender.
type Contender struct {
	Name string
	Role evidence.Role
	// Launches are all, Finished those that count.
	Launches []*Launch
	Finished []*Launch
	// Statement is nil where the contender never described itself.
	Statement *evidence.Statement
	// Estimate is what its samples come to, nil without a finished launch.
	Estimate *estimate.Contender
	// Unavailable is the ledger's row that says why it could not be had, or nil.
	Unavailable *evidence.LedgerRow
	// Files are the paths of its folder in the bundle, relative to it.
	Files []string
	// Packages and Build say how it was installed or built, nil where nothing does.
	Packages *evidence.Packages
	Build    *evidence.Build
}

// maxRows is how many samples are read of all launches together, each 8 bytes or,
// for the few that are not single calls, some hundred.
const maxRows = 1 << 26

// burstRows and requestRows are how many single calls take as much room as a burst and
// as a request.
const (
	burstRows   = 12
	requestRows = 48
)

var errTooManyRows = fmt.Errorf("bundle: more samples than an audit reads, which is %d of single calls", maxRows)

// Options say what an audit is about.
type Options struct {
	// Claim is "A/B", or empty for the suite's first.
	Claim string
	// Cell names the cell that is judged where the plan has several; empty is the
	// first.
	Cell string
	// With are the directories of further bundles.
	With []string
	// Parse is the command line's parser.
	Parse func(arguments []string) error
}

// Open opens a bundle for its audit.
func Open(dir string, options Options) (*Case, error) {
	c, err := open(dir, options)
	if err != nil {
		return nil, err
	}
	for _, with := range options.With {
		further, err := open(with, options)
		if err != nil {
			return nil, err
		}
		c.Further = append(c.Further, further)
	}
	if err := c.choose(options.Claim); err != nil {
		return nil, err
	}
	return c, nil
}

func open(dir string, options Options) (c *Case, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			c, err = nil, fmt.Errorf("bundle: %s: can't be read: %v", dir, fault)
		}
	}()
	whole, err := evidence.Open(dir)
	if err != nil {
		return nil, err
	}
	whole.Ledger = byElapsed(whole.Ledger)
	bundle, err := cellOf(whole, options.Cell)
	if err != nil {
		return nil, err
	}
	c = &Case{Bundle: bundle, Whole: whole, Parse: options.Parse, rulings: map[rulingKey]Ruling{}, compared: map[suite.ClaimPlan]*estimate.Comparison{}, hardDrawn: map[int]*hardDraw{}}
	c.material = sync.OnceValues(func() (*Material, error) { return remake(bundle.Plan, bundle.Ledger) })
	c.drawnAgain = sync.OnceValue(c.drawRows)
	c.Suite, c.SuiteErr = c.readSuite()
	if err := c.gatherLaunches(); err != nil {
		return nil, err
	}
	if err := c.gatherSessions(); err != nil {
		return nil, err
	}
	if err := c.readSamples(); err != nil {
		return nil, err
	}
	if err := c.readRecords(); err != nil {
		return nil, err
	}
	byLaunch := map[int]*Launch{}
	for _, launch := range c.Launches {
		byLaunch[launch.Number] = launch
	}
	if c.Estimates, err = c.derive(byLaunch); err != nil {
		return nil, err
	}
	if c.Published, err = readResults(dir, bundle.CellName(), whole.Plan.Cells, bundle.Plan.Contenders); err != nil {
		return nil, err
	}
	return c, c.gatherContenders()
}

// derive makes the estimates. Those of a cell are made with those of the others, since
// the claims of all are corrected together.
func (c *Case) derive(byLaunch map[int]*Launch) (*estimate.Estimates, error) {
	own := func(number int, contender string) ([]evidence.Sample, error) {
		launch := byLaunch[number]
		if launch == nil || launch.Samples == nil || launch.Contender != contender {
			return nil, fmt.Errorf("bundle: launch %d of %s is finished and has no samples", number, contender)
		}
		return estimate.Condensed(launch.Samples, launch.Calls.Middle), nil
	}
	rows := 0
	all, err := estimate.DeriveCellsFrom(c.Whole, func(number int, contender string) ([]evidence.Sample, error) {
		if byLaunch[number] != nil {
			return own(number, contender)
		}
		samples, err := c.Whole.LaunchSamples(number, contender)
		if err != nil {
			return nil, err
		}
		if rows += burstRows * len(samples.Bursts); rows > maxRows {
			return nil, errTooManyRows
		}
		return estimate.Condensed(samples, describeCalls(samples.Calls).Middle), nil
	})
	if err != nil {
		return nil, err
	}
	return all[slices.IndexFunc(c.Whole.Plan.Cells, func(cell suite.CellPlan) bool { return cell.Name == c.Bundle.CellName() })], nil
}

// cellOf is the cell of a bundle that is judged: the first one where none is asked for.
func cellOf(bundle *evidence.Bundle, name string) (*evidence.Bundle, error) {
	if name == "" {
		return bundle.Cell(bundle.Plan.Cells[0].Name)
	}
	if _, found := bundle.Plan.InCell(name); !found {
		return nil, fmt.Errorf("%w: the bundle has no cell %q", ErrNoClaim, name)
	}
	return bundle.Cell(name)
}

// readSuite reads the bundle's own suite file.
func (c *Case) readSuite() (*suite.Suite, error) {
	text, err := c.Read(evidence.SuiteFile)
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, fmt.Errorf("bundle: %s: there is none", evidence.SuiteFile)
	}
	if len(text) > maxSuiteBytes {
		return nil, fmt.Errorf("bundle: %s: %d bytes; at most %d are read", evidence.SuiteFile, len(text), maxSuiteBytes)
	}
	return suite.Parse(evidence.SuiteFile, c.Bundle.Dir, text)
}

// maxSuiteBytes bounds the suite file; the largest honest one is a few kilobytes.
const maxSuiteBytes = 1 << 20

// maxReplicates bounds a run's replicates: the rule that ends a run is replayed after
// each of them, over all that there are until then.
const maxReplicates = 1 << 15

// gatherLaunches makes the launches from the ledger. Each replicate has a launch, so
// that there are no more of them than rows; what counts to the last would go on for
// ever otherwise.
func (c *Case) gatherLaunches() error {
	byNumber, most := map[int]*Launch{}, min(len(c.Whole.Ledger), maxReplicates)
	for i := range c.Bundle.Ledger {
		row := &c.Bundle.Ledger[i]
		if row.Replicate < 0 || row.Replicate > most {
			return fmt.Errorf("bundle: %s: the row with sequence %d is of replicate %d; expected 0 to %d", evidence.LedgerFile, row.Sequence, row.Replicate, most)
		}
		if row.Event != evidence.EventStarted && row.Event != evidence.EventEnded {
			continue
		}
		launch := byNumber[row.Launch]
		if launch == nil {
			launch = &Launch{Number: row.Launch, Contender: row.Contender, Role: row.Role, Replicate: row.Replicate, Preview: row.Preview}
			if observed, ok := c.Bundle.Observations[row.Launch]; ok {
				launch.Observation = &observed
			}
			byNumber[row.Launch] = launch
			c.Launches = append(c.Launches, launch)
		}
		if row.Event == evidence.EventStarted {
			launch.Started = row
		} else {
			launch.Ended = row
		}
	}
	slices.SortStableFunc(c.Launches, func(a, b *Launch) int { return cmp.Compare(a.Number, b.Number) })
	return nil
}

// readSamples reads every launch's samples, several launches at a time.
func (c *Case) readSamples() error {
	faults := make([]error, len(c.Launches))
	var rows atomic.Int64
	InParallel(len(c.Launches), func(i int) {
		if rows.Load() <= maxRows {
			faults[i] = c.readLaunch(c.Launches[i], &rows)
		}
	})
	if rows.Load() > maxRows {
		return errTooManyRows
	}
	return errors.Join(faults...)
}

// InParallel does n tasks on all CPUs.
func InParallel(n int, task func(int)) {
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		workers.Go(func() error {
			task(i)
			return nil
		})
	}
	_ = workers.Wait()
}

func (c *Case) readLaunch(launch *Launch, rows *atomic.Int64) error {
	samples, err := c.Bundle.LaunchSamples(launch.Number, launch.Contender)
	if errors.Is(err, os.ErrNotExist) && !launch.Finished() {
		return nil
	}
	if err != nil {
		return err
	}
	launch.Samples, launch.Calls = samples, describeCalls(samples.Calls)
	if launch.Requests, err = optionalRecord(c.Bundle.Requests(launch.Number, launch.Contender)); err != nil {
		return err
	}
	rows.Add(int64(len(samples.Calls) + burstRows*len(samples.Bursts) + requestRows*len(launch.Requests)))
	for _, calls := range samples.Stalls {
		rows.Add(int64(len(calls)))
	}
	return nil
}

// gatherContenders makes the contenders.
func (c *Case) gatherContenders() error {
	named := slices.Clone(c.Bundle.Plan.Contenders)
	most := len(named) + len(companions(c.Bundle.Plan))
	launches := map[string][]*Launch{}
	for _, launch := range c.Launches {
		if launches[launch.Contender] == nil && !slices.Contains(named, launch.Contender) {
			if named = append(named, launch.Contender); len(named) > most {
				return fmt.Errorf("bundle: %s: launches of more contenders than the %d that the plan has with their companions", evidence.LedgerFile, most)
			}
		}
		launches[launch.Contender] = append(launches[launch.Contender], launch)
	}
	unavailable := map[string]*evidence.LedgerRow{}
	for i := range c.Bundle.Ledger {
		if row := &c.Bundle.Ledger[i]; row.Event == evidence.EventUnavailable {
			unavailable[row.Contender] = row
		}
	}
	for _, name := range named {
		contender := &Contender{Name: name, Unavailable: unavailable[name]}
		for _, launch := range launches[name] {
			contender.Role = launch.Role
			contender.Launches = append(contender.Launches, launch)
			if launch.Finished() {
				contender.Finished = append(contender.Finished, launch)
			}
		}
		if statement, ok := c.Bundle.Statements[name]; ok {
			contender.Statement = &statement
		}
		for i := range c.Estimates.Contenders {
			if c.Estimates.Contenders[i].Name == name {
				contender.Estimate = &c.Estimates.Contenders[i]
			}
		}
		var err error
		if contender.Files, err = folder(c.Bundle.Dir, filepath.Join(evidence.ContendersDir, filepath.Base(name))); err != nil {
			return err
		}
		if err := c.readMaking(contender); err != nil {
			return err
		}
		c.Contenders = append(c.Contenders, contender)
	}
	return nil
}

// maxFolderFiles bounds how many files of a contender's folder are listed.
const maxFolderFiles = 10_000

// folder lists the files below a directory of the bundle. Links are no files, and
// one that leads out of the bundle is no directory.
func folder(bundle, dir string) ([]string, error) {
	var files []string
	whole, err := os.OpenRoot(bundle)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer whole.Close()
	root, err := whole.OpenRoot(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer root.Close()
	err = walk(root, ".", func(path string) error {
		if files = append(files, path); len(files) > maxFolderFiles {
			return fmt.Errorf("bundle: %s: more than %d files", dir, maxFolderFiles)
		}
		return nil
	})
	return files, err
}

// Contender returns the contender of that name, or nil.
func (c *Case) Contender(name string) *Contender {
	for _, contender := range c.Contenders {
		if contender.Name == name {
			return contender
		}
	}
	return nil
}

// Twin is the canonical runner measured beside a contender, or nil.
func (c *Case) Twin(contender *Contender) *Contender {
	return c.Contender(suite.CanonicalName(contender.Name))
}

// Comparison is what the claim's two came to, nil where no replicate has both.
func (c *Case) Comparison() *estimate.Comparison { return c.ComparisonOf(c.Claim) }

// ComparisonOf is what two contenders came to. Where the estimates do not have the two, as
// they compare what no claim is about with one contender alone, they are compared here,
// without a correction for their number.
func (c *Case) ComparisonOf(claim suite.ClaimPlan) *estimate.Comparison {
	for _, group := range [][]estimate.Comparison{c.Estimates.Claims, c.Estimates.Others} {
		for i := range group {
			if group[i].A == claim.Faster && group[i].B == claim.Than {
				return &group[i]
			}
		}
	}
	compared, known := c.compared[claim]
	if !known {
		compared = c.compare(claim)
		c.compared[claim] = compared
	}
	return compared
}

func (c *Case) compare(claim suite.ClaimPlan) *estimate.Comparison {
	if c.Estimates.Replicates == 0 {
		return nil
	}
	var samples []estimate.Replicate
	replicates := c.Replicates()
	for _, number := range slices.Sorted(maps.Keys(replicates)) {
		samples = append(samples, CountingSamples(replicates[number]))
	}
	comparison := estimate.Compare(c.Bundle.Plan, c.Estimates.Quiet, samples, claim.Faster, claim.Than)
	if len(comparison.Replicates) == 0 {
		return nil
	}
	return &comparison
}

// rulingKey is a ruling that was asked for: contender is empty for pair and run.
type rulingKey struct {
	point     int
	contender string
}

// Once makes the ruling of a point for a contender and remembers it.
func (c *Case) Once(point int, contender string, judge func() Ruling) Ruling {
	key := rulingKey{point, contender}
	found, made := c.rulings[key]
	if !made {
		found = judge()
		c.rulings[key] = found
	}
	return found
}

// Guard runs a check and reports whether it came to its end. A stranger's bundle may
// hold what a check does not expect: one that breaks off accuses nobody, and nothing is
// accepted then.
func (c *Case) Guard(what string, judge func()) (ended bool) {
	defer func() {
		if fault := recover(); fault != nil {
			c.BrokeOff = append(c.BrokeOff, fmt.Sprintf("the %s broke off: %v", what, fault))
		}
	}()
	judge()
	return true
}

// ClaimName writes a claim as A/B.
func ClaimName(claim suite.ClaimPlan) string { return claim.Faster + "/" + claim.Than }

// choose settles which claim is judged.
func (c *Case) choose(claim string) error {
	if workload := c.Bundle.Plan.Workload; workload != suite.KindInference {
		return fmt.Errorf("%w: the points are about inference, and the bundle measures %q", ErrNoClaim, workload)
	}
	if claim == "" {
		if len(c.Bundle.Plan.Claims) == 0 {
			return fmt.Errorf("%w: the bundle's plan has no claim; name one with --claim A/B, of %s", ErrNoClaim, strings.Join(c.Bundle.Plan.Contenders, ", "))
		}
		c.Claim = c.Bundle.Plan.Claims[0]
	} else {
		faster, than, ok := strings.Cut(claim, "/")
		if !ok || faster == than || !slices.Contains(c.Bundle.Plan.Contenders, faster) || !slices.Contains(c.Bundle.Plan.Contenders, than) {
			return fmt.Errorf("%w: claim %q; the bundle has %s", ErrNoClaim, claim, strings.Join(c.Bundle.Plan.Contenders, ", "))
		}
		c.Claim = suite.ClaimPlan{Faster: faster, Than: than}
	}
	c.Sides = [2]*Contender{c.Contender(c.Claim.Faster), c.Contender(c.Claim.Than)}
	if c.Sides[0] == nil || c.Sides[1] == nil || c.Sides[0] == c.Sides[1] {
		return fmt.Errorf("%w: claim %q names a contender that the bundle lacks", ErrNoClaim, ClaimName(c.Claim))
	}
	return nil
}

// Decides reports whether a finding is about the claim's two, the two together or the
// run, to which its control copies and canonical runners belong. What other contenders
// did is shown.
func (c *Case) Decides(finding Finding) bool {
	if companion := c.Contender(finding.Contender); companion != nil && companion.Role != "" {
		return true
	}
	return slices.Contains([]string{RunContender, c.Sides[0].Name, c.Sides[1].Name, ClaimName(c.Claim)}, finding.Contender)
}
