package audit

// This file opens a bundle for its audit, once: everything that the check
// functions read.

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"cupel/internal/estimate"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// Case is a bundle opened for its audit. Checks read it and change nothing.
type Case struct {
	Bundle *evidence.Bundle
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

	checks   []check
	material func() (*Material, error)
	// drawnAgain draws the rows again, once.
	drawnAgain func() ruling
	rulings    map[rulingKey]ruling
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

func open(dir string, options Options) (*Case, error) {
	bundle, err := evidence.Open(dir)
	if err != nil {
		return nil, err
	}
	if bundle, err = cellOf(bundle, options.Cell); err != nil {
		return nil, err
	}
	c := &Case{Bundle: bundle, Parse: options.Parse, checks: allChecks(), rulings: map[rulingKey]ruling{}}
	c.material = sync.OnceValues(func() (*Material, error) { return remake(bundle.Plan, bundle.Ledger) })
	c.drawnAgain = sync.OnceValue(c.drawRows)
	c.Suite, c.SuiteErr = suite.Load(filepath.Join(dir, evidence.SuiteFile))
	c.gatherLaunches()
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
	c.Estimates, err = estimate.DeriveFrom(bundle, func(number int, contender string) ([]evidence.Sample, error) {
		launch := byLaunch[number]
		if launch == nil || launch.Samples == nil || launch.Contender != contender {
			return nil, fmt.Errorf("bundle: launch %d of %s is finished and has no samples", number, contender)
		}
		return estimate.Condensed(launch.Samples), nil
	})
	if err != nil {
		return nil, err
	}
	if c.Published, err = readResults(dir, bundle.Plan.Contenders); err != nil {
		return nil, err
	}
	return c, c.gatherContenders()
}

// cellOf is the cell of a bundle that is judged: the bundle itself where the plan has
// one.
func cellOf(bundle *evidence.Bundle, name string) (*evidence.Bundle, error) {
	if len(bundle.Plan.Cells) == 0 {
		if name != "" {
			return nil, fmt.Errorf("%w: the bundle has no cells, and none called %q", ErrNoClaim, name)
		}
		return bundle, nil
	}
	if name == "" {
		name = bundle.Plan.Cells[0].Name
	}
	return bundle.Cell(name)
}

// gatherLaunches makes the launches from the ledger.
func (c *Case) gatherLaunches() {
	byNumber := map[int]*Launch{}
	for i := range c.Bundle.Ledger {
		row := &c.Bundle.Ledger[i]
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
}

// readSamples reads every launch's samples, several launches at a time.
func (c *Case) readSamples() error {
	faults := make([]error, len(c.Launches))
	var readers sync.WaitGroup
	turns := make(chan struct{}, runtime.GOMAXPROCS(0))
	var rows atomic.Int64
	for i, launch := range c.Launches {
		readers.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if rows.Load() <= maxRows {
				faults[i] = c.readLaunch(launch, &rows)
			}
		})
	}
	readers.Wait()
	if rows.Load() > maxRows {
		return fmt.Errorf("bundle: more samples than an audit reads, which is %d of single calls", maxRows)
	}
	return errors.Join(faults...)
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
	// A burst takes as much room as a dozen single calls.
	rows.Add(int64(len(samples.Calls) + 12*len(samples.Bursts)))
	for _, calls := range samples.Stalls {
		rows.Add(int64(len(calls)))
	}
	return nil
}

// gatherContenders makes the contenders.
func (c *Case) gatherContenders() error {
	named := slices.Clone(c.Bundle.Plan.Contenders)
	for _, launch := range c.Launches {
		if !slices.Contains(named, launch.Contender) {
			named = append(named, launch.Contender)
		}
	}
	for _, name := range named {
		contender := &Contender{Name: name}
		for _, launch := range c.Launches {
			if launch.Contender != name {
				continue
			}
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
		for i := range c.Bundle.Ledger {
			if row := &c.Bundle.Ledger[i]; row.Event == evidence.EventUnavailable && row.Contender == name {
				contender.Unavailable = row
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
func (c *Case) Comparison() *estimate.Comparison { return c.comparison(c.Claim) }

func (c *Case) comparison(claim suite.ClaimPlan) *estimate.Comparison {
	for _, group := range [][]estimate.Comparison{c.Estimates.Claims, c.Estimates.Others} {
		for i := range group {
			if group[i].A == claim.Faster && group[i].B == claim.Than {
				return &group[i]
			}
		}
	}
	return nil
}
