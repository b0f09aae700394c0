package measure

// This file tests runs that are taken up after their harness was killed.

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/suite"
	"cupel/internal/testtier"
)

// mortal is a recorder that is there for so many calls and then for none, as if the
// process had been killed.
type mortal struct {
	*evidence.Writer
	left int
}

var errKilled = errors.New("killed")

func (m *mortal) live() error {
	if m.left--; m.left < 0 {
		return errKilled
	}
	return nil
}

func (m *mortal) Append(row evidence.LedgerRow) error {
	return errors.Join(m.live(), m.after(func() error { return m.Writer.Append(row) }))
}

func (m *mortal) Observe(row evidence.Observation) error {
	return errors.Join(m.live(), m.after(func() error { return m.Writer.Observe(row) }))
}

func (m *mortal) ObserveBlock(row evidence.Block) error {
	return errors.Join(m.live(), m.after(func() error { return m.Writer.ObserveBlock(row) }))
}

func (m *mortal) WriteSamples(launch int, contender string, samples []evidence.Sample) error {
	return errors.Join(m.live(), m.after(func() error { return m.Writer.WriteSamples(launch, contender, samples) }))
}

func (m *mortal) WriteJSON(name string, value any) error {
	return errors.Join(m.live(), m.after(func() error { return m.Writer.WriteJSON(name, value) }))
}

func (m *mortal) WriteInputs(cell string, replicate int, files []evidence.InputsFile) error {
	return m.after(func() error { return m.Writer.WriteInputs(cell, replicate, files) })
}

func (m *mortal) after(do func() error) error {
	if m.left < 0 {
		return nil
	}
	return do()
}

// killed makes a run whose harness is killed after so many records.
func killed(t *testing.T, records int, change func(*suite.Plan), scripts ...script) *scripted {
	t.Helper()
	r := rehearse(t, "killed", change, scripts...)
	writer := r.Bundle.(*evidence.Writer)
	r.Bundle = &mortal{writer, records}
	if err := r.Measure(t.Context(), r.contenders); !errors.Is(err, errKilled) {
		t.Fatalf("the run ended with %v", err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

// takeUp goes on with a run that was killed, on the same stage.
func (r *scripted) takeUp(t *testing.T) *scripted {
	t.Helper()
	dir := r.Bundle.(*mortal).Dir()
	writer, err := evidence.Reopen(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close() })
	before, err := evidence.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	config := r.Config
	config.Bundle = writer
	again := &scripted{stage: r.stage, contenders: r.contenders, control: r.control, report: r.report, Run: newRun(config, r.outside, r.began)}
	if err := again.Continue(before); err != nil {
		t.Fatal(err)
	}
	return again
}

// Wherever the harness is killed, the run comes to its end: nothing that finished is
// lost, no number is given twice, no rows are drawn twice, and there are as many
// whole replicates as planned.
// Outside of the gate it is killed after every tenth record.
func TestARunGoesOnWhereverItWasKilled(t *testing.T) {
	step := 10
	if testtier.InGate() {
		step = 2
	}
	small := func(plan *suite.Plan) { plan.Launches, plan.Precision, plan.Paired.Rounds = 3, 0.5, 12 }
	for records := 1; records < 30; records += step {
		t.Run(fmt.Sprint(records), func(t *testing.T) {
			r := killed(t, records, small, constant("a", 1000), constant("b", 1500), constant("a@control", 1000))
			before := opened(t, r.Run)
			again := r.takeUp(t)
			b := again.perform(t)
			numbers := map[int]bool{}
			perReplicate := map[int]int{}
			for _, row := range b.Ledger {
				if row.Event == evidence.EventStarted && numbers[row.Launch] {
					t.Errorf("two launches have the number %d", row.Launch)
				}
				numbers[row.Launch] = row.Event == evidence.EventStarted || numbers[row.Launch]
				if row.Outcome == evidence.Finished {
					perReplicate[row.Replicate]++
					samplesIn(t, b, row)
				}
			}
			after := launchesOf(b)
			for number, row := range launchesOf(before) {
				if after[number].Outcome != row.Outcome {
					t.Errorf("launch %d was %s and became %s", number, row.Outcome, after[number].Outcome)
				}
			}
			for number := range numbers {
				if number > 0 && after[number].Outcome == "" {
					t.Errorf("launch %d has no end", number)
				}
			}
			whole := 0
			for _, finished := range perReplicate {
				if finished == 3 {
					whole++
				}
			}
			if whole != r.Plan.Launches {
				t.Errorf("%d whole replicates, want %d", whole, r.Plan.Launches)
			}
		})
	}
}

// The bursts of all sessions have one size, or they could not be compared.
func TestSizesAreKept(t *testing.T) {
	small := func(plan *suite.Plan) { plan.Launches, plan.Precision, plan.Paired.Rounds = 3, 0.5, 12 }
	b := killed(t, 16, small, constant("a", 1000), constant("b", 1500)).takeUp(t).perform(t)
	sized := map[string]int{}
	for _, row := range b.Ledger {
		if row.Event == evidence.EventSized {
			sized[row.Contender]++
		}
	}
	if sized["a"] != 1 || sized["b"] != 1 {
		t.Errorf("sized %v", sized)
	}
}

// A contender that was found wrong has no second chance because of a kill, not even
// where the kill came before that was written down.
func TestAContenderThatIsOutStaysOut(t *testing.T) {
	wrong := constant("b", 1500)
	wrong.tamper = wrongLabels
	small := func(plan *suite.Plan) { plan.Launches, plan.Paired.Rounds = 2, 12 }
	for records := range 16 {
		r := rehearse(t, "killed", small, constant("a", 1000), wrong)
		writer := r.Bundle.(*evidence.Writer)
		r.Bundle = &mortal{writer, records}
		err := r.Measure(t.Context(), r.contenders)
		writer.Close()
		before := opened(t, r.Run)
		known := false
		for _, row := range before.Ledger {
			known = known || row.Outcome == evidence.Wrong
		}
		if !known || !errors.Is(err, errKilled) {
			continue
		}
		b := r.takeUp(t).perform(t)
		starts, exclusions := 0, 0
		for _, row := range b.Ledger {
			if row.Contender == "b" && row.Event == evidence.EventStarted {
				starts++
			}
			if row.Contender == "b" && row.Event == evidence.EventExcluded {
				exclusions++
			}
		}
		if starts != 1 || exclusions != 1 {
			t.Errorf("killed after %d records: %d launches of a wrong contender, excluded %d times", records, starts, exclusions)
		}
		return
	}
	t.Error("no kill came between the wrong answer and the run's end")
}

func wrongLabels(p *actor, request protocol.InferRequest, reply *protocol.Infer) error {
	if p.inRounds > 5 && len(reply.Labels) > 3 && !request.Samples {
		reply.Labels[3] ^= 1
	}
	return nil
}

func TestTheBudgetIsOfAllSessions(t *testing.T) {
	r := killed(t, 40, func(plan *suite.Plan) { plan.Launches, plan.Paired.Rounds = 1000, 12 }, constant("a", 1000), constant("b", 1500))
	again := r.takeUp(t)
	if again.spent <= 0 {
		t.Fatalf("earlier sessions have spent %v", again.spent)
	}
	again.Plan.Budget = (again.spent / 2).String()
	made := again.first(t).whole
	b := again.perform(t)
	if again.first(t).whole != made {
		t.Errorf("%d replicates became %d after the budget was spent", made, again.first(t).whole)
	}
	if last := b.Ledger[len(b.Ledger)-1]; last.Event != evidence.EventStopped {
		t.Errorf("last row %+v", last)
	}
}

func TestMeasuredTimeLeavesOutWhatLiesBetweenSessions(t *testing.T) {
	at := func(seconds int64, event evidence.Event) evidence.LedgerRow {
		return evidence.LedgerRow{ElapsedNanoseconds: seconds * 1e9, Event: event, Replicate: 1}
	}
	lost := at(30, evidence.EventEnded)
	lost.Outcome = evidence.Lost
	preview := at(1, evidence.EventStarted)
	preview.Preview = true
	rows := []evidence.LedgerRow{
		at(0, evidence.EventPlan), preview, at(5, evidence.EventStarted), at(12, evidence.EventEnded),
		lost, at(30, evidence.EventBroken), at(31, evidence.EventResumed), at(40, evidence.EventStarted), at(43, evidence.EventEnded),
	}
	if got := evidence.Measured(rows); got != 10*time.Second {
		t.Errorf("%v, want 10 s", got)
	}
	if got := evidence.Measured(rows[:2]); got != 0 {
		t.Errorf("without a launch that counts: %v", got)
	}
}

// A file of samples that is gone is no launch to go on from.
func TestMissingSamplesAreAnError(t *testing.T) {
	r := killed(t, 25, func(plan *suite.Plan) { plan.Launches, plan.Paired.Rounds = 3, 12 }, constant("a", 1000), constant("b", 1500))
	b := opened(t, r.Run)
	for _, row := range launchesOf(b) {
		if row.Outcome == evidence.Finished {
			if err := os.Remove(r.Bundle.Path(evidence.SamplesFile(row.Launch, row.Contender))); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if err := r.Continue(b); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// A launch that is found finished counts, whatever killed the run then: what it was
// sent must be known.
func TestWhatAFinishedLaunchWasSentIsKept(t *testing.T) {
	finished := 0
	for records := 8; records <= 16; records++ {
		r := killed(t, records, func(plan *suite.Plan) { plan.Launches, plan.Paired.Rounds = 3, 12 }, constant("a", 1000), constant("b", 1500))
		b, err := evidence.Open(r.Bundle.(*mortal).Dir())
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range b.Ledger {
			if row.Outcome != evidence.Finished {
				continue
			}
			finished++
			if files, err := b.Inputs(row.Replicate); err != nil || len(files) == 0 {
				t.Errorf("killed after %d records: %d files of rows of replicate %d, %v", records, len(files), row.Replicate, err)
			}
		}
	}
	if finished == 0 {
		t.Error("no launch was found finished")
	}
}
