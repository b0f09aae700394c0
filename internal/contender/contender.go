// Package contender is the contender's side of the protocol, for engines written in Go.
// It reads requests, holds the rows, keeps the time, and asks the engine for
// predictions.
//
// All Go engines share this code for keeping time, so that a difference between two of
// them is a difference between engines. Everything that a timed call needs is allocated
// before the clock starts. Buffers are reused from request to request, so that the
// garbage collector has nothing to do in a timed part. Their content is not reused:
// each infer reads its inputs again.
package contender

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"cupel/internal/protocol"
)

// Engine is an inference engine that can load models.
type Engine interface {
	// Describe describes the engine. Serve fills in the operations.
	Describe() protocol.Hello
	// Load reads the model of a request.
	Load(protocol.LoadRequest) (Model, error)
}

// Model is a loaded model. Its methods are called from one goroutine.
type Model interface {
	// Parameters returns how many numbers the model holds.
	Parameters() int
	// Inputs returns the width of a row, Outputs the number of scores of a row.
	Inputs() int
	Outputs() int
	// Predict returns the label of one row.
	Predict(x []float32) int
	// PredictBatch stores the labels of the rows x[i*hop : i*hop+Inputs()].
	PredictBatch(labels []uint8, x []float32, hop int)
	// Scores stores the scores of one row in dst.
	Scores(dst, x []float32)
}

// Serve answers requests from in on out until quit or the end of in. It answers a bad
// request with an error reply. It returns an error only where the transport fails.
func Serve(engine Engine, in io.Reader, out io.Writer) error {
	s := &server{engine: engine, out: out}
	lines := bufio.NewReaderSize(in, 1<<16)
	for {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		quit, err := s.answer(line)
		if quit || err != nil {
			return err
		}
	}
}

func readLine(lines *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := lines.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > protocol.MaxLineBytes {
			return nil, fmt.Errorf("a request is longer than %d MiB", protocol.MaxLineBytes>>20)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) && len(line) > 0 {
			return line, nil
		}
		return line, err
	}
}

type server struct {
	engine  Engine
	model   Model
	buffers buffers
	out     io.Writer
	// text is the reply's line, reused from request to request.
	text []byte
}

// answer answers one line and reports whether it was quit.
func (s *server) answer(line []byte) (quit bool, err error) {
	var request struct {
		Op string `json:"op"`
	}
	if err := decode(line, &request); err != nil {
		return false, s.refuse(fmt.Errorf("the request is no JSON object with a field op: %w", err))
	}
	var reply any
	switch request.Op {
	case protocol.OpQuit:
		return true, nil
	case protocol.OpHello:
		reply, err = s.hello(line)
	case protocol.OpLoad:
		reply, err = s.load(line)
	case protocol.OpInfer:
		reply, err = s.infer(line)
	case protocol.OpTrain:
		reply, err = s.train(line)
	default:
		err = fmt.Errorf("op %q is not offered", request.Op)
	}
	if err != nil {
		return false, s.refuse(err)
	}
	return false, s.send(reply)
}

func (s *server) refuse(why error) error {
	return s.send(map[string]string{"error": why.Error()})
}

// send writes a reply as one line.
func (s *server) send(reply any) (err error) {
	s.text = s.text[:0]
	if infer, ok := reply.(protocol.Infer); ok {
		// Encoding a burst's reply by reflection would take as long as the burst.
		s.text = infer.AppendJSON(s.text)
	} else if s.text, err = json.Marshal(reply); err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	s.text = append(s.text, '\n')
	if _, err := s.out.Write(s.text); err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	return nil
}

func (s *server) hello(line []byte) (any, error) {
	var request protocol.HelloRequest
	if err := decode(line, &request); err != nil {
		return nil, fmt.Errorf("hello: %w", err)
	}
	if request.Protocol != protocol.Version {
		return nil, fmt.Errorf("protocol %d is not supported, only %d", request.Protocol, protocol.Version)
	}
	hello := s.engine.Describe()
	hello.Ops = []string{protocol.OpHello, protocol.OpLoad, protocol.OpInfer, protocol.OpQuit}
	if _, trains := s.engine.(Trainer); trains {
		hello.Ops = append(hello.Ops, protocol.OpTrain)
	}
	return hello, nil
}

func (s *server) load(line []byte) (any, error) {
	var request protocol.LoadRequest
	if err := decode(line, &request); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	// A model that could not be replaced must not answer again.
	s.model = nil
	// Where rows and labels lie in memory decides whether they evict the weights from
	// the nearest cache (see docs/EXPERIMENTS.md, Memory layout). Loading a model again
	// therefore gives all of them new places.
	s.buffers = buffers{}
	loaded, err := s.engine.Load(request)
	if err != nil {
		return nil, err
	}
	s.model = loaded
	return protocol.Load{Parameters: int64(loaded.Parameters())}, nil
}

// decode reads a request. A null field counts as absent, and an unknown one is ignored. A field whose default is not zero is decoded into a pointer.
func decode(line []byte, into any) error { return json.Unmarshal(line, into) }
