package draw

// This file tests that the nonce, and only the whole nonce, gives the same draws again.

import (
	"slices"
	"testing"
)

func TestDrawsAreTheNonces(t *testing.T) {
	one := Inputs("nonce", 3, 0, 101)
	if !slices.Equal(one, Inputs("nonce", 3, 0, 101)) {
		t.Error("the same draw gave other values")
	}
	for _, n := range []int{0, 1, pieceValues, pieceValues + 1, 3*pieceValues - 1} {
		var pieces []float32
		for piece := range InputsInPieces("nonce", 3, 1, n) {
			pieces = append(pieces, piece...)
		}
		if !slices.Equal(pieces, Inputs("nonce", 3, 1, n)) {
			t.Errorf("%d values in pieces are not those of the whole", n)
		}
	}
	for _, other := range [][]float32{Inputs("another", 3, 0, 101), Inputs("nonce", 4, 0, 101), Inputs("nonce", 3, 1, 101), Fixed("nonce", 101)} {
		if slices.Equal(one, other) {
			t.Error("two draws are the same")
		}
	}
	for _, value := range one {
		if value < -1 || value >= 1 {
			t.Errorf("a value of %v", value)
		}
	}
}

func TestOrders(t *testing.T) {
	if !slices.Equal(Order("nonce", 1, 9), Order("nonce", 1, 9)) || slices.Equal(Order("nonce", 1, 9), Order("nonce", 2, 9)) {
		t.Error("an order is not that of nonce and replicate")
	}
	if Turns("nonce", 1, 2).Uint64() != Turns("nonce", 1, 2).Uint64() || Turns("nonce", 1, 2).Uint64() == Turns("nonce", 2, 1).Uint64() {
		t.Error("turns are not those of nonce, replicate and round")
	}
}
