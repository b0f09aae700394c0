package dataset

// This file reads the IDX format, in which MNIST is published. A file is two zero bytes, a
// byte for the element type, a byte for the number of dimensions, the dimensions as
// unsigned 32-bit big-endian integers, and the elements row-major.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// idxUint8 is the type code of unsigned bytes, the only type that MNIST uses and the only
// one accepted.
const idxUint8 = 0x08

// maxIDXDims bounds the number of dimensions. Colour images, the largest use of the format,
// have four.
const maxIDXDims = 8

// idx is an array of unsigned bytes, row-major. len(data) is the product of dims, and each
// dimension is positive.
type idx struct {
	dims []int
	data []byte
}

// readIDX reads one array of at most maxElements elements, and then expects the end of the
// file. It trusts no size in the header: memory grows with the bytes from r and stays below
// a small multiple of maxElements. Errors give the offset at which the file becomes
// invalid.
func readIDX(r io.Reader, maxElements int) (idx, error) {
	dims, elements, err := readIDXHeader(r, maxElements)
	if err != nil {
		return idx{}, err
	}
	start := 4 + 4*len(dims)
	var data bytes.Buffer
	n, err := io.CopyN(&data, r, int64(elements))
	if err != nil {
		return idx{}, idxError(start+int(n), fmt.Errorf("%d of %d elements: %w", n, elements, notEOF(err)))
	}
	var more [1]byte
	switch _, err := io.ReadFull(r, more[:]); {
	case err == nil:
		return idx{}, idxError(start+elements, errors.New("bytes after the last element"))
	case !errors.Is(err, io.EOF):
		return idx{}, idxError(start+elements, err)
	}
	return idx{dims: dims, data: data.Bytes()}, nil
}

func readIDXHeader(r io.Reader, maxElements int) (dims []int, elements int, err error) {
	var b [4]byte
	if n, err := io.ReadFull(r, b[:]); err != nil {
		return nil, 0, idxError(n, fmt.Errorf("magic number: %w", notEOF(err)))
	}
	if b[0] != 0 || b[1] != 0 {
		return nil, 0, idxError(0, fmt.Errorf("%#02x %#02x, where an IDX file has two zero bytes", b[0], b[1]))
	}
	if b[2] != idxUint8 {
		return nil, 0, idxError(2, fmt.Errorf("element type %#02x, only unsigned bytes (%#02x) are read", b[2], idxUint8))
	}
	if b[3] == 0 || b[3] > maxIDXDims {
		return nil, 0, idxError(3, fmt.Errorf("%d dimensions, want 1 to %d", b[3], maxIDXDims))
	}
	elements = 1
	for d := range int(b[3]) {
		offset := 4 + 4*d
		if n, err := io.ReadFull(r, b[:]); err != nil {
			return nil, 0, idxError(offset+n, fmt.Errorf("dimension %d: %w", d, notEOF(err)))
		}
		size := binary.BigEndian.Uint32(b[:])
		if size == 0 || int64(size) > int64(maxElements/elements) {
			return nil, 0, idxError(offset, fmt.Errorf("dimension %d is %d; the array must have 1 to %d elements", d, size, maxElements))
		}
		dims = append(dims, int(size))
		elements *= int(size)
	}
	return dims, elements, nil
}

func idxError(offset int, err error) error {
	return fmt.Errorf("idx: offset %d: %w", offset, err)
}

// notEOF turns io.EOF into io.ErrUnexpectedEOF, for a place where more bytes must follow.
func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
