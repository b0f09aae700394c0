// Package parquetfile opens untrusted Parquet files.
//
// The headers of a Parquet file announce sizes. A library that trusts them may allocate two
// gigabytes because of ten bytes, and the program then ends without an error. Therefore
// this package checks all announced sizes before the library reads the file. The footer,
// the page index and each page's header must fit the bytes that are there. Pages must have
// the size, the encodings and the compression that cupel writes. An open file needs at most
// [MaxPage] bytes for each page that is being read, about a hundred times [maxFooter] for
// the footer, and memory for the values read.
package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const (
	// MaxPage bounds a page, compressed and decompressed, in bytes. Pages written by cupel
	// have a quarter of a megabyte.
	MaxPage = 16 << 20
	// maxFooter bounds the footer, in bytes. Footers written by cupel have some kilobytes.
	maxFooter = 256 << 10
	// maxIndex bounds a column's part of the page index, in bytes.
	maxIndex = 1 << 20
	// maxHeader bounds a page's header, in bytes.
	maxHeader = 64 << 10
	// maxValues bounds the number of values in a page.
	maxValues = 1 << 24

	magic   = "PAR1"
	trailer = 8 // the footer's length and the magic
)

// Open opens a file of size bytes. Errors have one line. A panic of the library is returned
// as an error.
func Open(file io.ReaderAt, size int64) (opened *parquet.File, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			opened, err = nil, fmt.Errorf("not a readable Parquet file: %v", fault)
		}
	}()
	footer, err := readFooter(file, size)
	if err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	for _, group := range footer.RowGroups {
		for i := range group.Columns {
			if err := checkChunk(file, size, &group.Columns[i]); err != nil {
				return nil, fmt.Errorf("column %d: %w", i+1, err)
			}
		}
	}
	return parquet.OpenFile(file, size, parquet.SkipBloomFilters(true))
}

// readFooter reads the footer of a file whose size is known.
func readFooter(file io.ReaderAt, size int64) (*format.FileMetaData, error) {
	if size < int64(len(magic))+trailer {
		return nil, fmt.Errorf("the file has %d bytes, too few for a Parquet file", size)
	}
	end, err := readAt(file, size-trailer, trailer)
	if err != nil {
		return nil, err
	}
	if string(end[4:]) != magic {
		return nil, fmt.Errorf("the file ends in %q; expected %q", end[4:], magic)
	}
	length := int64(binary.LittleEndian.Uint32(end))
	if most := min(size-trailer-int64(len(magic)), maxFooter); length > most {
		return nil, fmt.Errorf("it claims %d bytes; expected at most %d", length, most)
	}
	text, err := readAt(file, size-trailer-length, length)
	if err != nil {
		return nil, err
	}
	footer := &format.FileMetaData{}
	if _, err := decode(text, footer); err != nil {
		return nil, err
	}
	if footer.NumRows < 0 || len(footer.RowGroups) > maxHeader {
		return nil, fmt.Errorf("it claims %d rows in %d groups", footer.NumRows, len(footer.RowGroups))
	}
	return footer, nil
}

// checkChunk checks a column's part of a row group: its index and its pages.
func checkChunk(file io.ReaderAt, size int64, chunk *format.ColumnChunk) error {
	for _, index := range []struct {
		at     int64
		length int32
		into   any
	}{
		{chunk.OffsetIndexOffset, chunk.OffsetIndexLength, &format.OffsetIndex{}},
		{chunk.ColumnIndexOffset, chunk.ColumnIndexLength, &format.ColumnIndex{}},
	} {
		if index.at == 0 && index.length == 0 {
			continue
		}
		if index.length < 0 || index.length > maxIndex || !within(index.at, int64(index.length), size) {
			return fmt.Errorf("the page index has %d bytes at offset %d, outside of the file or too many", index.length, index.at)
		}
		text, err := readAt(file, index.at, int64(index.length))
		if err != nil {
			return err
		}
		if _, err := decode(text, index.into); err != nil {
			return fmt.Errorf("page index: %w", err)
		}
	}
	meta := &chunk.MetaData
	if meta.Codec != format.Zstd && meta.Codec != format.Uncompressed {
		return fmt.Errorf("it is compressed by %v; expected %v", meta.Codec, format.Zstd)
	}
	first := meta.DataPageOffset
	if dictionary := meta.DictionaryPageOffset; dictionary > 0 {
		first = min(first, dictionary)
	}
	if !within(first, meta.TotalCompressedSize, size) {
		return fmt.Errorf("its pages have %d bytes at offset %d, in a file of %d bytes", meta.TotalCompressedSize, first, size)
	}
	return checkPages(file, first, first+meta.TotalCompressedSize, meta.Codec)
}

// within reports whether length bytes at an offset lie in a file of size bytes.
func within(at, length, size int64) bool {
	return at >= int64(len(magic)) && length >= 0 && at <= size && length <= size-at
}

// checkPages checks the headers of the pages between two offsets.
func checkPages(file io.ReaderAt, at, end int64, codec format.CompressionCodec) error {
	for at < end {
		text, err := readAt(file, at, min(maxHeader, end-at))
		if err != nil {
			return err
		}
		var header format.PageHeader
		length, err := decode(text, &header)
		if err != nil {
			return fmt.Errorf("page at offset %d: %w", at, err)
		}
		at += int64(length)
		if err := checkPage(&header, end-at); err != nil {
			return fmt.Errorf("page at offset %d: %w", at, err)
		}
		if err := checkCompressed(file, at, &header, codec); err != nil {
			return fmt.Errorf("page at offset %d: %w", at, err)
		}
		at += int64(header.CompressedPageSize)
	}
	return nil
}

// checkPage checks one page's header. left is the number of bytes after it.
func checkPage(header *format.PageHeader, left int64) error {
	if n := int64(header.CompressedPageSize); n < 0 || n > min(left, MaxPage) {
		return fmt.Errorf("it claims %d bytes; there are %d, and a page has at most %d", n, left, MaxPage)
	}
	if n := header.UncompressedPageSize; n < 0 || n > MaxPage {
		return fmt.Errorf("it claims %d bytes decompressed; expected at most %d", n, MaxPage)
	}
	var values int32
	var encoding format.Encoding
	switch {
	case header.DataPageHeaderV2.Valid:
		values, encoding = header.DataPageHeaderV2.V.NumValues, header.DataPageHeaderV2.V.Encoding
	case header.DataPageHeader.Valid:
		values, encoding = header.DataPageHeader.V.NumValues, header.DataPageHeader.V.Encoding
	case header.DictionaryPageHeader.Valid:
		values, encoding = header.DictionaryPageHeader.V.NumValues, header.DictionaryPageHeader.V.Encoding
	default:
		return errors.New("it is neither a data page nor a dictionary page")
	}
	if values < 0 || values > maxValues {
		return fmt.Errorf("it claims %d values; expected at most %d", values, maxValues)
	}
	switch encoding {
	case format.Plain, format.RLE, format.RLEDictionary, format.DeltaLengthByteArray:
		return nil
	}
	return fmt.Errorf("its encoding is %v, which cupel does not write", encoding)
}

// checkCompressed checks that a compressed page expands to the size in its header.
// Otherwise it may be a decompression bomb.
func checkCompressed(file io.ReaderAt, at int64, header *format.PageHeader, codec format.CompressionCodec) error {
	skipped, due := int64(0), int64(header.UncompressedPageSize)
	if v2 := &header.DataPageHeaderV2; v2.Valid {
		if v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
			return nil
		}
		skipped = int64(v2.V.DefinitionLevelsByteLength) + int64(v2.V.RepetitionLevelsByteLength)
		if v2.V.DefinitionLevelsByteLength < 0 || v2.V.RepetitionLevelsByteLength < 0 || skipped > min(int64(header.CompressedPageSize), due) {
			return fmt.Errorf("its levels have %d bytes in a page of %d bytes", skipped, header.CompressedPageSize)
		}
		due -= skipped
	}
	left := int64(header.CompressedPageSize) - skipped
	if codec != format.Zstd || left == 0 {
		return nil
	}
	return checkFrame(io.NewSectionReader(file, at+skipped, left), left, due)
}

// maxBlock is the largest content of a compressed Zstandard block, in bytes (RFC 8878,
// section 3.1.1.2).
const maxBlock = 128 << 10

// checkFrame visits each block of a Zstandard frame of size bytes, and adds up the largest
// possible contents. Blocks need not be full, so a frame may pass with several times the
// size that is due. A bomb, which expands each byte thirty thousand times, does not pass.
func checkFrame(file io.ReaderAt, size, due int64) error {
	text, err := readAt(file, 0, min(size, zstd.HeaderMaxSize))
	if err != nil {
		return err
	}
	var frame zstd.Header
	if err := frame.Decode(text); err != nil {
		return fmt.Errorf("its compression: %w", err)
	}
	if frame.Skippable {
		return errors.New("its compressed data does not start with a Zstandard frame")
	}
	at, held := int64(frame.HeaderSize), int64(0)
	for last := false; !last; {
		head, err := readAt(file, at, 3)
		if err != nil {
			return fmt.Errorf("its compression: %w", err)
		}
		block := int64(head[0]) | int64(head[1])<<8 | int64(head[2])<<16
		last = block&1 == 1
		length := block >> 3
		at += 3
		switch block >> 1 & 3 {
		case 0: // as it is
			at, held = at+length, held+length
		case 1: // one byte, so many times
			at, held = at+1, held+length
		case 2: // compressed
			at, held = at+length, held+maxBlock
		default:
			return errors.New("its compressed data has a block of unknown type")
		}
		if held > 4*due+maxBlock {
			return fmt.Errorf("its compressed data expands to more than the expected %d bytes", due)
		}
	}
	if frame.HasCheckSum {
		at += 4
	}
	if at != size {
		return fmt.Errorf("its compressed data ends after %d of %d bytes", at, size)
	}
	return nil
}

func readAt(file io.ReaderAt, at, length int64) ([]byte, error) {
	text := make([]byte, length)
	if n, err := file.ReadAt(text, at); n < len(text) {
		return nil, fmt.Errorf("%d of %d bytes at offset %d: %w", n, length, at, err)
	}
	return text, nil
}

// decode reads a structure at the start of text and returns its length. It first checks
// that no list is longer than the bytes that are there.
func decode(text []byte, into any) (length int, err error) {
	length, err = structureLength(text)
	if err != nil {
		return 0, err
	}
	protocol := new(thrift.CompactProtocol)
	return length, thrift.Unmarshal(protocol, text[:length], into)
}
