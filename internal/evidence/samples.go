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
var setters = map[string]func(*column, *Sample, parquet.Value){
	"launch":           func(_ *column, s *Sample, v parquet.Value) { s.Launch = v.Int32() },
	"contender":        func(c *column, s *Sample, v parquet.Value) { s.Contender = c.text(v) },
	"cell":             func(c *column, s *Sample, v parquet.Value) { s.Cell = c.text(v) },
	"replicate":        func(_ *column, s *Sample, v parquet.Value) { s.Replicate = v.Int32() },
	"phase":            func(c *column, s *Sample, v parquet.Value) { s.Phase = c.text(v) },
	"round":            func(_ *column, s *Sample, v parquet.Value) { s.Round = v.Int32() },
	"calls":            func(_ *column, s *Sample, v parquet.Value) { s.Calls = v.Int32() },
	"warmup":           func(_ *column, s *Sample, v parquet.Value) { s.Warmup = v.Int32() },
	"rows":             func(_ *column, s *Sample, v parquet.Value) { s.Rows = v.Int32() },
	"start_ns":         func(c *column, s *Sample, v parquet.Value) { s.StartNanoseconds = c.optional(v) },
	"outer_ns":         func(c *column, s *Sample, v parquet.Value) { s.OuterNanoseconds = c.optional(v) },
	"inner_ns":         func(_ *column, s *Sample, v parquet.Value) { s.InnerNanoseconds = v.Int64() },
	"cpu_ns":           func(c *column, s *Sample, v parquet.Value) { s.CPUNanoseconds = c.optional(v) },
	"harness_wait_ns":  func(c *column, s *Sample, v parquet.Value) { s.HarnessWaitNanoseconds = c.optional(v) },
	"canary_before_ns": func(c *column, s *Sample, v parquet.Value) { s.CanaryBeforeNanoseconds = c.optional(v) },
	"canary_after_ns":  func(c *column, s *Sample, v parquet.Value) { s.CanaryAfterNanoseconds = c.optional(v) },
}

// column makes the values of one column that need memory of their own.
type column struct {
	last string
	slab []int64
}

// text returns the value's text, the same one for the same text: a launch has a
// dozen different ones in many thousands of rows.
func (c *column) text(v parquet.Value) string {
	if v.IsNull() {
		return ""
	}
	if text := v.ByteArray(); string(text) != c.last {
		c.last = unique.Make(string(text)).Value()
	}
	return c.last
}

// optional returns a pointer to the value, hundreds of which share an allocation.
func (c *column) optional(v parquet.Value) *int64 {
	if v.IsNull() {
		return nil
	}
	if len(c.slab) == cap(c.slab) {
		c.slab = make([]int64, 0, 512)
	}
	c.slab = append(c.slab, v.Int64())
	return &c.slab[len(c.slab)-1]
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
	opened, err := openSamples(file, size)
	if err != nil {
		return nil, err
	}
	for _, group := range opened.RowGroups() {
		// The first column says how many rows there are, and not the footer, which may
		// say anything.
		rows := rowsOf{limit: group.NumRows()}
		for at, chunk := range group.ColumnChunks() {
			name := opened.Schema().Columns()[at][0]
			if err := rows.readColumn(chunk, at == 0, setters[name]); err != nil {
				return nil, fmt.Errorf("column %s: %w", name, err)
			}
		}
		if samples == nil {
			samples = rows.samples
			continue
		}
		samples = append(samples, rows.samples...)
	}
	if int64(len(samples)) != opened.NumRows() {
		return nil, fmt.Errorf("%d rows, where its footer says %d", len(samples), opened.NumRows())
	}
	return samples, nil
}

// rowsOf are the rows of a group.
type rowsOf struct {
	samples []Sample
	limit   int64
}

func (r *rowsOf) readColumn(chunk parquet.ColumnChunk, first bool, set func(*column, *Sample, parquet.Value)) error {
	pages := chunk.Pages()
	defer pages.Close()
	var made column
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
			if first {
				r.samples = append(r.samples, make([]Sample, n)...)
			}
			if row+n > len(r.samples) || int64(row+n) > r.limit {
				return fmt.Errorf("more values than the %d rows", min(int64(len(r.samples)), r.limit))
			}
			for _, value := range values[:n] {
				set(&made, &r.samples[row], value)
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
	if int64(row) != r.limit {
		return fmt.Errorf("%d values for %d rows", row, r.limit)
	}
	return nil
}
