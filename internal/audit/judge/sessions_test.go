package judge_test

// This file tests that runs with cells and runs in several sessions are judged by what
// they are: each has honest bundles that pass, and tampered ones that do not.

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cupel/internal/audit"
	"cupel/internal/evidence"
)

// judged fails the test unless the points pass and the rules find nothing.
func judged(t *testing.T, report *audit.Report, points []int, rules ...string) {
	t.Helper()
	for _, id := range points {
		if point := report.Points[id-1]; point.Status != audit.Pass {
			t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
		}
	}
	for _, finding := range report.Findings {
		if slices.Contains(rules, finding.Rule) {
			t.Errorf("%s: %s", finding.Rule, finding.Message)
		}
	}
}

// found fails the test unless a point fails.
func found(t *testing.T, report *audit.Report, id int) {
	t.Helper()
	if point := report.Points[id-1]; point.Status != audit.Fail {
		t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
	}
}

// allOf finds errors: those that no point stands for as well.
func allOf(report *audit.Report) []audit.Finding {
	return slices.DeleteFunc(slices.Clone(report.Findings), func(f audit.Finding) bool { return f.Severity != audit.Error })
}

func TestCellsAreJudgedEachForItself(t *testing.T) {
	s := celled(t)
	for _, cell := range cells {
		t.Run(cell, func(t *testing.T) {
			report := s.audit(t, audit.Options{Cell: cell})
			judged(t, report, []int{1, 3, 4, 9, 18, 24, 26, 27, 29, 30, 31, 44, 45, 48, 74, 97, 100}, "ledger-gap", "plan-after-data")
			for _, finding := range allOf(report) {
				// There are fewer launches than ten.
				if finding.Rule != "point-16" {
					t.Errorf("%s %s: %s", finding.Rule, finding.Contender, finding.Message)
				}
			}
		})
	}
}

func TestTamperedCellsFail(t *testing.T) {
	t.Run("a launch of another cell removed", func(t *testing.T) {
		s := celled(t)
		slow := s.launchesOf("go")[3]
		s.ledger = slices.DeleteFunc(s.ledger, func(row evidence.LedgerRow) bool { return row.Launch == slow })
		found(t, s.audit(t, audit.Options{Cell: cells[0]}), 30)
	})
	t.Run("minutes in no row of any cell", func(t *testing.T) {
		s := celled(t)
		for i := range s.ledger {
			if s.ledger[i].Replicate > 3 || s.ledger[i].Event == evidence.EventStopped || s.ledger[i].Event == evidence.EventNonce {
				s.ledger[i].ElapsedNanoseconds += (10 * time.Minute).Nanoseconds()
			}
		}
		if report := s.audit(t, audit.Options{Cell: cells[1]}); !slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Rule == "ledger-gap" }) {
			t.Error("no finding ledger-gap")
		}
	})
	t.Run("rows of the run's own nonce", func(t *testing.T) {
		s := celled(t)
		for replicate, files := range s.inputsOf[cells[0]] {
			s.inputsOf[cells[1]][replicate] = slices.Clone(s.inputsOf[cells[1]][replicate])
			s.inputsOf[cells[1]][replicate][0].SHA256 = files[0].SHA256
		}
		report := s.audit(t, audit.Options{Cell: cells[1]})
		found(t, report, 4)
		found(t, report, 48)
	})
	t.Run("a ratio that the report begins with", func(t *testing.T) {
		s := celled(t)
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string {
			return strings.Replace(text, "Batch 2:\n", "Batch 2:\n\n- **go is faster than pytorch, side by side: 97.0x**, 95% interval 96.0x to 98.0x.\n", 1)
		})
		found(t, s.audit(t, audit.Options{Cell: cells[1]}), 29)
		judged(t, s.audit(t, audit.Options{Cell: cells[0]}), []int{29})
	})
	t.Run("limits of one cell alone", func(t *testing.T) {
		s := celled(t)
		s.rewrite("BENCHMARK_RESULTS.md", func(text string) string { return strings.Replace(text, "- Batch 2, ", "- ", 1) })
		found(t, s.audit(t, audit.Options{Cell: cells[1]}), 100)
		judged(t, s.audit(t, audit.Options{Cell: cells[0]}), []int{100})
	})
	t.Run("two rows a call where one is planned", func(t *testing.T) {
		s := celled(t)
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseShort {
				request.Batch, request.Labels = 2, 2*request.Calls
			}
		})
		report := s.audit(t, audit.Options{Cell: cells[0]})
		found(t, report, 9)
		found(t, report, 97)
	})
	t.Run("rows near the boundary in batches", func(t *testing.T) {
		s := celled(t)
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseHard {
				request.Batch, request.Labels = 2, 2*request.Calls
			}
		})
		found(t, s.audit(t, audit.Options{Cell: cells[1]}), 9)
	})
}

func TestARunThatWasGoneOnWithPasses(t *testing.T) {
	report := resumed(t).audit(t, audit.Options{})
	judged(t, report, []int{4, 18, 30, 31, 45, 48, 72, 74}, "ledger-gap")
	for _, finding := range allOf(report) {
		if finding.Rule != "point-16" {
			t.Errorf("%s %s: %s", finding.Rule, finding.Contender, finding.Message)
		}
	}
}

func TestAReplicateThatWasBrokenOffIsFoundShort(t *testing.T) {
	for name, change := range map[string]func(s *scene){
		"launches started in another order": func(s *scene) {
			lost := s.replicateRows(brokenReplicate, evidence.EventStarted)
			lost[0].Contender, lost[1].Contender = lost[1].Contender, lost[0].Contender
			lost[0].Role, lost[1].Role = lost[1].Role, lost[0].Role
			lost = s.replicateRows(brokenReplicate, evidence.EventEnded)
			lost[0].Contender, lost[1].Contender = lost[1].Contender, lost[0].Contender
			lost[0].Role, lost[1].Role = lost[1].Role, lost[0].Role
		},
		"a launch removed": func(s *scene) {
			last := s.replicateRows(brokenReplicate, evidence.EventStarted)[brokenLaunches-1].Launch
			s.ledger = slices.DeleteFunc(s.ledger, func(row evidence.LedgerRow) bool { return row.Launch == last })
		},
		"another nonce than the session's": func(s *scene) {
			s.rows(evidence.EventResumed, "", func(row *evidence.LedgerRow) {
				row.SHA256[evidence.NonceName] = sha256Of([]byte("another"))
			})
		},
		"the first session's nonce in the second": func(s *scene) {
			s.rows(evidence.EventResumed, "", func(row *evidence.LedgerRow) { row.SHA256[evidence.NonceName] = sha256Of([]byte(nonce)) })
			s.rows(evidence.EventNonce, "", func(row *evidence.LedgerRow) { row.Nonce = nonce })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := resumed(t)
			change(s)
			found(t, s.audit(t, audit.Options{}), 30)
		})
	}
}

// A lost nonce leaves what was drawn from it open.
func TestANonceThatWasLostIsASkip(t *testing.T) {
	s := resumed(t)
	first := slices.IndexFunc(s.ledger, func(row evidence.LedgerRow) bool { return row.Event == evidence.EventNonce })
	s.ledger = slices.Delete(s.ledger, first, first+1)
	report := s.audit(t, audit.Options{})
	for _, id := range []int{4, 30, 48, 74} {
		if point := report.Points[id-1]; point.Status != audit.Skip {
			t.Errorf("point %d is a %s: %s", id, point.Status, point.Detail)
		}
	}
}

// Too few replicates that were not broken off are too few.
func TestReplicatesThatWereBrokenOffDoNotCount(t *testing.T) {
	s := resumed(t)
	s.plan.Launches = fewer + 1
	s.planDigest(t)
	found(t, s.audit(t, audit.Options{}), 18)
}

// The wall clock is set right while a run goes on: nothing follows from that.
func TestAWallClockThatIsSetBackAccusesNobody(t *testing.T) {
	s := honest(t)
	for i := range s.ledger[len(s.ledger)/2:] {
		row := &s.ledger[len(s.ledger)/2+i]
		row.Time = row.Time.Add(-2 * time.Minute)
	}
	judged(t, s.audit(t, audit.Options{}), []int{18, 30, 57}, "ledger-gap", "stitched-bundle")
}

// replicateRows are a replicate's rows of an event.
func (s *scene) replicateRows(replicate int, event evidence.Event) []*evidence.LedgerRow {
	var rows []*evidence.LedgerRow
	for i := range s.ledger {
		if row := &s.ledger[i]; row.Replicate == replicate && row.Event == event {
			rows = append(rows, row)
		}
	}
	return rows
}
