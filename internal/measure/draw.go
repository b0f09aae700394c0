package measure

// This file draws what a contender must not be able to know: rows and paths, all
// from the run's nonce (package draw).

import (
	cryptorand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/reference"
)

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

// What files of rows hold (evidence.InputsFile).
const (
	holdsDrawn     = "rows"
	holdsClassic   = "classic"
	holdsUnit      = "unit"
	holdsFixed     = "fixed"
	holdsReordered = "reordered"
	holdsBoundary  = "boundary"
	holdsHard      = "hard"
)

// inputsFile is a file of rows, with the reference's answers to them.
type inputsFile struct {
	number  int
	path    string
	variant *Variant
	inputs  *reference.Inputs
}

func (f inputsFile) remove() { os.Remove(f.path) }

// file writes rows that start hop values apart.
func (r *replicate) file(variant *Variant, holds string, values []float32, rows, hop int) (inputsFile, error) {
	return r.write(variant, values, variant.Reference.Inputs(values, rows, hop), evidence.InputsFile{Number: r.cell.nextFile(), Drawn: holds})
}

// nextFile numbers the files of a cell from 1.
func (c *cell) nextFile() int32 {
	c.files++
	return int32(c.files)
}

// write writes a file of rows, whose name says nothing of what it is for, and keeps
// its digest.
func (r *replicate) write(variant *Variant, values []float32, inputs *reference.Inputs, record evidence.InputsFile) (inputsFile, error) {
	path := unknownName(r.cell.run.Scratch, "f32")
	data := protocol.EncodeInputs(values)
	if err := os.WriteFile(path, data, 0o444); err != nil {
		return inputsFile{}, ours(fmt.Errorf("inputs: %w", err))
	}
	record.Values, record.Bytes, record.SHA256 = int64(len(values)), int64(len(data)), digest(data)
	r.inputs = append(r.inputs, record)
	return inputsFile{int(record.Number), path, variant, inputs}, nil
}

// unknownName draws the name of a file that contenders are to know of when they
// are told and not before, to see what comes next or to make its answers.
func unknownName(dir, extension string) string {
	return filepath.Join(dir, cryptorand.Text()+"."+extension)
}

// rowFile draws and writes rows that do not overlap.
func (r *replicate) rowFile(variant *Variant, rows int) (inputsFile, error) {
	dim := variant.Model.Architecture.Inputs()
	record := evidence.InputsFile{Number: r.cell.nextFile(), Drawn: holdsDrawn}
	values := draw.Inputs(r.cell.nonce, int(record.Number), 0, rows*dim)
	return r.write(variant, values, variant.Reference.Inputs(values, rows, dim), record)
}

// chainedFile draws and writes overlapping rows and a path over them. Of few rows
// every path may meet one where two labels are right; then others are drawn.
func (r *replicate) chainedFile(variant *Variant, random *rand.Rand, rows, warmup int) (inputsFile, path, error) {
	const attempts = 20
	record := evidence.InputsFile{Number: r.cell.nextFile(), Drawn: holdsDrawn}
	var err error
	for attempt := range attempts {
		values := draw.Inputs(r.cell.nonce, int(record.Number), attempt, rows-1+variant.Model.Architecture.Inputs())
		var drawn path
		inputs := variant.Reference.Inputs(values, rows, 1)
		if share := r.cell.plan.Paired.CheckedShare; share > 0 {
			inputs.Sample(random, share)
		}
		if drawn, err = drawPath(random, inputs, rows, warmup, r.cell.plan.Batch); err == nil {
			record.Attempt = int32(attempt)
			file, err := r.write(variant, values, inputs, record)
			return file, drawn, err
		}
	}
	return inputsFile{}, path{}, ours(err)
}

// keepInputs writes down the digests of the files of a replicate.
func (r *replicate) keepInputs() error {
	files := r.inputs
	r.inputs = nil
	if len(files) == 0 {
		return nil
	}
	return r.cell.run.Bundle.WriteInputs(r.cell.name, r.number, files)
}
