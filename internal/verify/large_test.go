package verify_test

// This file measures a bundle of ten million samples, and tests that memory goes by
// what is read and not by what a file claims.

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"cupel/internal/bundletest"
	"cupel/internal/evidence"
	"cupel/internal/verify"
)

// tenMillion is a bundle of ten million samples in 40 files.
var tenMillion = bundletest.Size{Replicates: 10, Rounds: 400, Calls: 249_000}

// The benchmark takes the bundle in CUPEL_BENCH_BUNDLE where that is set, and makes
// it there where there is none yet: making one takes longer than verifying it.
func BenchmarkTenMillionSamples(b *testing.B) {
	dir := os.Getenv("CUPEL_BENCH_BUNDLE")
	if dir == "" {
		dir = filepath.Join(b.TempDir(), "bundle")
	}
	if _, err := os.Stat(dir); err != nil {
		key, err := evidence.NewKey()
		if err != nil {
			b.Fatal(err)
		}
		if err := bundletest.Write(b.Context(), dir, tenMillion, key); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		report, err := verify.Bundle(b.Context(), dir, verify.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if !report.Intact || report.Samples < 10_000_000 {
			b.Fatalf("%d samples, faults %v", report.Samples, report.Faults)
		}
	}
}

// A file that claims many more rows than it has is refused for what it has: memory
// goes by what was read. The bound is on all that is allocated, whenever it is freed,
// and so depends on no moment; the rows that are claimed would need ten times as much.
func TestMemoryGoesByWhatIsRead(t *testing.T) {
	const claimed, bound = 1 << 24, 64 << 20
	dir := bundletest.Make(t, bundletest.Size{Replicates: 1, Rounds: 12, Calls: 5})
	path := filepath.Join(dir, "samples", "0001-go.parquet")
	claimRows(t, path, claimed)
	key, err := evidence.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteSeal(t.Context(), dir, key); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"verify": func() error {
			report, err := verify.Bundle(t.Context(), dir, verify.Options{})
			if err == nil && len(report.Faults) == 1 {
				return errorOf(report.Faults[0].String())
			}
			return err
		},
		"evidence": func() error {
			_, err := (&evidence.Bundle{Dir: dir}).Samples(1, "go")
			return err
		},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := read()
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "rows") {
			t.Errorf("%s: error %v", name, err)
		}
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > bound {
			t.Errorf("%s: %d MiB were allocated for a file of some hundred rows", name, allocated>>20)
		}
	}
}

type errorOf string

func (e errorOf) Error() string { return string(e) }

// claimRows makes the footer of a Parquet file claim so many rows.
func claimRows(t *testing.T, path string, rows int64) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const trailer = 8 // the footer's length and "PAR1"
	end := len(data) - trailer
	start := end - int(binary.LittleEndian.Uint32(data[end:]))
	protocol := new(thrift.CompactProtocol)
	var footer format.FileMetaData
	if err := thrift.Unmarshal(protocol, data[start:end], &footer); err != nil {
		t.Fatal(err)
	}
	footer.NumRows = rows
	for i := range footer.RowGroups {
		footer.RowGroups[i].NumRows = rows
	}
	text, err := thrift.Marshal(protocol, footer)
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(data[:start])
	forged = append(forged, text...)
	forged = binary.LittleEndian.AppendUint32(forged, uint32(len(text)))
	if err := os.WriteFile(path, append(forged, "PAR1"...), 0o644); err != nil {
		t.Fatal(err)
	}
}
