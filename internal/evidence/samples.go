package evidence

// This file holds the samples: one Parquet file a launch.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"unique"

	"github.com/parquet-go/parquet-go"
)

// SamplesFile is the path of a launch's samples within the bundle.
func SamplesFile(launch int, contender string) string {
	return fmt.Sprintf("%s/%04d-%s.parquet", SamplesDir, launch, contender)
}

// WriteSamples writes a launch's samples, in the order in which they were taken.
func (w *Writer) WriteSamples(launch int, contender string, samples []Sample) error {
	return writeAtomic(w.Path(SamplesFile(launch, contender)), func(file *os.File) error {
		return parquet.Write(file, samples, parquet.Compression(&parquet.Zstd))
	})
}

// setters fill a sample from its columns, by their names in the file.
var setters = map[string]func(*Sample, parquet.Value){
	"launch":           func(s *Sample, v parquet.Value) { s.Launch = v.Int32() },
	"contender":        func(s *Sample, v parquet.Value) { s.Contender = known(v) },
	"replicate":        func(s *Sample, v parquet.Value) { s.Replicate = v.Int32() },
	"phase":            func(s *Sample, v parquet.Value) { s.Phase = known(v) },
	"round":            func(s *Sample, v parquet.Value) { s.Round = v.Int32() },
	"calls":            func(s *Sample, v parquet.Value) { s.Calls = v.Int32() },
	"warmup":           func(s *Sample, v parquet.Value) { s.Warmup = v.Int32() },
	"rows":             func(s *Sample, v parquet.Value) { s.Rows = v.Int32() },
	"start_ns":         func(s *Sample, v parquet.Value) { s.StartNanoseconds = optional(v) },
	"outer_ns":         func(s *Sample, v parquet.Value) { s.OuterNanoseconds = optional(v) },
	"inner_ns":         func(s *Sample, v parquet.Value) { s.InnerNanoseconds = v.Int64() },
	"cpu_ns":           func(s *Sample, v parquet.Value) { s.CPUNanoseconds = optional(v) },
	"canary_before_ns": func(s *Sample, v parquet.Value) { s.CanaryBeforeNanoseconds = optional(v) },
	"canary_after_ns":  func(s *Sample, v parquet.Value) { s.CanaryAfterNanoseconds = optional(v) },
}

// known returns the value's text, the same one for the same text: a launch has a
// dozen different ones in many thousands of rows.
func known(v parquet.Value) string { return unique.Make(string(v.ByteArray())).Value() }

func optional(v parquet.Value) *int64 {
	if v.IsNull() {
		return nil
	}
	nanoseconds := v.Int64()
	return &nanoseconds
}

// readSamples reads a file of samples column by column, which is ten times as fast
// as row by row. A file that the library gives up on, hostile or damaged, is an
// error.
func readSamples(file io.ReaderAt, size int64) (samples []Sample, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			samples, err = nil, fmt.Errorf("no readable Parquet file: %v", fault)
		}
	}()
	opened, err := parquet.OpenFile(file, size)
	if err != nil {
		return nil, err
	}
	if rows := opened.NumRows(); rows < 0 || rows > maxLaunchValues {
		return nil, fmt.Errorf("%d rows; at most %d are read", rows, maxLaunchValues)
	}
	if got, want := opened.Schema().String(), parquet.SchemaOf(Sample{}).String(); got != want {
		return nil, fmt.Errorf("the columns are %s; expected %s", got, want)
	}
	samples = make([]Sample, opened.NumRows())
	first := 0
	for _, group := range opened.RowGroups() {
		rows := samples[first : first+int(group.NumRows())]
		for column, chunk := range group.ColumnChunks() {
			name := opened.Schema().Columns()[column][0]
			if err := readColumn(chunk, rows, setters[name]); err != nil {
				return nil, fmt.Errorf("column %s: %w", name, err)
			}
		}
		first += len(rows)
	}
	return samples, nil
}

func readColumn(chunk parquet.ColumnChunk, rows []Sample, set func(*Sample, parquet.Value)) error {
	pages := chunk.Pages()
	defer pages.Close()
	values := make([]parquet.Value, 4096)
	row := 0
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		reader := page.Values()
		for {
			n, err := reader.ReadValues(values)
			if row+n > len(rows) {
				return fmt.Errorf("more values than the %d rows", len(rows))
			}
			for _, value := range values[:n] {
				set(&rows[row], value)
				row++
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
		parquet.Release(page)
	}
	if row != len(rows) {
		return fmt.Errorf("%d values for %d rows", row, len(rows))
	}
	return nil
}
