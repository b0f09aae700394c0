package measure

// This file draws what a contender must not be able to know: rows, paths and the
// order of launches, all from the run's nonce.

import (
	cryptorand "crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"cupel/internal/protocol"
	"cupel/internal/reference"
)

// stream returns the random numbers for one purpose. ChaCha8 rather than a
// faster generator: its next value can't be told from those before, and rows
// reach contenders.
func stream(nonce, purpose string, index int) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "cupel\x00%s\x00%s\x00%d", nonce, purpose, index))))
}

// drawValues draws n values in [-1, 1), multiples of 2^-23.
func drawValues(random *rand.Rand, n int) []float32 {
	values := make([]float32, n+n%2)
	for i := 0; i < len(values); i += 2 {
		bits := random.Uint64()
		values[i] = float32(int32(bits)>>8) / (1 << 23)
		values[i+1] = float32(int32(bits>>32)>>8) / (1 << 23)
	}
	return values[:n]
}

// path is where a chained request begins and how it goes on.
type path struct{ first, step int }

// drawPath draws a path over rows whose warm-up has no row where two labels are
// right, so that all right contenders walk the same way to its start.
func drawPath(random *rand.Rand, inputs *reference.Inputs, rows, warmup, batch int) (path, error) {
	const attempts = 100
	for range attempts {
		drawn := path{random.IntN(rows), random.IntN(protocol.MaxStep)}
		request := protocol.InferRequest{Rows: rows, Batch: batch, First: &drawn.first, Step: &drawn.step, Warmup: warmup}
		if inputs.CertainWarmup(request) {
			return drawn, nil
		}
	}
	return path{}, fmt.Errorf("no path without a row at the decision boundary in %d draws: the model's labels do not depend on its inputs enough", attempts)
}

// order returns the order in which a replicate starts n contenders.
func order(nonce string, replicate, n int) []int {
	return stream(nonce, "order", replicate).Perm(n)
}

// inputsFile is a file of rows, with the reference's answers to them.
type inputsFile struct {
	path    string
	variant *Variant
	inputs  *reference.Inputs
}

func (f inputsFile) remove() { os.Remove(f.path) }

// file writes rows that start hop values apart.
func (r *Run) file(variant *Variant, values []float32, rows, hop int) (inputsFile, error) {
	return r.write(variant, values, variant.Reference.Inputs(values, rows, hop))
}

// write writes a file of rows, whose name says nothing of what it is for.
func (r *Run) write(variant *Variant, values []float32, inputs *reference.Inputs) (inputsFile, error) {
	r.files++
	path := unknownName(r.Scratch, "f32")
	if err := os.WriteFile(path, protocol.EncodeInputs(values), 0o444); err != nil {
		return inputsFile{}, ours(fmt.Errorf("inputs: %w", err))
	}
	return inputsFile{path, variant, inputs}, nil
}

// unknownName draws the name of a file that contenders are to know of when they
// are told and not before, to see what comes next or to make its answers.
func unknownName(dir, extension string) string {
	return filepath.Join(dir, cryptorand.Text()+"."+extension)
}

// rowFile draws and writes rows that do not overlap.
func (r *Run) rowFile(variant *Variant, random *rand.Rand, rows int) (inputsFile, error) {
	dim := variant.Model.Architecture.Inputs()
	return r.file(variant, drawValues(random, rows*dim), rows, dim)
}

// chainedFile draws and writes overlapping rows and a path over them. Of few rows
// every path may meet one where two labels are right; then others are drawn.
func (r *Run) chainedFile(variant *Variant, random *rand.Rand, rows, warmup int) (inputsFile, path, error) {
	const attempts = 20
	var err error
	for range attempts {
		values := drawValues(random, rows-1+variant.Model.Architecture.Inputs())
		var drawn path
		inputs := variant.Reference.Inputs(values, rows, 1)
		if share := r.Plan.Paired.CheckedShare; share > 0 {
			inputs.Sample(random, share)
		}
		if drawn, err = drawPath(random, inputs, rows, warmup, r.Plan.Batch); err == nil {
			file, err := r.write(variant, values, inputs)
			return file, drawn, err
		}
	}
	return inputsFile{}, path{}, ours(err)
}
