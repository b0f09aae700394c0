package parquetfile

// This file walks Thrift's compact protocol without allocating memory
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The types of fields and elements.
const (
	typeStop   = 0
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeI16    = 4
	typeI32    = 5
	typeI64    = 6
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeMap    = 11
	typeStruct = 12
	typeUUID   = 13
)

// maxDepth bounds the nesting of structures. Parquet needs seven levels.
const maxDepth = 16

var errTruncated = errors.New("it is truncated")

// walker walks the bytes of a structure.
type walker struct {
	text []byte
	at   int
}

// structureLength returns the length in bytes of the structure at the start of text. It is
// an error if text ends too early or has a list that is longer than the rest.
func structureLength(text []byte) (int, error) {
	w := &walker{text: text}
	if err := w.structure(0); err != nil {
		return 0, fmt.Errorf("byte %d: %w", w.at, err)
	}
	return w.at, nil
}

func (w *walker) structure(depth int) error {
	if depth > maxDepth {
		return errors.New("structures are nested too deeply")
	}
	for {
		head, err := w.take()
		if err != nil {
			return err
		}
		kind := head & 0x0f
		if kind == typeStop {
			return nil
		}
		if head>>4 == 0 {
			if _, err := w.varint(); err != nil { // the field's number
				return err
			}
		}
		if kind == typeTrue || kind == typeFalse {
			continue // The value is the type.
		}
		if err := w.value(kind, depth); err != nil {
			return err
		}
	}
}

func (w *walker) value(kind byte, depth int) error {
	switch kind {
	case typeTrue, typeFalse, typeByte:
		return w.skip(1)
	case typeI16, typeI32, typeI64:
		_, err := w.varint()
		return err
	case typeDouble:
		return w.skip(8)
	case typeUUID:
		return w.skip(16)
	case typeBinary:
		length, err := w.varint()
		if err != nil {
			return err
		}
		return w.skip(length)
	case typeList, typeSet:
		return w.list(depth)
	case typeStruct:
		return w.structure(depth + 1)
	case typeMap:
		return errors.New("it has a map, which Parquet does not use")
	}
	return fmt.Errorf("it has a field of unknown type %d", kind)
}

func (w *walker) list(depth int) error {
	head, err := w.take()
	if err != nil {
		return err
	}
	length := uint64(head >> 4)
	if length == 0x0f {
		if length, err = w.varint(); err != nil {
			return err
		}
	}
	// Each element has at least one byte.
	if length > uint64(len(w.text)-w.at) {
		return fmt.Errorf("it has a list of %d elements in %d bytes", length, len(w.text)-w.at)
	}
	if depth > maxDepth {
		return errors.New("lists are nested too deeply")
	}
	for range length {
		if err := w.value(head&0x0f, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) take() (byte, error) {
	if w.at >= len(w.text) {
		return 0, errTruncated
	}
	w.at++
	return w.text[w.at-1], nil
}

func (w *walker) skip(length uint64) error {
	if length > uint64(len(w.text)-w.at) {
		return errTruncated
	}
	w.at += int(length)
	return nil
}

func (w *walker) varint() (uint64, error) {
	value, n := binary.Uvarint(w.text[w.at:])
	if n <= 0 {
		return 0, errTruncated
	}
	w.at += n
	return value, nil
}
