package judge_test

// This file makes honest runs that are not made in one go: one of several cells, and
// one that was killed and gone on with.

import (
	"strings"
	"sync"
	"testing"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// fewer are replicates enough for a run in which no figure is looked at.
const fewer = 6

// cells are those of the run that has several.
var cells = []string{"batch-1", "batch-2"}

var celledOnce = sync.OnceValues(func() (*scene, error) {
	text := strings.NewReplacer("batch = 1", "batch = [1, 2]", "launches = 10", "launches = 6").Replace(suiteTOML)
	return newScene(text, (*stage).celledRun)
})

// celled is an honest run of two cells, which take turns.
func celled(t *testing.T) *scene { return sceneOf(t, celledOnce) }

func sceneOf(t *testing.T, once func() (*scene, error)) *scene {
	t.Helper()
	made, err := once()
	if err != nil {
		t.Fatal(err)
	}
	s := made.clone()
	// Its files are of other launches than those that are kept from test to test.
	for launch := range s.samples {
		s.changed[launch], s.requestsChanged[launch] = true, true
	}
	return s
}

func (r *stage) celledRun() {
	r.inputsOf = map[string]map[int][]evidence.InputsFile{}
	for replicate := 1; replicate <= fewer; replicate++ {
		for _, cell := range cells {
			r.inCell(cell, func() { r.replicate(replicate) })
		}
	}
	r.inputs = map[int][]evidence.InputsFile{}
	r.stop(fewer, fewer)
}

// inCell does something in a cell, with its plan, its nonce and its files.
func (r *stage) inCell(name string, work func()) {
	whole := r.plan
	plan, _ := whole.InCell(name)
	if r.inputsOf[name] == nil {
		r.inputsOf[name] = map[int][]evidence.InputsFile{}
	}
	r.scene.plan, r.cell, r.nonce, r.inputs = &plan, name, draw.ForCell(nonce, name), r.inputsOf[name]
	r.shared = map[int]int32{}
	work()
	r.scene.plan, r.cell, r.nonce = whole, "", nonce
}

// The replicate of the run that was killed, of which so many launches had begun.
const (
	brokenReplicate = 2
	brokenLaunches  = 3
	secondNonce     = "honest again"
)

var resumedOnce = sync.OnceValues(func() (*scene, error) {
	return newScene(strings.Replace(suiteTOML, "launches = 10", "launches = 6", 1), (*stage).resumedRun)
})

// resumed is an honest run that was killed while its second replicate was starting,
// and gone on with.
func resumed(t *testing.T) *scene { return sceneOf(t, resumedOnce) }

func (r *stage) resumedRun() {
	r.replicate(1)
	r.kill()
	for replicate := brokenReplicate + 1; replicate <= fewer+1; replicate++ {
		r.replicate(replicate)
	}
	r.stop(fewer+1, fewer)
}

// kill ends a session while launches start one after the other: what is left of it is
// what the watchdog wrote.
func (r *stage) kill() {
	r.machine(brokenReplicate, false)
	all := performers()
	var lost []evidence.LedgerRow
	for _, at := range r.startOrder(brokenReplicate, len(all))[:brokenLaunches] {
		r.number++
		a := &appearance{performer: all[at], stage: r, launch: r.number, replicate: brokenReplicate}
		r.append(a.row(evidence.EventStarted))
		row := a.row(evidence.EventEnded)
		row.Outcome, row.Reason = evidence.Lost, "the harness ended while the launch was going"
		lost = append(lost, row)
	}
	for _, row := range lost {
		r.append(row)
	}
	r.append(evidence.LedgerRow{Event: evidence.EventBroken, Reason: "the harness ended without a word, as by a kill or a crash"})
	r.append(evidence.LedgerRow{Event: evidence.EventNonce, Nonce: r.nonce})
	r.nonce = secondNonce
	r.append(evidence.LedgerRow{Event: evidence.EventResumed, SHA256: map[string]string{evidence.NonceName: suite.DigestNonce(secondNonce)}})
}
