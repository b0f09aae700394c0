package reference

// This file tests checks of a share of the rows.

import (
	"math/rand/v2"
	"testing"

	"cupel/internal/protocol"
)

func TestASampleLeavesRowsOutButNoneThatDecidesTheWay(t *testing.T) {
	// Batches of two over two rows, whose labels are 0 and 1; the way goes by the
	// second of each call.
	first, step := 0, 2
	request := protocol.InferRequest{Rows: 2, Dim: 2, Hop: 2, Batch: 2, First: &first, Step: &step, Calls: 2, Want: true}
	random := rand.New(rand.NewPCG(1, 2))
	check := func(share float64, labels ...byte) (int, error) {
		inputs := identity(t, 2).Inputs(rows[:4], 2, 2)
		if share < 1 {
			inputs.Sample(random, share)
		}
		row := first
		for call := range request.Calls {
			row = protocol.NextRow(row, step, int(labels[2*call+1]), call, request.Rows)
		}
		return inputs.CheckCounted(request, protocol.Infer{Labels: labels, Last: row})
	}
	right := func() []byte {
		labels := []byte{}
		row := first
		answers := identity(t, 2).Inputs(rows[:4], 2, 2)
		for call := range request.Calls {
			for i := range 2 {
				labels = append(labels, byte(answers.Answer((row+i)%2).Label))
			}
			row = protocol.NextRow(row, step, int(labels[len(labels)-1]), call, request.Rows)
		}
		return labels
	}()
	if labels, err := check(1, right...); err != nil || labels != 4 {
		t.Errorf("all: %d labels, %v", labels, err)
	}
	if labels, err := check(0, right...); err != nil || labels != 2 {
		t.Errorf("none but those on the way: %d labels, %v", labels, err)
	}
	for at := range right {
		wrong := append([]byte{}, right...)
		wrong[at] ^= 1
		if _, err := check(1, wrong...); err == nil {
			t.Errorf("label %d is wrong and all are compared", at)
		}
		if _, err := check(0, wrong...); (err != nil) != (at%2 == 1) {
			t.Errorf("label %d is wrong and those on the way are compared: %v", at, err)
		}
	}
}
