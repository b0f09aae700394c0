// Package parquetfile opens Parquet files that may be a stranger's.
//
// A Parquet file says in its headers how much there is to come, and a library that
// believes it makes room for two gigabytes at the word of ten bytes, which ends a
// program without an error. So before the library reads a file, everything that it
// makes room by is looked at here: the footer, the page index and every page's header
// must fit the bytes that are there, and pages must be of the size, the encodings and
// the compression of those that cupel writes. What is opened takes at most [MaxPage]
// bytes a page that is being read, some [maxFooter] hundredfold for the footer, and
// else memory by what is read from it.
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
	// MaxPage bounds a page, as it lies in the file and decompressed: cupel's have a
	// quarter of a megabyte.
	MaxPage = 16 << 20
	// maxFooter bounds the footer: cupel's have some kilobytes.
	maxFooter = 256 << 10
	// maxIndex bounds a column's part of the page index.
	maxIndex = 1 << 20
	// maxHeader bounds a page's header.
	maxHeader = 64 << 10
	// maxValues bounds the values of a page.
	maxValues = 1 << 24

	magic   = "PAR1"
	trailer = 8 // the footer's length and the magic
)

// Open opens a file of so many bytes. Errors have one line; a file that the library
// gives up on by a panic is an error too.
func Open(file io.ReaderAt, size int64) (opened *parquet.File, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			opened, err = nil, fmt.Errorf("no readable Parquet file: %v", fault)
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
		return nil, fmt.Errorf("it says that it has %d bytes, at most %d are read here", length, most)
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
		return nil, fmt.Errorf("it says that there are %d rows in %d groups", footer.NumRows, len(footer.RowGroups))
	}
	return footer, nil
}

// checkChunk looks at a column's part of a row group: its index and its pages.
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
			return fmt.Errorf("a page index of %d bytes at offset %d", index.length, index.at)
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
		return fmt.Errorf("%d bytes at offset %d, in a file of %d", meta.TotalCompressedSize, first, size)
	}
	return checkPages(file, first, first+meta.TotalCompressedSize, meta.Codec)
}

// within reports whether so many bytes at an offset lie in a file.
func within(at, length, size int64) bool {
	return at >= int64(len(magic)) && length >= 0 && at <= size && length <= size-at
}

// checkPages looks at the headers of the pages between two offsets.
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

// checkPage looks at one page's header, of which so many bytes may follow.
func checkPage(header *format.PageHeader, left int64) error {
	if n := int64(header.CompressedPageSize); n < 0 || n > min(left, MaxPage) {
		return fmt.Errorf("%d bytes, where there are %d and at most %d are read", n, left, MaxPage)
	}
	if n := header.UncompressedPageSize; n < 0 || n > MaxPage {
		return fmt.Errorf("%d bytes decompressed, at most %d are read", n, MaxPage)
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
		return errors.New("it is neither of data nor a dictionary")
	}
	if values < 0 || values > maxValues {
		return fmt.Errorf("%d values, at most %d are read", values, maxValues)
	}
	switch encoding {
	case format.Plain, format.RLE, format.RLEDictionary, format.DeltaLengthByteArray:
		return nil
	}
	return fmt.Errorf("its encoding is %v, which cupel does not write", encoding)
}

// checkCompressed looks at how much a compressed page says it holds: as much as its
// header says, since else it may be a bomb.
func checkCompressed(file io.ReaderAt, at int64, header *format.PageHeader, codec format.CompressionCodec) error {
	skipped, due := int64(0), int64(header.UncompressedPageSize)
	if v2 := &header.DataPageHeaderV2; v2.Valid {
		if v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
			return nil
		}
		skipped = int64(v2.V.DefinitionLevelsByteLength) + int64(v2.V.RepetitionLevelsByteLength)
		if v2.V.DefinitionLevelsByteLength < 0 || v2.V.RepetitionLevelsByteLength < 0 || skipped > min(int64(header.CompressedPageSize), due) {
			return fmt.Errorf("levels of %d bytes in a page of %d", skipped, header.CompressedPageSize)
		}
		due -= skipped
	}
	left := int64(header.CompressedPageSize) - skipped
	if codec != format.Zstd || left == 0 {
		return nil
	}
	return checkFrame(io.NewSectionReader(file, at+skipped, left), left, due)
}

// maxBlock is the most that a compressed block of Zstandard holds (RFC 8878,
// section 3.1.1.2).
const maxBlock = 128 << 10

// checkFrame goes from block to block of a Zstandard frame of so many bytes and adds
// up what they hold at most. Blocks need not be full, so some times more than is due
// passes; a bomb, of which each byte becomes thirty thousand, does not.
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
		return errors.New("its compression begins with a frame of something else")
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
			return errors.New("its compression has a block of no known kind")
		}
		if held > 4*due+maxBlock {
			return fmt.Errorf("its compression holds more than the %d bytes that are due", due)
		}
	}
	if frame.HasCheckSum {
		at += 4
	}
	if at != size {
		return fmt.Errorf("its compression ends after %d of %d bytes", at, size)
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

// decode reads a structure at the beginning of text, once it is known that no list in
// it is longer than the bytes that are there, and returns its length.
func decode(text []byte, into any) (length int, err error) {
	length, err = structureLength(text)
	if err != nil {
		return 0, err
	}
	protocol := new(thrift.CompactProtocol)
	return length, thrift.Unmarshal(protocol, text[:length], into)
}
