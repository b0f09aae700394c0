package measure

// This file draws what a contender must not be able to know: rows, paths and the
// order of launches, all from the run's nonce.

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"

	"cupel/internal/protocol"
	"cupel/internal/reference"
)

// stream returns the random numbers for one purpose. ChaCha8 rather than a
// faster generator: its next value can't be told from those before, and rows
// reach contenders.
func stream(nonce, purpose string, index int) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "cupel\x00%s\x00%s\x00%d", nonce, purpose, index))))
}

// drawValues draws n values in [-1, 1].
func drawValues(random *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = 2*random.Float32() - 1
	}
	return values
}

// drawPath draws a chained request over rows whose warm-up has no row where two
// labels are right, so that all right contenders walk the same path to its start.
func drawPath(random *rand.Rand, inputs *reference.Inputs, request protocol.InferRequest) (protocol.InferRequest, error) {
	const attempts = 1000
	for range attempts {
		first, step := random.IntN(request.Rows), random.IntN(protocol.MaxStep)
		request.First, request.Step = &first, &step
		if inputs.CertainWarmup(request) {
			return request, nil
		}
	}
	return request, fmt.Errorf("no path without a row at the decision boundary in %d draws: the model's labels do not depend on its inputs enough", attempts)
}

// order returns the order in which a round starts n contenders.
func order(nonce string, round, n int) []int {
	return stream(nonce, "order", round).Perm(n)
}

func writeValues(path string, values []float32) error {
	if err := os.WriteFile(path, protocol.EncodeInputs(values), 0o444); err != nil {
		return fmt.Errorf("inputs: %w", err)
	}
	return nil
}
