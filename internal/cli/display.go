package cli

// This file shows progress: live on a terminal, as plain lines elsewhere.

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"cupel/internal/report"
)

// styleOf returns the style for output to w. It respects NO_COLOR
// (https://no-color.org), and uses no colour on a pipe.
func styleOf(w io.Writer) report.Style {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return report.Style{}
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		width = 80
	}
	return report.Style{
		Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Width: width,
	}
}

// board shows the tasks in progress.
type board struct {
	out    io.Writer
	live   progress.Writer
	style  report.Style
	render sync.WaitGroup
}

// newBoard returns a board on out. The board is live if out is a terminal that can
// move its cursor.
func newBoard(out io.Writer) *board {
	b := &board{out: out, style: styleOf(out)}
	if b.style.Width == 0 || os.Getenv("TERM") == "dumb" {
		return b
	}
	b.live = progress.NewWriter()
	b.live.SetOutputWriter(out)
	b.live.SetTerminalWidth(b.style.Width)
	b.live.SetMessageLength(max(24, b.style.Width-56))
	b.live.SetTrackerLength(16)
	b.live.SetTrackerPosition(progress.PositionRight)
	// A low frequency, so that drawing does not disturb the measurement.
	b.live.SetUpdateFrequency(400 * time.Millisecond)
	b.live.Style().Visibility.Value = false
	b.live.Style().Visibility.Percentage = false
	b.live.Style().Visibility.ETA = true
	b.live.Style().Options.DoneString = ""
	b.live.Style().Options.TimeDonePrecision = 100 * time.Millisecond
	b.live.Style().Options.TimeInProgressPrecision = time.Second
	if b.style.Color {
		b.live.Style().Colors = progress.StyleColorsExample
		b.live.Style().Colors.Message = text.Colors{}
	}
	b.render.Go(b.live.Render)
	return b
}

// close ends the display; what is on the terminal stays.
func (b *board) close() {
	if b.live == nil {
		return
	}
	// Stop has no effect before the drawing has begun.
	for !b.live.IsRenderInProgress() {
		time.Sleep(time.Millisecond)
	}
	b.live.Stop()
	b.render.Wait()
}

// task is one line of a board.
type task struct {
	board   *board
	name    string
	began   time.Time
	tracker *progress.Tracker
}

// begin adds a task. total is the number of its steps, or 0 if it is not yet known.
func (b *board) begin(name, note string, total int) *task {
	t := &task{board: b, name: name, began: time.Now()}
	if b.live == nil {
		fmt.Fprintln(b.out, joined(name, note))
		return t
	}
	t.tracker = &progress.Tracker{Message: joined(name, note), Total: int64(total)}
	b.live.AppendTracker(t.tracker)
	return t
}

// step shows on a live board what a task is doing.
func (t *task) step(note string, done, total int) {
	if t.tracker == nil {
		return
	}
	t.tracker.UpdateMessage(joined(t.name, note))
	if total > 0 {
		t.tracker.UpdateTotal(int64(total))
		// A tracker that reaches its total counts as done.
		t.tracker.SetValue(int64(min(done, total-1)))
	}
}

// line prints a line on a board that is not live.
func (t *task) line(note string) {
	if t.tracker == nil {
		fmt.Fprintln(t.board.out, joined(t.name, note))
	}
}

func (t *task) done(note string) {
	if t.tracker == nil {
		fmt.Fprintf(t.board.out, "%s (%s)\n", joined(t.name, note), time.Since(t.began).Round(100*time.Millisecond))
		return
	}
	t.tracker.UpdateMessage(joined(t.name, note))
	t.tracker.MarkAsDone()
}

func (t *task) fail(note string) {
	if t.tracker == nil {
		fmt.Fprintln(t.board.out, joined(t.name, note))
		return
	}
	t.tracker.UpdateMessage(joined(t.name, note))
	t.tracker.MarkAsErrored()
}

// end shows that a task is done, or that it stopped with an error.
func (t *task) end(err error) {
	if err != nil {
		t.fail("stopped")
		return
	}
	t.done("done")
}

func joined(name, note string) string {
	if note == "" {
		return name
	}
	return name + ": " + note
}
