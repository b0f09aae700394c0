package contender

// This file tests what a contender keeps from request to request. Package conformance
// tests the replies from outside.

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"cupel/internal/protocol"
)

// zeros is an engine whose models give label 0 to every row of two values.
type zeros struct{}

func (zeros) Describe() protocol.Hello                 { return protocol.Hello{} }
func (zeros) Load(protocol.LoadRequest) (Model, error) { return zeros{}, nil }
func (zeros) Parameters() int                          { return 3 }
func (zeros) Inputs() int                              { return 2 }
func (zeros) Outputs() int                             { return 1 }
func (zeros) Predict([]float32) int                    { return 0 }
func (zeros) PredictBatch([]uint8, []float32, int)     {}
func (zeros) Scores(_, _ []float32)                    {}

// Buffers that evict the weights from the cache would otherwise do so for a launch's
// whole life.
func TestAModelThatIsLoadedAgainHasBuffersElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.f32")
	if err := os.WriteFile(path, make([]byte, 4*4), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &server{engine: zeros{}, out: io.Discard}
	ask := func(line string) {
		t.Helper()
		if _, err := s.answer([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	infer := fmt.Sprintf(`{"op":"infer","inputs":%q,"rows":2,"dim":2,"calls":5}`, path)
	ask(`{"op":"load"}`)
	ask(infer)
	inputs, labels := &s.buffers.inputs[0], &s.buffers.labels[0]
	ask(infer)
	if inputs != &s.buffers.inputs[0] || labels != &s.buffers.labels[0] {
		t.Error("a request like the one before has other buffers")
	}
	ask(`{"op":"load"}`)
	ask(infer)
	if inputs == &s.buffers.inputs[0] || labels == &s.buffers.labels[0] {
		t.Error("a model that was loaded again has the buffers of the one before")
	}
}
