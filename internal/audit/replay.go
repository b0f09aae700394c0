package audit

// This file draws again what a run drew from its nonce. It shares no code with the
// run, so that what the two agree on is the rule and not a fault of both.

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
)

// drawn is the stream of random numbers that a nonce gives for one purpose.
func drawn(nonce, purpose string, index int) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "cupel\x00%s\x00%s\x00%d", nonce, purpose, index))))
}

// startOrder is the order in which a replicate starts n contenders.
func startOrder(nonce string, replicate, n int) []int {
	return drawn(nonce, "order", replicate).Perm(n)
}
