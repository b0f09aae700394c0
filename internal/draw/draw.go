// Package draw draws what a contender must not be able to know, all of it from the
// nonce of a run. Who has the nonce, which is told when the run has ended, draws the
// same again: the audit does, and compares digests and orders.
//
// Each file of rows and each order has a stream of its own, so that one can be drawn
// again without the others.
package draw

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"math/rand/v2"
)

// Stream returns the random numbers for one purpose. ChaCha8 rather than a faster
// generator: its next value can't be told from those before, and rows reach
// contenders.
func Stream(nonce, purpose string, index int) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "cupel\x00%s\x00%s\x00%d", nonce, purpose, index))))
}

// ForCell is the nonce that a cell of a plan with several draws from, so that no
// contender meets in one cell what it has met in another. The cell without a name has
// the run's own.
func ForCell(nonce, cell string) string {
	if cell == "" {
		return nonce
	}
	return nonce + "\x00cell\x00" + cell
}

// Values draws n values in [-1, 1), multiples of 2^-23.
func Values(random *rand.Rand, n int) []float32 {
	values := make([]float32, n+n%2)
	draw(random, values)
	return values[:n]
}

// draw fills an even number of values.
func draw(random *rand.Rand, values []float32) {
	for i := 0; i+1 < len(values); i += 2 {
		bits := random.Uint64()
		values[i] = float32(int32(bits)>>8) / (1 << 23)
		values[i+1] = float32(int32(bits>>32)>>8) / (1 << 23)
	}
}

// maxAttempts bounds how often a file is drawn.
const maxAttempts = 1000

// Inputs draws the n values of a file of rows: the one with that number in the run,
// counted from 1, at that attempt, counted from 0.
func Inputs(nonce string, file, attempt, n int) []float32 {
	return Values(Stream(nonce, "inputs", file*maxAttempts+attempt), n)
}

// pieceValues is how many values InputsInPieces hands out at a time. It is even, as
// Values draws two at a time, and so small that a piece stays in the processor's cache.
const pieceValues = 8192

// InputsInPieces are the values of Inputs, some at a time, each until the next: for a
// reader that needs their digest and not the values.
func InputsInPieces(nonce string, file, attempt, n int) iter.Seq[[]float32] {
	return func(yield func([]float32) bool) {
		random, piece := Stream(nonce, "inputs", file*maxAttempts+attempt), make([]float32, pieceValues)
		for ; n > 0; n -= pieceValues {
			draw(random, piece)
			if !yield(piece[:min(n, pieceValues)]) {
				return
			}
		}
	}
}

// Fixed draws the n values of the rows that are the same in all launches of a run.
func Fixed(nonce string, n int) []float32 { return Values(Stream(nonce, "fixed rows", 0), n) }

// Order is the order in which a replicate starts n contenders.
func Order(nonce string, replicate, n int) []int {
	return Stream(nonce, "order", replicate).Perm(n)
}

// maxRounds is more rounds than a replicate has.
const maxRounds = 1 << 20

// Turns are the random numbers that the bursts of a round are shuffled by. Before
// that they stand in the order of their launches; of a launch the long burst comes
// before the empty request and that before the one with a planted stop.
func Turns(nonce string, replicate, round int) *rand.Rand {
	return Stream(nonce, "turns", replicate*maxRounds+round)
}
