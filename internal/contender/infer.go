package contender

// This file holds the timed part: the loops over calls, with their preparation and
// their reply.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"
	"unsafe"

	"cupel/internal/protocol"
)

// buffers are reused from request to request. Their content is not.
type buffers struct {
	inputs  []float32
	labels  []uint8
	samples []uint32
	scores  []float32
}

func (s *server) infer(line []byte) (any, error) {
	request, err := decodeInfer(line)
	if err != nil {
		return nil, fmt.Errorf("infer: %w", err)
	}
	if err := s.check(request); err != nil {
		return nil, fmt.Errorf("infer: %w", err)
	}
	if err := s.buffers.read(request); err != nil {
		return nil, fmt.Errorf("infer: %w", err)
	}
	return s.run(request), nil
}

// decodeInfer reads a request and sets the defaults of absent fields.
func decodeInfer(line []byte) (protocol.InferRequest, error) {
	var given struct {
		protocol.InferRequest
		Hop   *int  `json:"hop"`
		Batch *int  `json:"batch"`
		Want  *bool `json:"want"`
	}
	if err := decode(line, &given); err != nil {
		return protocol.InferRequest{}, err
	}
	request := given.InferRequest
	request.Hop, request.Batch, request.Want = request.Dim, 1, true
	if given.Hop != nil {
		request.Hop = *given.Hop
	}
	if given.Batch != nil {
		request.Batch = *given.Batch
	}
	if given.Want != nil {
		request.Want = *given.Want
	}
	return request, nil
}

func (s *server) check(r protocol.InferRequest) error {
	switch {
	case s.model == nil:
		return errors.New("no model is loaded")
	case r.Dim != s.model.Inputs():
		return fmt.Errorf("dim is %d, the model's is %d", r.Dim, s.model.Inputs())
	case r.Rows < 1 || r.Hop < 1 || r.Batch < 1:
		return fmt.Errorf("rows, hop and batch must be at least 1, not %d, %d and %d", r.Rows, r.Hop, r.Batch)
	case r.Warmup < 0 || r.Calls < 0:
		return fmt.Errorf("warmup and calls must not be negative, not %d and %d", r.Warmup, r.Calls)
	case r.Rows > maxValues || r.Hop > maxValues || r.Rows-1 > (maxValues-r.Dim)/r.Hop:
		return fmt.Errorf("%d rows with hop %d are more than %d values", r.Rows, r.Hop, maxValues)
	case r.Calls > maxValues || r.Batch > maxValues || max(r.Calls, 1) > maxValues/r.Batch:
		return fmt.Errorf("%d calls of batch %d are more than %d labels", r.Calls, r.Batch, maxValues)
	case s.replyBytes(r) > protocol.MaxLineBytes:
		return fmt.Errorf("the reply would be longer than %d MiB", protocol.MaxLineBytes>>20)
	case (r.First == nil) != (r.Step == nil):
		return errors.New("first and step come both or neither")
	case r.Chained() && (*r.First < 0 || *r.First >= r.Rows):
		return fmt.Errorf("first is %d of %d rows", *r.First, r.Rows)
	case r.Chained() && (*r.Step < 0 || *r.Step >= protocol.MaxStep):
		return fmt.Errorf("step must lie in [0, 2^31), not %d", *r.Step)
	}
	return nil
}

// maxValues bounds how many inputs, and how many labels, a request can make this
// process hold.
const maxValues = 1 << 28

// replyBytes returns an upper bound of the reply's length, close to the real length.
func (s *server) replyBytes(r protocol.InferRequest) int {
	const names = 256
	binary := 0
	if r.Want {
		binary += r.Calls * r.Batch
	}
	if r.Samples {
		binary += 4 * r.Calls
	}
	if r.Scores {
		binary += 4 * r.Rows * s.model.Outputs()
	}
	return names + binary/3*4 + 12
}

// read fills inputs from the request's file.
func (b *buffers) read(r protocol.InferRequest) error {
	file, err := os.Open(r.Inputs)
	if err != nil {
		return err
	}
	defer file.Close()
	floats := r.Floats()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < 4*int64(floats) {
		return fmt.Errorf("%s has %d bytes where %d rows need %d", r.Inputs, info.Size(), r.Rows, 4*floats)
	}
	b.inputs = resize(b.inputs, floats)
	// The file is read directly into the floats' memory. The contender does not time
	// the reading, but the harness's time of a request includes it.
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&b.inputs[0])), 4*floats)
	if _, err := io.ReadFull(file, raw); err != nil {
		return err
	}
	toNative(raw, b.inputs)
	return nil
}

// toNative converts little-endian bytes to float32 values in the same memory. On a
// little-endian processor there is nothing to convert.
func toNative(raw []byte, values []float32) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return
	}
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
}

func resize[T any](buffer []T, length int) []T {
	if cap(buffer) < length {
		return make([]T, length)
	}
	return buffer[:length]
}

func (s *server) run(r protocol.InferRequest) protocol.Infer {
	b := &s.buffers
	b.labels = resize(b.labels, max(r.Calls, 1)*r.Batch)
	b.samples = resize(b.samples, r.Calls)
	loop := loop{model: s.model, request: r, inputs: b.inputs, chained: r.Chained(), origin: time.Now()}
	if loop.chained {
		loop.row, loop.step = *r.First, *r.Step
	}
	for range r.Warmup {
		loop.call(b.labels[:r.Batch])
	}
	if !loop.chained && r.Calls > 0 {
		loop.row = 0
	}
	started := loop.now()
	if r.Samples {
		loop.timeEach(b.labels, b.samples)
	} else {
		loop.timeAll(b.labels)
	}
	reply := protocol.Infer{ElapsedNanoseconds: int64(loop.now() - started), Last: loop.row}
	if r.Want {
		reply.Labels = b.labels[:r.Calls*r.Batch]
	}
	if r.Samples {
		reply.SampleNanoseconds = b.samples
	}
	if r.Scores {
		reply.Scores = s.scores(r)
	}
	return reply
}

// scores is outside the timed part.
func (s *server) scores(r protocol.InferRequest) []float32 {
	outputs := s.model.Outputs()
	s.buffers.scores = resize(s.buffers.scores, r.Rows*outputs)
	for row := range r.Rows {
		s.model.Scores(s.buffers.scores[row*outputs:(row+1)*outputs], s.buffers.inputs[row*r.Hop:row*r.Hop+r.Dim])
	}
	return s.buffers.scores
}

// loop is the state of the calls of one request.
type loop struct {
	model   Model
	request protocol.InferRequest
	inputs  []float32
	chained bool
	step    int
	row     int
	made    int
	origin  time.Time
}

// now reads only the monotonic clock. time.Now would read the wall clock too, and a
// clock read costs as much as a small model.
func (l *loop) now() time.Duration { return time.Since(l.origin) }

func (l *loop) timeAll(labels []uint8) {
	batch := l.request.Batch
	for k := range l.request.Calls {
		l.call(labels[k*batch : (k+1)*batch])
	}
}

func (l *loop) timeEach(labels []uint8, samples []uint32) {
	batch := l.request.Batch
	for k := range samples {
		before := l.now()
		l.call(labels[k*batch : (k+1)*batch])
		samples[k] = uint32(min(int64(l.now()-before), math.MaxUint32))
	}
}

// call makes one call: from the row's index to the labels in memory, and on to the
// index of the next row.
func (l *loop) call(labels []uint8) {
	r := &l.request
	if len(labels) == 1 {
		start := l.row * r.Hop
		labels[0] = uint8(l.model.Predict(l.inputs[start : start+r.Dim]))
	} else {
		l.batch(labels)
	}
	if l.chained {
		l.row = protocol.NextRow(l.row, l.step, int(labels[len(labels)-1]), l.made, r.Rows)
	} else if l.row += len(labels); l.row >= r.Rows {
		l.row %= r.Rows
	}
	l.made++
}

// batch predicts len(labels) rows from the current row on. It wraps round at the end.
func (l *loop) batch(labels []uint8) {
	r := &l.request
	for row := l.row; len(labels) > 0; row = 0 {
		count := min(len(labels), r.Rows-row)
		l.model.PredictBatch(labels[:count], l.inputs[row*r.Hop:(row+count-1)*r.Hop+r.Dim], r.Hop)
		labels = labels[count:]
	}
}
