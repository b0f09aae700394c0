package evidence

// This file reads the samples of a launch for those who look at all launches of a
// bundle at once: single calls, which are most of the rows, as bare times.

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sort"
	"sync"

	"github.com/parquet-go/parquet-go"

	"cupel/internal/parquetfile"
)

// LaunchSamples are the samples of a launch, apart by what they are of. All are in
// the order of the file.
type LaunchSamples struct {
	// Bursts are all samples but those of single calls.
	Bursts []Sample
	// Calls are the contender's times of the classic protocol's calls, in
	// nanoseconds; Stalls those of the calls of bursts with a planted stop, by round.
	Calls  []int64
	Stalls map[int32][]int64
}

// maxBursts is how many samples that are not of single calls a launch may have: an
// honest one has some hundreds.
const maxBursts = 1 << 18

// LaunchSamples reads the samples of one launch column by column. It takes 8 bytes
// a single call and refuses files whose other rows are too many to hold.
func (b *Bundle) LaunchSamples(launch int, contender string) (*LaunchSamples, error) {
	name := SamplesFile(launch, filepath.Base(contender))
	if samples := b.kept[name]; samples != nil {
		return samples, nil
	}
	file, size, err := openWithin(b.Dir, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	samples, err := readLaunchSamples(file, size)
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", filepath.Join(b.Dir, name), err)
	}
	if b.kept != nil {
		b.kept[name] = samples
	}
	return samples, nil
}

// KeepSamples has the bundle and its cells keep what LaunchSamples reads, for callers that
// read it twice: 8 bytes a call. After it LaunchSamples is not safe for concurrent use.
func (b *Bundle) KeepSamples() { b.kept = map[string]*LaunchSamples{} }

// columns of the samples that single calls are told by and kept of.
const (
	columnPhase = "phase"
	columnRound = "round"
	columnInner = "inner_ns"
)

func readLaunchSamples(file io.ReaderAt, size int64) (samples *LaunchSamples, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			samples, err = nil, fmt.Errorf("no readable Parquet file: %v", fault)
		}
	}()
	opened, err := openSamples(file, size)
	if err != nil {
		return nil, err
	}
	samples = &LaunchSamples{Stalls: map[int32][]int64{}}
	for _, group := range opened.RowGroups() {
		if err := samples.readGroup(opened, group); err != nil {
			return nil, err
		}
	}
	return samples, nil
}

// openSamples opens a file of samples and refuses one that is none.
func openSamples(file io.ReaderAt, size int64) (*parquet.File, error) {
	opened, err := parquetfile.Open(file, size)
	if err != nil {
		return nil, err
	}
	if rows := opened.NumRows(); rows < 0 || rows > maxLaunchValues {
		return nil, fmt.Errorf("%d rows; at most %d are read", rows, maxLaunchValues)
	}
	if err := checkColumns(opened.Schema()); err != nil {
		return nil, err
	}
	return opened, nil
}

// places of a row of a group, other than its index among the bursts.
const (
	placeCall  = -1
	placeStall = -2
)

// readGroup reads one row group: first what each row is, then the times, then of the
// few rows that are not of single calls the rest.
func (l *LaunchSamples) readGroup(opened *parquet.File, group parquet.RowGroup) error {
	names := opened.Schema().Columns()
	chunks := map[string]parquet.ColumnChunk{}
	for column, chunk := range group.ColumnChunks() {
		chunks[names[column][0]] = chunk
	}
	if rows := group.NumRows(); rows < 0 || rows > opened.NumRows() {
		return fmt.Errorf("a group of %d rows in a file of %d", rows, opened.NumRows())
	}
	places, bursts, err := rowPlaces(chunks[columnPhase], int(group.NumRows()))
	if err != nil {
		return fmt.Errorf("column %s: %w", columnPhase, err)
	}
	if len(l.Bursts)+bursts > maxBursts {
		return fmt.Errorf("more than %d rows that are not of single calls", maxBursts)
	}
	first := len(l.Bursts)
	l.Bursts = append(l.Bursts, make([]Sample, bursts)...)
	rounds, err := readRounds(chunks[columnRound], places)
	if err != nil {
		return fmt.Errorf("column %s: %w", columnRound, err)
	}
	if err := l.readTimes(chunks[columnInner], places, rounds, first); err != nil {
		return fmt.Errorf("column %s: %w", columnInner, err)
	}
	wanted := rowsWith(places, func(place int32) bool { return place >= 0 })
	for name, chunk := range chunks {
		if name == columnInner {
			continue
		}
		set := setters[name]
		var made column
		err := eachValueOf(chunk, wanted, func(i int, v parquet.Value) { set(&made, &l.Bursts[first+i], v) })
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	return nil
}

// readRounds reads the rounds of the calls of stalled bursts, in the order of their rows.
func readRounds(chunk parquet.ColumnChunk, places []int32) ([]int32, error) {
	wanted := rowsWith(places, func(place int32) bool { return place == placeStall })
	rounds := make([]int32, len(wanted))
	err := eachValueOf(chunk, wanted, func(i int, v parquet.Value) { rounds[i] = v.Int32() })
	return rounds, err
}

// readTimes reads the contender's times of all rows.
func (l *LaunchSamples) readTimes(chunk parquet.ColumnChunk, places, rounds []int32, first int) error {
	stalled := 0
	keep := func(row int, nanoseconds int64) {
		switch place := places[row]; place {
		case placeCall:
			l.Calls = append(l.Calls, nanoseconds)
		case placeStall:
			l.Stalls[rounds[stalled]] = append(l.Stalls[rounds[stalled]], nanoseconds)
			stalled++
		default:
			l.Bursts[first+int(place)].InnerNanoseconds = nanoseconds
		}
	}
	return eachPage(chunk, len(places), func(at int, page parquet.Page) error {
		if page.Dictionary() != nil {
			return pageValues(page, func(i int, v parquet.Value) { keep(at+i, v.Int64()) })
		}
		data := page.Data()
		for i, nanoseconds := range data.Int64() {
			keep(at+i, nanoseconds)
		}
		return nil
	})
}

// rowPlaces says of each row of a group whether it is of a single call, or else the
// how manieth of the bursts it is.
func rowPlaces(phases parquet.ColumnChunk, rows int) (places []int32, bursts int, err error) {
	places = make([]int32, 0, rows)
	place := func(phase string) {
		switch phase {
		case PhaseCall:
			places = append(places, placeCall)
		case PhaseStallCall:
			places = append(places, placeStall)
		default:
			places = append(places, int32(bursts))
			bursts++
		}
	}
	err = eachPage(phases, rows, func(_ int, page parquet.Page) error {
		dictionary := page.Dictionary()
		if dictionary == nil {
			return pageValues(page, func(_ int, v parquet.Value) { place(string(v.ByteArray())) })
		}
		names := make([]string, dictionary.Len())
		for i := range names {
			names[i] = string(dictionary.Index(int32(i)).ByteArray())
		}
		data := page.Data()
		for _, index := range data.Int32() {
			if index < 0 || int(index) >= len(names) {
				return fmt.Errorf("value %d of a dictionary of %d", index, len(names))
			}
			place(names[index])
		}
		return nil
	})
	return places, bursts, err
}

// rowsWith are the rows, in order, whose place is wanted.
func rowsWith(places []int32, wanted func(place int32) bool) []int {
	var rows []int
	for row, place := range places {
		if wanted(place) {
			rows = append(rows, row)
		}
	}
	return rows
}

// eachValueOf visits the values of some rows of a column, which are in order: i is the
// place of the value's row among them. Pages without a wanted row are not decoded.
func eachValueOf(chunk parquet.ColumnChunk, rows []int, visit func(i int, value parquet.Value)) error {
	// To read some rows too many is faster than to go to another place.
	const near = 8192
	pages := chunk.Pages()
	defer pages.Close()
	for i, at := 0, -near; i < len(rows); {
		if rows[i]-at >= near {
			if at = rows[i]; at != 0 || i > 0 {
				if err := pages.SeekToRow(int64(at)); err != nil {
					return err
				}
			}
		}
		page, err := pages.ReadPage()
		if err != nil {
			return fmt.Errorf("row %d: %w", at, err)
		}
		end := at + int(page.NumRows())
		if end <= at {
			return fmt.Errorf("row %d: an empty page", at)
		}
		inside := rows[i:]
		inside = inside[:sort.SearchInts(inside, end)]
		if len(inside) > 0 {
			err = pageValuesOf(page, at, inside, func(j int, value parquet.Value) { visit(i+j, value) })
		}
		parquet.Release(page)
		if err != nil {
			return err
		}
		i, at = i+len(inside), end
	}
	return nil
}

// pageValuesOf visits the values of some rows of a page that begins with row first.
func pageValuesOf(page parquet.Page, first int, rows []int, visit func(i int, value parquet.Value)) error {
	if page.NumValues() != page.NumRows() {
		return fmt.Errorf("row %d: a page of %d values for %d rows", first, page.NumValues(), page.NumRows())
	}
	if page.Dictionary() == nil && page.NumNulls() == 0 {
		switch data := page.Data(); page.Type().Kind() {
		case parquet.Int32:
			return pick(data.Int32(), first, rows, func(i int, value int32) { visit(i, parquet.Int32Value(value)) })
		case parquet.Int64:
			return pick(data.Int64(), first, rows, func(i int, value int64) { visit(i, parquet.Int64Value(value)) })
		}
	}
	next := 0
	return pageValues(page, func(i int, value parquet.Value) {
		if next < len(rows) && rows[next] == first+i {
			visit(next, value)
			next++
		}
	})
}

// pick visits the values of some rows, of which the first value's is given.
func pick[T any](values []T, first int, rows []int, visit func(i int, value T)) error {
	if last := rows[len(rows)-1] - first; last >= len(values) {
		return fmt.Errorf("row %d: a page of %d values", first, len(values))
	}
	for i, row := range rows {
		visit(i, values[row-first])
	}
	return nil
}

// eachPage visits the pages of a column, which must have a value for each row.
func eachPage(chunk parquet.ColumnChunk, rows int, visit func(first int, page parquet.Page) error) error {
	pages := chunk.Pages()
	defer pages.Close()
	row := 0
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		values := int(page.NumValues())
		if values < 0 || row+values > rows {
			return fmt.Errorf("more values than the %d rows", rows)
		}
		if err := visit(row, page); err != nil {
			return err
		}
		row += values
		parquet.Release(page)
	}
	if row != rows {
		return fmt.Errorf("%d values for %d rows", row, rows)
	}
	return nil
}

// valueBuffers are buffers for pageValues, of which each page of each column needs one.
var valueBuffers = sync.Pool{New: func() any { return new([1024]parquet.Value) }}

// pageValues visits the values of a page.
func pageValues(page parquet.Page, visit func(i int, value parquet.Value)) error {
	values := valueBuffers.Get().(*[1024]parquet.Value)
	defer valueBuffers.Put(values)
	reader := page.Values()
	for i := 0; ; {
		n, err := reader.ReadValues(values[:])
		for _, value := range values[:n] {
			visit(i, value)
			i++
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
