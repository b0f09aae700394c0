package verify

// This file reads samples: column by column, page by page, keeping of a launch its
// classic calls until they are summarised and its bursts until the replicate's
// ratios are made.

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"

	"cupel/internal/parquetfile"
)

// The bounds on what a file of samples may claim and a replicate may hold: beyond
// them is an error, so that memory has a bound whatever a file says.
const (
	maxRows   = 1 << 24
	maxBursts = 1 << 20
)

// absent stands for a value that a row does not have.
const absent = math.MinInt64

// burst is one row of a file of samples that is no classic call.
type burst struct {
	phase                                   string
	round, calls, rows                      int32
	start, outer, inner, cpu, before, after int64
	// harness is how long the harness waited for a CPU meanwhile; files of earlier
	// versions lack it, as if it never had.
	harness int64
}

// samplesFile is where a launch's samples lie.
func samplesFile(launch int, contender string) string {
	return fmt.Sprintf("samples/%04d-%s.parquet", launch, contender)
}

// table is an opened file of samples.
type table struct {
	file    *os.File
	parquet *parquet.File
	columns map[string]int
}

// open opens a file of samples. Its memory goes by what is read, never by the rows
// that it claims. What looks whether the library can be trusted with the file is the one
// that other readers have, too: it makes no figure.
func (v *verification) open(name string) (opened *table, err error) {
	file, err := v.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("no readable Parquet file: %v", fault)
		}
		if err != nil {
			file.Close()
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	read, err := parquetfile.Open(file, info.Size())
	if err != nil {
		return nil, err
	}
	if rows := read.NumRows(); rows < 0 {
		return nil, fmt.Errorf("%d rows", rows)
	} else if rows > maxRows {
		return nil, boundError(fmt.Sprintf("%d rows; at most %d are read", rows, maxRows))
	}
	opened = &table{file: file, parquet: read, columns: map[string]int{}}
	for i, column := range read.Schema().Columns() {
		opened.columns[strings.Join(column, ".")] = i
	}
	return opened, nil
}

func (t *table) close() { t.file.Close() }

// each hands out a column's values in order, by the row's number; pages that have none
// are passed over.
func (t *table) each(name string, kind parquet.Kind, take func(row int, value parquet.Value) error) error {
	values := make([]parquet.Value, 1024)
	return t.eachPage(name, kind, func(row int, page parquet.Page) (int, error) {
		return eachOfPage(page, values, row, take)
	})
}

// constant asks of every value of a column that it holds: of a page's least and greatest
// alone, where they are the same.
func (t *table) constant(name string, kind parquet.Kind, holds func(value parquet.Value) error) error {
	values := make([]parquet.Value, 1024)
	return t.eachPage(name, kind, func(row int, page parquet.Page) (int, error) {
		if page.NumNulls() > 0 {
			return row, errors.New("has no value")
		}
		if least, greatest, ok := page.Bounds(); ok && parquet.Equal(least, greatest) && holds(least) == nil {
			return row + int(page.NumValues()), nil
		}
		return eachOfPage(page, values, row, func(_ int, value parquet.Value) error { return holds(value) })
	})
}

// eachPage hands out a column's pages with the number of their first row; visit returns
// that of the row after its last.
func (t *table) eachPage(name string, kind parquet.Kind, visit func(row int, page parquet.Page) (int, error)) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("column %s: %v", name, fault)
		}
	}()
	at, ok := t.columns[name]
	if !ok {
		return fmt.Errorf("there is no column %s", name)
	}
	row := 0
	for _, group := range t.parquet.RowGroups() {
		chunk := group.ColumnChunks()[at]
		if chunk.Type().Kind() != kind {
			return fmt.Errorf("column %s has %s; expected %s", name, chunk.Type().Kind(), kind)
		}
		if row, err = eachOfChunk(chunk, row, visit); err != nil {
			return fmt.Errorf("column %s, row %d: %w", name, row, err)
		}
	}
	if int64(row) != t.parquet.NumRows() {
		return fmt.Errorf("column %s has %d values for %d rows", name, row, t.parquet.NumRows())
	}
	return nil
}

func eachOfChunk(chunk parquet.ColumnChunk, row int, visit func(int, parquet.Page) (int, error)) (int, error) {
	pages := chunk.Pages()
	defer pages.Close()
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return row, nil
		}
		if err != nil {
			return row, err
		}
		row, err = visit(row, page)
		parquet.Release(page)
		if err != nil {
			return row, err
		}
	}
}

// of hands out the values of some rows of a column, in order: i is the place of the
// value's row among them.
func (t *table) of(name string, kind parquet.Kind, rows []int, take func(i int, value parquet.Value) error) error {
	values, next := make([]parquet.Value, 1024), 0
	return t.eachPage(name, kind, func(row int, page parquet.Page) (int, error) {
		from, end := next, row+int(page.NumValues())
		for next < len(rows) && rows[next] < end {
			next++
		}
		wanted := rows[from:next]
		switch {
		case len(wanted) == 0:
			return end, nil
		case page.Dictionary() == nil && page.NumNulls() == 0 && kind == parquet.Int32:
			data := page.Data()
			return pick(data.Int32(), row, wanted, func(i int, value int32) error { return take(from+i, parquet.Int32Value(value)) })
		case page.Dictionary() == nil && page.NumNulls() == 0 && kind == parquet.Int64:
			data := page.Data()
			return pick(data.Int64(), row, wanted, func(i int, value int64) error { return take(from+i, parquet.Int64Value(value)) })
		}
		i := 0
		return eachOfPage(page, values, row, func(at int, value parquet.Value) error {
			if i >= len(wanted) || wanted[i] != at {
				return nil
			}
			i++
			return take(from+i-1, value)
		})
	})
}

// pick hands out some of a page's values, whose first row is given, and returns the row
// after its last.
func pick[T any](values []T, first int, rows []int, take func(i int, value T) error) (int, error) {
	for i, row := range rows {
		if row-first >= len(values) {
			return first, errors.New("a page has fewer values than it says")
		}
		if err := take(i, values[row-first]); err != nil {
			return row, err
		}
	}
	return first + len(values), nil
}

func eachOfPage(page parquet.Page, values []parquet.Value, row int, take func(int, parquet.Value) error) (int, error) {
	// Nine of ten pages are of single calls, of which most columns have nothing.
	if page.NumNulls() == page.NumValues() {
		return row + int(page.NumValues()), nil
	}
	reader := page.Values()
	for {
		n, err := reader.ReadValues(values)
		for _, value := range values[:n] {
			if err := take(row, value); err != nil {
				return row, err
			}
			row++
		}
		if errors.Is(err, io.EOF) {
			return row, nil
		}
		if err != nil {
			return row, err
		}
	}
}

// canary counts the canary's readings before bursts, by their value.
func (v *verification) canary(name string, counts map[int64]int) error {
	t, err := v.open(name)
	if err != nil {
		return err
	}
	defer t.close()
	return t.each("canary_before_ns", parquet.Int64, func(_ int, value parquet.Value) error {
		if !value.IsNull() {
			counts[value.Int64()]++
			if len(counts) > maxRows {
				return boundError("too many different readings")
			}
		}
		return nil
	})
}

// launchSamples is what is read of a launch.
type launchSamples struct {
	rows int64
	// calls are the classic calls' times, and stalls what the calls of bursts with a
	// planted stop come to, by round; rows of other phases are bursts.
	calls  []int64
	stalls map[int32]*stallCalls
	bursts []burst
}

// stallCalls are the calls of one burst with a planted stop, in nanoseconds.
type stallCalls struct{ sum, longest float64 }

const (
	classicCall = "classic-call"
	stallCall   = "stall-call"
)

// What a row is that is no burst.
const (
	rowOfCall      = -1
	rowOfStallCall = -2
)

// readLaunch reads a launch's samples. Every row must be of that launch.
func (v *verification) readLaunch(row ledgerRow) (*launchSamples, error) {
	t, err := v.open(samplesFile(row.Launch, row.Contender))
	if err != nil {
		return nil, err
	}
	defer t.close()
	read := &launchSamples{rows: t.parquet.NumRows()}
	// at says which burst a row is, or what else.
	var at []int32
	phases := map[string]string{}
	err = t.each("phase", parquet.ByteArray, func(_ int, value parquet.Value) error {
		text := value.ByteArray()
		switch string(text) {
		case classicCall:
			at = append(at, rowOfCall)
			return nil
		case stallCall:
			at = append(at, rowOfStallCall)
			return nil
		}
		if len(read.bursts) >= maxBursts {
			return boundError(fmt.Sprintf("more than %d bursts", maxBursts))
		}
		phase, known := phases[string(text)]
		if !known {
			phase = string(text)
			phases[phase] = phase
		}
		at = append(at, int32(len(read.bursts)))
		read.bursts = append(read.bursts, burst{phase: phase, start: absent, outer: absent, cpu: absent, before: absent, after: absent, harness: absent})
		return nil
	})
	if err == nil && int64(len(at)) != read.rows {
		err = errors.New("column phase: a row has no value")
	}
	if err != nil {
		return nil, err
	}
	for name, want := range map[string]int{"launch": row.Launch, "replicate": row.Replicate} {
		err := t.constant(name, parquet.Int32, func(value parquet.Value) error {
			if int(value.Int32()) != want {
				return fmt.Errorf("is %d; the ledger's row has %d", value.Int32(), want)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	err = t.constant("contender", parquet.ByteArray, func(value parquet.Value) error {
		if string(value.ByteArray()) != row.Contender {
			return fmt.Errorf("is %q; the ledger's row has %q", value.ByteArray(), row.Contender)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return read, read.fill(t, at)
}

// fill reads the columns that only bursts have a use for, and the times of both.
func (r *launchSamples) fill(t *table, at []int32) error {
	var bursts, stalls []int
	for row, place := range at {
		switch {
		case place >= 0:
			bursts = append(bursts, row)
		case place == rowOfStallCall:
			stalls = append(stalls, row)
		}
	}
	stallRounds := make([]int32, len(stalls))
	err := t.of("round", parquet.Int32, stalls, func(i int, value parquet.Value) error {
		stallRounds[i] = value.Int32()
		return nil
	})
	if err != nil {
		return err
	}
	for name, field := range map[string]func(*burst) *int32{
		"round": func(b *burst) *int32 { return &b.round },
		"calls": func(b *burst) *int32 { return &b.calls },
		"rows":  func(b *burst) *int32 { return &b.rows },
	} {
		err := t.of(name, parquet.Int32, bursts, func(i int, value parquet.Value) error {
			*field(&r.bursts[i]) = value.Int32()
			return nil
		})
		if err != nil {
			return err
		}
	}
	fields := map[string]func(*burst) *int64{
		"start_ns":         func(b *burst) *int64 { return &b.start },
		"outer_ns":         func(b *burst) *int64 { return &b.outer },
		"cpu_ns":           func(b *burst) *int64 { return &b.cpu },
		"canary_before_ns": func(b *burst) *int64 { return &b.before },
		"canary_after_ns":  func(b *burst) *int64 { return &b.after },
	}
	if _, known := t.columns["harness_wait_ns"]; known {
		fields["harness_wait_ns"] = func(b *burst) *int64 { return &b.harness }
	}
	for name, field := range fields {
		err := t.of(name, parquet.Int64, bursts, func(i int, value parquet.Value) error {
			if !value.IsNull() {
				*field(&r.bursts[i]) = value.Int64()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	r.stalls = map[int32]*stallCalls{}
	stalled := 0
	keep := func(row int, nanoseconds int64) error {
		switch {
		case row >= len(at):
			return errors.New("there are more values than rows")
		case at[row] == rowOfCall:
			r.calls = append(r.calls, nanoseconds)
		case at[row] == rowOfStallCall:
			r.stalledCall(stallRounds[stalled], float64(nanoseconds))
			stalled++
		default:
			r.bursts[at[row]].inner = nanoseconds
		}
		return nil
	}
	values := make([]parquet.Value, 1024)
	return t.eachPage("inner_ns", parquet.Int64, func(row int, page parquet.Page) (int, error) {
		if page.Dictionary() != nil || page.NumNulls() > 0 {
			return eachOfPage(page, values, row, func(row int, value parquet.Value) error { return keep(row, value.Int64()) })
		}
		data := page.Data()
		for _, nanoseconds := range data.Int64() {
			if err := keep(row, nanoseconds); err != nil {
				return row, err
			}
			row++
		}
		return row, nil
	})
}

// stalledCall adds a call to those of its round.
func (r *launchSamples) stalledCall(round int32, nanoseconds float64) {
	calls := r.stalls[round]
	if calls == nil {
		calls = &stallCalls{}
		r.stalls[round] = calls
	}
	calls.sum, calls.longest = calls.sum+nanoseconds, max(calls.longest, nanoseconds)
}
