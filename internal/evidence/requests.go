package evidence

// This file holds the requests: everything that a launch was asked, in order, one
// Parquet file a launch, and the digests of the files of rows that were sent.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"cupel/internal/parquetfile"
)

// The directories of requests and of the digests of inputs.
const (
	RequestsDir = "requests"
	InputsDir   = "inputs"
)

// Request is one request of a launch, of whatever operation, with its reply. Times
// are as in Sample; a request whose time is of interest has a Sample too, with the
// same start.
type Request struct {
	Launch int32  `parquet:"launch"`
	Op     string `parquet:"op,dict"`
	// Phase is that of the sample; empty for requests that are not timed.
	Phase string `parquet:"phase,dict"`
	Round int32  `parquet:"round"`
	// Model names which of the run's models was loaded or asked: "model" for the
	// suite's own, "altered", "width-2", "heavy" and the like; ModelSHA256 is the digest of
	// the file in a load.
	Model       string `parquet:"model,dict"`
	ModelSHA256 string `parquet:"model_sha256,dict"`
	// Inputs is the number of the file of rows (InputsFile), 0 for none.
	Inputs int32  `parquet:"inputs"`
	Rows   int32  `parquet:"rows"`
	Dim    int32  `parquet:"dim"`
	Hop    int32  `parquet:"hop"`
	Batch  int32  `parquet:"batch"`
	First  *int32 `parquet:"first,optional"`
	Step   *int32 `parquet:"step,optional"`
	Warmup int32  `parquet:"warmup"`
	Calls  int32  `parquet:"calls"`
	Want   bool   `parquet:"want"`
	// Samples and Scores say that these were asked for.
	Samples bool `parquet:"samples"`
	Scores  bool `parquet:"scores"`
	// Labels is how many labels came back, and Checked that they and the last row
	// agreed with the reference within its tolerance.
	Labels  int32 `parquet:"labels"`
	Checked bool  `parquet:"checked"`
	// RequestBytes is the length of the request's line.
	RequestBytes int32 `parquet:"request_bytes"`

	StartNanoseconds int64 `parquet:"start_ns"`
	OuterNanoseconds int64 `parquet:"outer_ns"`
	InnerNanoseconds int64 `parquet:"inner_ns"`
	// CPUNanoseconds is by how much the process's CPU clock went on, absent where not
	// read. IdleCPUNanoseconds is by how much it had gone on since the reply before,
	// over IdleNanoseconds.
	CPUNanoseconds     *int64 `parquet:"cpu_ns,optional"`
	IdleNanoseconds    int64  `parquet:"idle_ns"`
	IdleCPUNanoseconds *int64 `parquet:"idle_cpu_ns,optional"`

	// What follows is the kernel's account of the request, taken while the process was
	// stopped before it and after it: absent but for long bursts, the empty requests
	// beside them and the classic request. Of a process's threads those that ended
	// within the request are not in the switches, the wait and the busiest.
	MinorFaults         *int64 `parquet:"minor_faults,optional"`
	MajorFaults         *int64 `parquet:"major_faults,optional"`
	ReadCalls           *int64 `parquet:"read_calls,optional"`
	WriteCalls          *int64 `parquet:"write_calls,optional"`
	ReadBytes           *int64 `parquet:"read_bytes,optional"`
	WrittenBytes        *int64 `parquet:"written_bytes,optional"`
	VoluntarySwitches   *int64 `parquet:"voluntary_switches,optional"`
	InvoluntarySwitches *int64 `parquet:"involuntary_switches,optional"`
	// WaitNanoseconds is how long threads waited for a CPU while they could have run.
	WaitNanoseconds *int64 `parquet:"wait_ns,optional"`
	// BusiestNanoseconds is the CPU time of the thread that had most of it.
	BusiestNanoseconds *int64 `parquet:"busiest_cpu_ns,optional"`
	Threads            *int64 `parquet:"threads,optional"`
	// ResidentBytes is at the request's end.
	ResidentBytes *int64 `parquet:"resident_bytes,optional"`
	// DescendantCPUNanoseconds is of the process's living descendants.
	DescendantCPUNanoseconds *int64 `parquet:"descendant_cpu_ns,optional"`
	// OffsetNanoseconds is by how much the wall clock went on more than the monotonic.
	OffsetNanoseconds *int64 `parquet:"clock_offset_ns,optional"`
}

// InputsFile is a file of rows that was sent to contenders. Who got it is in the
// requests.
type InputsFile struct {
	// Number counts from 1 over the run.
	Number int32 `parquet:"number"`
	// Drawn names what it holds: "rows" are drawn values, which the run's nonce and
	// the number give back (draw.Inputs), of which the draw with number Attempt was taken;
	// others are "classic", "unit", "fixed", "reordered", "boundary" and "hard".
	Drawn   string `parquet:"drawn,dict"`
	Attempt int32  `parquet:"attempt"`
	Values  int64  `parquet:"values"`
	Bytes   int64  `parquet:"bytes"`
	SHA256  string `parquet:"sha256"`
}

// RequestsFile is the path of a launch's requests within the bundle.
func RequestsFile(launch int, contender string) string {
	return fmt.Sprintf("%s/%04d-%s.parquet", RequestsDir, launch, contender)
}

// InputsDigestsFile is the path of the digests of a replicate's inputs, those of a
// cell's where the plan has several: each numbers its files for itself.
func InputsDigestsFile(cell string, replicate int) string {
	if cell != "" {
		return fmt.Sprintf("%s/%04d-%s.parquet", InputsDir, replicate, cell)
	}
	return fmt.Sprintf("%s/%04d.parquet", InputsDir, replicate)
}

// WriteRequests writes a launch's requests, in the order in which they were made.
func (w *Writer) WriteRequests(launch int, contender string, requests []Request) error {
	return writeRows(w.Path(RequestsFile(launch, contender)), requests)
}

// WriteInputs writes the digests of the files that were sent in a replicate.
func (w *Writer) WriteInputs(cell string, replicate int, files []InputsFile) error {
	return writeRows(w.Path(InputsDigestsFile(cell, replicate)), files)
}

func writeRows[T any](path string, rows []T) error {
	return writeAtomic(path, func(file *os.File) error {
		return parquet.Write(file, rows, parquet.Compression(&parquet.Zstd))
	})
}

// Requests reads the requests of one launch.
func (b *Bundle) Requests(launch int, contender string) ([]Request, error) {
	return readRows[Request](b.Dir, RequestsFile(launch, filepath.Base(contender)))
}

// Inputs reads the digests of the inputs of a replicate, a cell's where the bundle is
// one cell's.
func (b *Bundle) Inputs(replicate int) ([]InputsFile, error) {
	return readRows[InputsFile](b.Dir, InputsDigestsFile(b.cell, replicate))
}

// maxRows bounds a table of requests or digests: a launch has some thousand, and a
// row takes some 300 bytes.
const maxRows = 1 << 18

// readRows reads a small table. A file that the library gives up on, hostile or
// damaged, is an error.
func readRows[T any](dir, name string) ([]T, error) {
	file, size, err := openWithin(dir, name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := readTable[T](file, size)
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", filepath.Join(dir, name), err)
	}
	return rows, nil
}

func readTable[T any](file io.ReaderAt, size int64) (rows []T, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			rows, err = nil, fmt.Errorf("no readable Parquet file: %v", fault)
		}
	}()
	opened, err := parquetfile.Open(file, size)
	if err != nil {
		return nil, err
	}
	count := opened.NumRows()
	if count < 0 || count > maxRows {
		return nil, fmt.Errorf("%d rows; at most %d are read", count, maxRows)
	}
	if err := sameColumns(opened.Schema(), parquet.SchemaOf(new(T))); err != nil {
		return nil, err
	}
	reader := parquet.NewGenericReader[T](opened)
	defer reader.Close()
	// Memory goes by the rows that come, and not by the footer, which may say anything.
	chunk := make([]T, 1024)
	for int64(len(rows)) < count {
		n, err := reader.Read(chunk)
		rows = append(rows, chunk[:n]...)
		if err != nil && !errors.Is(err, io.EOF) || n == 0 && int64(len(rows)) < count {
			return nil, fmt.Errorf("%d of %d rows: %w", len(rows), count, errors.Join(err, io.ErrUnexpectedEOF))
		}
		clear(chunk)
	}
	return rows, nil
}
