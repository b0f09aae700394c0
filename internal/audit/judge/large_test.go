package judge_test

// This file measures the audit of a large bundle.

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/audit/judge"
	"cupel/internal/evidence"
)

// BenchmarkTenMillionSamples audits a bundle of ten million samples: what is asked of
// it is five seconds.
func BenchmarkTenMillionSamples(b *testing.B) {
	const samples = 10_000_000
	s, err := honestOnce()
	if err != nil {
		b.Fatal(err)
	}
	s = s.clone()
	launches, random := len(s.samples), rand.New(rand.NewPCG(1, 2))
	for launch, rows := range s.samples {
		first := indexOf(rows, evidence.PhaseCall)
		grown := append([]evidenceSample{}, rows[:first]...)
		for call := range samples / launches {
			row := rows[first+call%iterations]
			// The same calls again and again would be samples that were used twice.
			row.InnerNanoseconds += random.Int64N(16)
			grown = append(grown, row)
		}
		s.replace(launch, append(grown, rows[first+iterations:]...))
	}
	dir := s.write(b)
	s = nil
	runtime.GC()
	for b.Loop() {
		opened, err := audit.Open(dir, audit.Options{Parse: func([]string) error { return nil }})
		if err != nil {
			b.Fatal(err)
		}
		judge.Bundle(opened)
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapSys)/1e6, "MB")
	}
}
