// This file holds the container: header, metadata, compression and checksum.

// Package apr reads and writes the logistic regressions of version 1 of the .apr format
// (magic APRN), the format of the Rust crate aprender.
//
// A file has a header of 32 bytes, MessagePack metadata, a payload, an optional signature,
// and a CRC-32 of everything before it. Integers are little-endian. The payload of a
// logistic regression is the bincode of the crate's struct, which has grown twice: crates
// up to 0.27.3 write the short form, from 0.27.5 on the penalised form, and from 0.30.0 on
// the long form. Older crates ignore what follows the fields that they know; newer crates
// require their own fields. So Decode reads all three forms. Encode writes the long form
// without compression, which every version opens.
//
// Files are untrusted: each length is checked against the file before it is used, and each
// error is one line with the offset. A signature is neither checked nor written. Encrypted
// and quantised files are refused.
package apr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/vmihailenco/msgpack/v5"
)

// ErrFormat is wrapped, with the offset, in the error for bytes that are not an .apr file
// of a logistic regression, and for a model that no file can hold.
var ErrFormat = errors.New("apr")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// Metadata is a file's description of itself. Decode skips other entries of its map.
type Metadata struct {
	CreatedAt   string // Unix seconds in decimal
	Version     string // of the crate that wrote it
	ModelName   string
	Description string
}

// writtenVersion is the crate version in files whose caller gives none. It is deliberately
// not a version of the crate, because the crate did not write them.
const writtenVersion = "0.0.0-cupel"

// The header's layout and values.
const (
	magic              = "APRN"
	headerSize         = 32
	checksumSize       = 4
	majorVersion       = 1
	logisticRegression = 2

	flagEncrypted = 1
	flagQuantised = 32

	maxMetadata = 256 << 10
	maxPayload  = 64 << 20 // the crate allows 1 GiB; this is 16 million weights
)

// The compressions of a payload.
const (
	compressionNone = iota
	compressionZstd3
	compressionZstd19
	compressionLZ4
)

// header is the fixed part of a file.
type header struct {
	major        byte
	model        uint16
	metadata     uint32 // bytes
	stored       uint32 // bytes of the payload in the file
	uncompressed uint32
	compression  byte
	flags        byte
}

// Decode reads a file. The result shares no memory with it.
func Decode(file []byte) (LogisticRegression, Metadata, error) {
	var none LogisticRegression
	h, err := decodeHeader(file)
	if err != nil {
		return none, Metadata{}, err
	}
	metadataEnd := headerSize + int(h.metadata)
	meta, err := decodeMetadata(file[headerSize:metadataEnd])
	if err != nil {
		return none, Metadata{}, err
	}
	payload, err := expand(h, file[metadataEnd:metadataEnd+int(h.stored)], metadataEnd)
	if err != nil {
		return none, Metadata{}, err
	}
	m, err := decodePayload(payload)
	if err != nil {
		return none, Metadata{}, fmt.Errorf("%w (the payload begins at offset %d)", err, metadataEnd)
	}
	return m, meta, nil
}

// decodeHeader checks everything that later steps rely on. It checks the magic first, so
// that the error for another format says so, and then the checksum.
func decodeHeader(file []byte) (header, error) {
	if len(file) < headerSize+checksumSize {
		return header{}, bad("%d bytes are too short for a header and a checksum, which take %d", len(file), headerSize+checksumSize)
	}
	if string(file[:4]) != magic {
		return header{}, bad("offset 0: magic %q is not %q", file[:4], magic)
	}
	body := file[:len(file)-checksumSize]
	if want, got := binary.LittleEndian.Uint32(file[len(body):]), crc32.ChecksumIEEE(body); want != got {
		return header{}, bad("offset %d: the checksum is %08x, and the bytes before it have %08x: the file is damaged", len(body), want, got)
	}
	h := header{
		major:        file[4],
		model:        binary.LittleEndian.Uint16(file[6:]),
		metadata:     binary.LittleEndian.Uint32(file[8:]),
		stored:       binary.LittleEndian.Uint32(file[12:]),
		uncompressed: binary.LittleEndian.Uint32(file[16:]),
		compression:  file[20],
		flags:        file[21],
	}
	return h, h.check(len(body))
}

// check checks the header against itself and against the length of what the checksum
// covers. Bytes after the payload belong to the signature, or are ignored as the crate
// ignores them.
func (h header) check(body int) error {
	switch {
	case h.major != majorVersion:
		return bad("offset 4: version %d, and only %d is read", h.major, majorVersion)
	case h.model != logisticRegression:
		return bad("offset 6: model type %#x is not a logistic regression (%#x)", h.model, logisticRegression)
	case h.metadata > maxMetadata:
		return bad("offset 8: %d bytes of metadata, and at most %d are read", h.metadata, maxMetadata)
	case h.uncompressed > maxPayload:
		return bad("offset 16: a payload of %d bytes, and at most %d are read", h.uncompressed, maxPayload)
	case uint64(headerSize)+uint64(h.metadata)+uint64(h.stored) > uint64(body):
		return bad("offset 12: metadata of %d and a payload of %d bytes exceed the file", h.metadata, h.stored)
	case h.compression > compressionLZ4:
		return bad("offset 20: unknown compression %d", h.compression)
	case h.flags&flagEncrypted != 0:
		return bad("offset 21: the payload is encrypted; decrypt the file with the crate first")
	case h.flags&flagQuantised != 0:
		return bad("offset 21: the payload is quantised, which is not read")
	}
	return nil
}

// decodeMetadata reads the entries of Metadata and skips the others.
func decodeMetadata(data []byte) (Metadata, error) {
	r := bytes.NewReader(data)
	d := msgpack.NewDecoder(r)
	failed := func(err error) (Metadata, error) {
		return Metadata{}, bad("offset %d: the metadata is not a valid MessagePack map: %.100v", headerSize+len(data)-r.Len(), err)
	}
	var meta Metadata
	entries, err := d.DecodeMapLen()
	if err != nil {
		return failed(err)
	}
	for range max(entries, 0) {
		key, err := d.DecodeString()
		if err != nil {
			return failed(err)
		}
		field := map[string]*string{
			"created_at": &meta.CreatedAt, "aprender_version": &meta.Version,
			"model_name": &meta.ModelName, "description": &meta.Description,
		}[key]
		if field == nil {
			err = d.Skip()
		} else {
			*field, err = d.DecodeString()
		}
		if err != nil {
			return failed(err)
		}
	}
	return meta, nil
}

// expand decompresses the payload. The result must have the length in the header, which
// bounds the memory.
func expand(h header, stored []byte, at int) ([]byte, error) {
	payload, err := stored, error(nil)
	switch h.compression {
	case compressionZstd3, compressionZstd19:
		payload, err = expandZstd(stored, int(h.uncompressed))
	case compressionLZ4:
		payload, err = expandLZ4(stored, int(h.uncompressed))
	}
	if err != nil {
		return nil, bad("offset %d: expand the payload: %.100v", at, err)
	}
	if len(payload) != int(h.uncompressed) {
		return nil, bad("offset 16: a payload of %d bytes, and it has %d", h.uncompressed, len(payload))
	}
	return payload, nil
}

// expandZstd bounds the memory by the announced length and by the window of a frame: the
// crate's frames do not state the size of their content.
func expandZstd(stored []byte, size int) ([]byte, error) {
	const window = 8 << 20
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxWindow(window), zstd.WithDecoderMaxMemory(uint64(max(size, window))))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.DecodeAll(stored, nil)
}

// expandLZ4 reads a length of four bytes and one LZ4 block.
func expandLZ4(stored []byte, size int) ([]byte, error) {
	if len(stored) < 4 || int64(binary.LittleEndian.Uint32(stored)) != int64(size) {
		return nil, errors.New("the LZ4 block's length is not the header's")
	}
	payload := make([]byte, size)
	n, err := lz4.UncompressBlock(stored[4:], payload)
	if err != nil {
		return nil, err
	}
	return payload[:n], nil
}

// Encode returns the model in the long form, uncompressed and unsigned. The same arguments
// give the same bytes. An empty CreatedAt is written as 0, and an empty Version as
// writtenVersion. Other empty entries are left out.
func Encode(m LogisticRegression, meta Metadata) ([]byte, error) {
	payload, err := encodePayload(m)
	if err != nil {
		return nil, err
	}
	metadata, err := encodeMetadata(meta)
	if err != nil {
		return nil, fmt.Errorf("%w: encode the metadata: %w", ErrFormat, err)
	}
	if len(payload) > maxPayload || len(metadata) > maxMetadata {
		return nil, bad("encode: %d bytes of payload and %d of metadata, and at most %d and %d are written",
			len(payload), len(metadata), maxPayload, maxMetadata)
	}
	file := make([]byte, headerSize, headerSize+len(metadata)+len(payload)+checksumSize)
	copy(file, magic)
	file[4] = majorVersion
	binary.LittleEndian.PutUint16(file[6:], logisticRegression)
	binary.LittleEndian.PutUint32(file[8:], uint32(len(metadata)))
	binary.LittleEndian.PutUint32(file[12:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(file[16:], uint32(len(payload)))
	file = append(append(file, metadata...), payload...)
	return binary.LittleEndian.AppendUint32(file, crc32.ChecksumIEEE(file)), nil
}

// encodeMetadata writes the entries in the crate's order.
func encodeMetadata(meta Metadata) ([]byte, error) {
	if meta.CreatedAt == "" {
		meta.CreatedAt = "0"
	}
	if meta.Version == "" {
		meta.Version = writtenVersion
	}
	entries := []struct{ key, value string }{
		{"created_at", meta.CreatedAt}, {"aprender_version", meta.Version},
		{"model_name", meta.ModelName}, {"description", meta.Description},
	}
	count := 0
	for _, e := range entries {
		if e.value != "" {
			count++
		}
	}
	var b bytes.Buffer
	w := msgpack.NewEncoder(&b)
	err := w.EncodeMapLen(count)
	for _, e := range entries {
		if e.value == "" {
			continue
		}
		err = errors.Join(err, w.EncodeString(e.key), w.EncodeString(e.value))
	}
	return b.Bytes(), err
}
