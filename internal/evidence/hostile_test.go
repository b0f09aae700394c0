package evidence

// This file feeds the readers what a stranger's bundle may hold: any bytes, links out
// of the bundle, pipes. What can't be read is an error of one line, and memory goes
// by the size of what was read.

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// maxFuzzBytes is what reading a file of some kilobytes may allocate in all.
const maxFuzzBytes = 256 << 20

// bounded fails the test where reading takes more memory than that, or an error has
// more than one line.
func bounded(t *testing.T, what string, read func() error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := read()
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > maxFuzzBytes {
		t.Errorf("%s: %d MB allocated", what, allocated>>20)
	}
	if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 1000) {
		t.Errorf("%s: error %q", what, err)
	}
}

// parquetOf is a file of rows as bundles have them.
func parquetOf[T any](t testing.TB, rows []T) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := parquet.Write(&file, rows, parquet.Compression(&parquet.Zstd)); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func FuzzParquet(f *testing.F) {
	one := int64(70)
	f.Add(parquetOf(f, []Sample{
		{Launch: 1, Contender: "a", Phase: PhaseShort, Round: 1, Calls: 20, InnerNanoseconds: 50, OuterNanoseconds: &one},
		{Launch: 1, Contender: "a", Phase: PhaseCall, Calls: 1, InnerNanoseconds: 3},
		{Launch: 1, Contender: "a", Phase: PhaseStallCall, Round: 1, Calls: 1, InnerNanoseconds: 3},
	}))
	f.Add(parquetOf(f, []Request{{Launch: 1, Op: "infer", Model: "model", Rows: 5, CPUNanoseconds: &one}}))
	f.Add(parquetOf(f, []InputsFile{{Number: 1, Drawn: "rows", Values: 9, SHA256: "00"}}))
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, size := bytes.NewReader(data), int64(len(data))
		var rows, apart int
		var whole, columns error
		bounded(t, "samples", func() error {
			var samples []Sample
			samples, whole = readSamples(file, size)
			rows = len(samples)
			return whole
		})
		bounded(t, "samples by column", func() error {
			var samples *LaunchSamples
			if samples, columns = readLaunchSamples(file, size); columns != nil {
				return columns
			}
			apart = len(samples.Bursts) + len(samples.Calls)
			for _, calls := range samples.Stalls {
				apart += len(calls)
			}
			return nil
		})
		if whole == nil && columns == nil && rows != apart {
			t.Errorf("%d samples in one reading, %d in the other", rows, apart)
		}
		bounded(t, "requests", func() error { _, err := readTable[Request](file, size); return err })
		bounded(t, "inputs", func() error { _, err := readTable[InputsFile](file, size); return err })
	})
}

// The text files of a bundle, each in the place of an honest one.
func FuzzOpen(f *testing.F) {
	files := []string{PlanFile, EnvironmentFile, LedgerFile, ObservationsFile, filepath.Join(ContendersDir, "a", StatementFile)}
	honest := complete(f)
	for _, row := range []LedgerRow{{Event: EventPlan}, {Event: EventStarted, Contender: "a", Launch: 1, Replicate: 1}} {
		if err := honest.Append(row); err != nil {
			f.Fatal(err)
		}
	}
	if err := honest.Observe(Observation{Launch: 1, Contender: "a"}); err != nil {
		f.Fatal(err)
	}
	texts := map[string][]byte{}
	for at, name := range files {
		text, err := os.ReadFile(honest.Path(name))
		if err != nil {
			f.Fatal(err)
		}
		texts[name] = text
		f.Add(uint8(at), text)
	}
	f.Fuzz(func(t *testing.T, at uint8, text []byte) {
		dir := t.TempDir()
		tampered := files[int(at)%len(files)]
		for name, honest := range texts {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if name == tampered {
				honest = text
			}
			if err := os.WriteFile(path, honest, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		bounded(t, tampered, func() error { _, err := Open(dir); return err })
	})
}

// A table that would take more memory than a launch is worth is refused.
func TestTablesOfTooManyRowsAreRefused(t *testing.T) {
	data := parquetOf(t, make([]Request, maxRows+1))
	if _, err := readTable[Request](bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Error(err)
	}
	data = parquetOf(t, make([]Request, 1000))
	if rows, err := readTable[Request](bytes.NewReader(data), int64(len(data))); err != nil || len(rows) != 1000 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
