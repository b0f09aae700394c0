package evidence

// This file reads the samples of a launch for those who look at all launches of a
// bundle at once: single calls, which are most of the rows, as bare times.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
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
	path := filepath.Join(b.Dir, SamplesFile(launch, filepath.Base(contender)))
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	samples, err := readLaunchSamples(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", path, err)
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
	return opened, nil
}

// places of a row of a group, other than its index among the bursts.
const (
	placeCall  = -1
	placeStall = -2
)

// readGroup reads one row group: first what each row is, then the rest.
func (l *LaunchSamples) readGroup(opened *parquet.File, group parquet.RowGroup) error {
	names := opened.Schema().Columns()
	chunks := map[string]parquet.ColumnChunk{}
	for column, chunk := range group.ColumnChunks() {
		chunks[names[column][0]] = chunk
	}
	if rows := group.NumRows(); rows < 0 || rows > opened.NumRows() {
		return fmt.Errorf("a group of %d rows in a file of %d", rows, opened.NumRows())
	}
	places, bursts, err := rowPlaces(chunks[columnPhase], group.NumRows())
	if err != nil {
		return fmt.Errorf("column %s: %w", columnPhase, err)
	}
	if len(l.Bursts)+bursts > maxBursts {
		return fmt.Errorf("more than %d rows that are not of single calls", maxBursts)
	}
	rounds := make([]int32, 0, len(places))
	first := len(l.Bursts)
	l.Bursts = append(l.Bursts, make([]Sample, bursts)...)
	// Rounds before times: calls of stalled bursts are kept by round.
	if err := eachValue(chunks[columnRound], len(places), func(row int, v parquet.Value) {
		rounds = append(rounds, v.Int32())
	}); err != nil {
		return fmt.Errorf("column %s: %w", columnRound, err)
	}
	for name, chunk := range chunks {
		set := setters[name]
		err := eachValue(chunk, len(places), func(row int, v parquet.Value) {
			switch place := places[row]; {
			case place >= 0:
				set(&l.Bursts[first+int(place)], v)
			case name != columnInner:
			case place == placeCall:
				l.Calls = append(l.Calls, v.Int64())
			default:
				l.Stalls[rounds[row]] = append(l.Stalls[rounds[row]], v.Int64())
			}
		})
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	return nil
}

// rowPlaces says of each row of a group whether it is of a single call, or else the
// how manieth of the bursts it is.
func rowPlaces(phases parquet.ColumnChunk, rows int64) (places []int32, bursts int, err error) {
	places = make([]int32, 0, rows)
	err = eachValue(phases, int(rows), func(_ int, v parquet.Value) {
		switch string(v.ByteArray()) {
		case PhaseCall:
			places = append(places, placeCall)
		case PhaseStallCall:
			places = append(places, placeStall)
		default:
			places = append(places, int32(bursts))
			bursts++
		}
	})
	return places, bursts, err
}

// eachValue visits the values of a column, of which there must be one a row.
func eachValue(chunk parquet.ColumnChunk, rows int, visit func(row int, value parquet.Value)) error {
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
			if row+n > rows {
				return fmt.Errorf("more values than the %d rows", rows)
			}
			for _, value := range values[:n] {
				visit(row, value)
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
	if row != rows {
		return fmt.Errorf("%d values for %d rows", row, rows)
	}
	return nil
}
