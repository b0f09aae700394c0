package evidence

// This file tests that the samples of a launch are the same read apart by what they
// are of as read row by row.

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLaunchSamplesAreTheSamples(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var written []Sample
	add := func(phase Phase, round int32, n int) {
		for range n {
			sample := Sample{Launch: 3, Contender: "go", Replicate: 1, Phase: phase, Round: round, Calls: 7, InnerNanoseconds: int64(len(written) * 31 % 1009)}
			if phase != PhaseCall && phase != PhaseStallCall {
				start, outer := int64(len(written)), int64(2*len(written))
				sample.StartNanoseconds, sample.OuterNanoseconds = &start, &outer
			}
			written = append(written, sample)
		}
	}
	add(PhaseFirst, 0, 1)
	add(PhaseRequest, 0, 1)
	add(PhaseCall, 0, 60_000)
	for round := range int32(300) {
		add(PhaseShort, round+1, 1)
		if round%100 == 50 {
			add(PhaseStall, round+1, 1)
			add(PhaseStallCall, round+1, 20_000)
		}
	}
	add(PhaseWidth(16), 0, 3)
	if err := w.WriteSamples(3, "go", written); err != nil {
		t.Fatal(err)
	}
	b := &Bundle{Dir: w.Dir()}
	got, err := b.LaunchSamples(3, "go")
	if err != nil {
		t.Fatal(err)
	}
	due := &LaunchSamples{Stalls: map[int32][]int64{}}
	for _, sample := range written {
		switch sample.Phase {
		case PhaseCall:
			due.Calls = append(due.Calls, sample.InnerNanoseconds)
		case PhaseStallCall:
			due.Stalls[sample.Round] = append(due.Stalls[sample.Round], sample.InnerNanoseconds)
		default:
			due.Bursts = append(due.Bursts, sample)
		}
	}
	if difference := cmp.Diff(due, got); difference != "" {
		t.Error(difference[:min(len(difference), 2000)])
	}
}
