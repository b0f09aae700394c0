package dataset

// This file holds the digest that identifies a set of examples.

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
)

// digestHeader starts the digested bytes, so that the digest is distinct from digests of
// other data and layouts.
const digestHeader = "cupel-examples-v1\n"

// Digest returns the lower-case hexadecimal SHA-256 of
//
//	the 18 ASCII bytes "cupel-examples-v1\n"
//	rows, dim, classes    three unsigned 64-bit integers
//	X                     rows x dim IEEE 754 binary32, row-major
//	Labels                rows bytes
//
// all little-endian, without padding. The shape is in front, so the same numbers in rows of
// another width have another digest. Two values with the same digest are equal bit for bit:
// -0 differs from 0, and NaNs differ by their payload.
func Digest(e Examples) string {
	h := sha256.New()
	w := bufio.NewWriterSize(h, 1<<16) // a hash never fails to write
	_, _ = io.WriteString(w, digestHeader)
	var b [8]byte
	for _, n := range []int{e.Rows(), e.Dim, e.Classes} {
		binary.LittleEndian.PutUint64(b[:], uint64(n))
		_, _ = w.Write(b[:])
	}
	for _, x := range e.X {
		binary.LittleEndian.PutUint32(b[:4], math.Float32bits(x))
		_, _ = w.Write(b[:4])
	}
	_, _ = w.Write(e.Labels)
	_ = w.Flush()
	return hex.EncodeToString(h.Sum(nil))
}
