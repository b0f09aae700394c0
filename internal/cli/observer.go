package cli

// This file shows what a session does: installations and replicates as tasks on a board,
// the rest as lines.

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"cupel/engines"
	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/provision"
	"cupel/internal/report"
	"cupel/internal/session"
	"cupel/internal/suite"
)

// observer shows a session on stderr and its preview on stdout.
type observer struct {
	stdout, stderr io.Writer
	// quiet leaves out the preview.
	quiet bool
}

// Note implements session.Observer.
func (o observer) Note(line string) { fmt.Fprintln(o.stderr, line) }

// Preview implements session.Observer.
func (o observer) Preview(results *report.Results) error {
	if o.quiet {
		return nil
	}
	fmt.Fprintf(o.stdout, "\nPreview, one launch of each contender (not part of the results):\n\n")
	if err := results.WritePreview(o.stdout, styleOf(o.stdout)); err != nil {
		return err
	}
	fmt.Fprintln(o.stdout)
	return nil
}

// Installations implements session.Observer.
func (o observer) Installations() session.Installations {
	return installations{newBoard(o.stderr)}
}

// Measuring implements session.Observer.
func (o observer) Measuring(plan *suite.Plan, contenders int) session.Measuring {
	b := newBoard(o.stderr)
	// Each launch starts and ends, and all launches of a replicate share the rounds.
	steps := len(plan.Cells) * plan.Launches * (2*contenders + 1)
	note := fmt.Sprintf("%d contenders, %d replicates or more, at most %s", len(plan.Contenders), plan.Launches, plan.Budget)
	return &measuringLine{board: b, task: b.begin("measuring", note, steps), plan: plan, steps: steps}
}

// installations is a board of installations.
type installations struct{ board *board }

// Engine implements session.Installations.
func (i installations) Engine(engine engines.Engine) session.Installation {
	note := "installing"
	if engine.Download != "" {
		note += ", " + engine.Download + " (leave it out with --only)"
	}
	return installation{i.board.begin(engine.Name, note, 0)}
}

// Own implements session.Installations.
func (i installations) Own(contender string) session.Installation {
	return installation{i.board.begin(contender, "building", 0)}
}

// Close implements session.Installations.
func (i installations) Close() { i.board.close() }

// installation is a task that shows an installation.
type installation struct{ task *task }

// Step implements session.Installation.
func (i installation) Step(step string, done, total int) {
	if total > 0 {
		step = "installing " + step
	}
	i.task.step(step, done, total)
}

// End implements session.Installation.
func (i installation) End(err error) {
	if err == nil {
		i.task.done("installed")
		return
	}
	reason, _ := provision.Reason(err)
	first, _, _ := strings.Cut(reason, "\n")
	i.task.fail("unavailable: " + first)
}

// measuringLine is the task that shows what a run measures.
type measuringLine struct {
	board *board
	task  *task
	plan  *suite.Plan
	// made is the number of steps that are done, of steps.
	made, steps int
	// cell and replicate are those of the last report.
	cell      string
	replicate int
}

// Report implements session.Measuring.
func (l *measuringLine) Report(p measure.Progress) {
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
		rounds := l.roundsOf(p.Cell)
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
	l.task.step(which+", "+what, min(l.made, l.steps), l.steps)
}

// roundsOf returns the number of rounds in a replicate of a cell.
func (l *measuringLine) roundsOf(cell string) int {
	if plan, found := l.plan.InCell(cell); found {
		return plan.Paired.Rounds
	}
	return l.plan.Paired.Rounds
}

// End implements session.Measuring.
func (l *measuringLine) End(err error) {
	l.task.end(err)
	l.board.close()
}

// sessionCode returns the exit code of a session's error. found is false for any other
// error.
func sessionCode(err error) (code int, found bool) {
	if input := new(session.InputError); errors.As(err, &input) {
		return ExitUsage, true
	}
	left, none := new(session.LeftError), new(session.NoAnswerError)
	if errors.As(err, &left) || errors.As(err, &none) {
		return ExitNoAnswer, true
	}
	return 0, false
}
