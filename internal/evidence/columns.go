package evidence

// This file reads the samples of a launch for those who look at all launches of a
// bundle at once: single calls, which are most of the rows, as bare times.

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

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
	file, size, err := openWithin(b.Dir, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	samples, err := readLaunchSamples(file, size)
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", filepath.Join(b.Dir, name), err)
	}
	return samples, nil
}

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
	rounds, err := l.readRounds(chunks[columnRound], places)
	if err != nil {
		return fmt.Errorf("column %s: %w", columnRound, err)
	}
	if err := l.readTimes(chunks[columnInner], places, rounds, first); err != nil {
		return fmt.Errorf("column %s: %w", columnInner, err)
	}
	stretches := stretchesOf(places, func(place int32) bool { return place >= 0 })
	for name, chunk := range chunks {
		if name == columnInner {
			continue
		}
		set := setters[name]
		var made column
		err := eachValueIn(chunk, stretches, func(row int, v parquet.Value) {
			if place := places[row]; place >= 0 {
				set(&made, &l.Bursts[first+int(place)], v)
			}
		})
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	return nil
}

// readRounds reads the rounds of the calls of stalled bursts, by row.
func (l *LaunchSamples) readRounds(chunk parquet.ColumnChunk, places []int32) (map[int]int32, error) {
	rounds := map[int]int32{}
	err := eachValueIn(chunk, stretchesOf(places, func(place int32) bool { return place == placeStall }), func(row int, v parquet.Value) {
		if places[row] == placeStall {
			rounds[row] = v.Int32()
		}
	})
	return rounds, err
}

// readTimes reads the contender's times of all rows.
func (l *LaunchSamples) readTimes(chunk parquet.ColumnChunk, places []int32, rounds map[int]int32, first int) error {
	keep := func(row int, nanoseconds int64) {
		switch place := places[row]; place {
		case placeCall:
			l.Calls = append(l.Calls, nanoseconds)
		case placeStall:
			l.Stalls[rounds[row]] = append(l.Stalls[rounds[row]], nanoseconds)
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

// stretch is a run of rows, the last excluded.
type stretch struct{ from, to int }

// stretchesOf are runs of rows that hold all that are wanted. Near ones are one: to
// read some rows too many is faster than to go to another place.
func stretchesOf(places []int32, wanted func(int32) bool) []stretch {
	const near = 8192
	var found []stretch
	for row, place := range places {
		if !wanted(place) {
			continue
		}
		if last := len(found) - 1; last >= 0 && row-found[last].to < near {
			found[last].to = row + 1
		} else {
			found = append(found, stretch{row, row + 1})
		}
	}
	return found
}

// eachValueIn visits the values of some rows of a column, which are in order.
func eachValueIn(chunk parquet.ColumnChunk, stretches []stretch, visit func(row int, value parquet.Value)) error {
	pages := chunk.Pages()
	defer pages.Close()
	for _, wanted := range stretches {
		if err := pages.SeekToRow(int64(wanted.from)); err != nil {
			return err
		}
		for row := wanted.from; row < wanted.to; {
			page, err := pages.ReadPage()
			if err != nil {
				return fmt.Errorf("row %d: %w", row, err)
			}
			if page.NumRows() <= 0 {
				return fmt.Errorf("row %d: an empty page", row)
			}
			err = pageValues(page, func(i int, v parquet.Value) {
				if row+i < wanted.to {
					visit(row+i, v)
				}
			})
			row += int(page.NumRows())
			parquet.Release(page)
			if err != nil {
				return err
			}
		}
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

// pageValues visits the values of a page.
func pageValues(page parquet.Page, visit func(i int, value parquet.Value)) error {
	values := make([]parquet.Value, 4096)
	reader := page.Values()
	for i := 0; ; {
		n, err := reader.ReadValues(values)
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
