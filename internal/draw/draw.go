// Package draw makes the random choices that a contender must not know in advance. All of
// them follow from the run's nonce, which is revealed when the run has ended. The audit
// then draws the same again and compares digests and orders.
//
// Each file of rows and each order has its own stream, so that each can be drawn again
// without the others.
package draw

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"math/rand/v2"
)

// Stream returns the random numbers for one purpose. It uses ChaCha8, because contenders
// see rows: earlier values must not predict the next one.
func Stream(nonce, purpose string, index int) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "cupel\x00%s\x00%s\x00%d", nonce, purpose, index))))
}

// ForCell returns the nonce of a cell, so that the inputs of one cell do not appear in
// another. The unnamed cell has the run's nonce.
func ForCell(nonce, cell string) string {
	if cell == "" {
		return nonce
	}
	return nonce + "\x00cell\x00" + cell
}

// Values returns n values in [-1, 1), multiples of 2^-23.
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

// Inputs returns the n values of a file of rows. file is its number in the run, from 1;
// attempt is from 0.
func Inputs(nonce string, file, attempt, n int) []float32 {
	return Values(Stream(nonce, "inputs", file*maxAttempts+attempt), n)
}

// pieceValues is the number of values in a piece of InputsInPieces. It is even, because
// draw fills two at a time. It is small, so that a piece stays in the processor's cache.
const pieceValues = 8192

// InputsInPieces returns the values of Inputs in pieces, for a reader that needs only their
// digest. A piece is valid until the next one.
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

// Fixed returns the n values of the fixed rows, which are the same in all launches of a
// run.
func Fixed(nonce string, n int) []float32 { return Values(Stream(nonce, "fixed rows", 0), n) }

// Order returns the order in which a replicate starts n contenders.
func Order(nonce string, replicate, n int) []int {
	return Stream(nonce, "order", replicate).Perm(n)
}

// maxRounds is larger than the number of rounds in any replicate.
const maxRounds = 1 << 20

// Turns returns the random numbers that shuffle the bursts of a round. Before the shuffle,
// bursts are in the order of their launches. For one launch the order is: the long burst,
// the empty request, the burst with a planted stop.
func Turns(nonce string, replicate, round int) *rand.Rand {
	return Stream(nonce, "turns", replicate*maxRounds+round)
}
