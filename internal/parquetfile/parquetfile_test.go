package parquetfile

// This file tests that honest files are opened and that those which ask for more than
// they hold are refused, with little memory.

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

type row struct {
	Name  string `parquet:"name,dict"`
	Value int64  `parquet:"value"`
	Other *int64 `parquet:"other,optional"`
}

// honest is a file of so many rows, with several pages and blocks a column where
// there are many.
func honest(t testing.TB, rows int, compression parquet.WriterOption) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]row, rows)
	for i := range list {
		list[i] = row{Name: string(rune('a' + i%3)), Value: random.Int64N(1 << 20)}
		if i%5 == 0 {
			list[i].Other = &list[i].Value
		}
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, list, compression); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestHonestFilesAreOpened(t *testing.T) {
	for _, rows := range []int{1, 100, 300_000} {
		for name, compression := range map[string]parquet.WriterOption{"zstd": parquet.Compression(&parquet.Zstd), "none": parquet.Compression(&parquet.Uncompressed)} {
			data := honest(t, rows, compression)
			file, err := Open(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Errorf("%d rows, compression %s: %v", rows, name, err)
			} else if file.NumRows() != int64(rows) {
				t.Errorf("%d rows, compression %s: %d rows were read", rows, name, file.NumRows())
			}
		}
	}
}

// withFooter is the file with another footer.
func withFooter(t *testing.T, data []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	end := len(data) - trailer
	start := end - int(binary.LittleEndian.Uint32(data[end:]))
	protocol := new(thrift.CompactProtocol)
	var footer format.FileMetaData
	if err := thrift.Unmarshal(protocol, data[start:end], &footer); err != nil {
		t.Fatal(err)
	}
	change(&footer)
	text, err := thrift.Marshal(protocol, footer)
	if err != nil {
		t.Fatal(err)
	}
	return ended(bytes.Clone(data[:start]), text)
}

// ended puts a footer's text at the end of a file.
func ended(data, footer []byte) []byte {
	data = append(data, footer...)
	return append(binary.LittleEndian.AppendUint32(data, uint32(len(footer))), magic...)
}

// withPage is the file with another header of its first page, as long as before.
func withPage(t *testing.T, data []byte, change func(*format.PageHeader)) []byte {
	t.Helper()
	protocol := new(thrift.CompactProtocol)
	length, err := structureLength(data[len(magic):])
	if err != nil {
		t.Fatal(err)
	}
	var header format.PageHeader
	if err := thrift.Unmarshal(protocol, data[len(magic):len(magic)+length], &header); err != nil {
		t.Fatal(err)
	}
	change(&header)
	text, err := thrift.Marshal(protocol, header)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(append([]byte{}, data[:len(magic)]...), text...), data[len(magic)+length:]...)
}

func TestFilesThatAskForMoreThanTheyHoldAreRefused(t *testing.T) {
	data := honest(t, 100, parquet.Compression(&parquet.Zstd))
	// A structure with one field, a list of 2^31-1 structures.
	list := append([]byte{0x49, 0xfc}, 0xff, 0xff, 0xff, 0xff, 0x07)
	for name, hostile := range map[string][]byte{
		"an empty file":           {},
		"eight bytes":             []byte("PAR1PAR1"),
		"a footer of 800 MB":      append(make([]byte, 1000), "PAR1PAR1"...),
		"a footer with two lists": ended([]byte(magic), list),
		"nested for ever":         ended([]byte(magic), bytes.Repeat([]byte{0x1c}, 5000)),
		"a page of 2 GB":          withPage(t, data, func(h *format.PageHeader) { h.CompressedPageSize = 1<<31 - 1 }),
		"2 GB in a page":          withPage(t, data, func(h *format.PageHeader) { h.UncompressedPageSize = 1<<31 - 1 }),
		"no kind of page":         withPage(t, data, func(h *format.PageHeader) { h.DictionaryPageHeader.Valid = false }),
		"two billion values": withPage(t, data, func(h *format.PageHeader) {
			h.DictionaryPageHeader.V.NumValues = 1<<31 - 1
		}),
		"another compression":  withFooter(t, data, func(f *format.FileMetaData) { f.RowGroups[0].Columns[0].MetaData.Codec = format.Brotli }),
		"pages past the end":   withFooter(t, data, func(f *format.FileMetaData) { f.RowGroups[0].Columns[1].MetaData.TotalCompressedSize = 1 << 40 }),
		"an index of 2 GB":     withFooter(t, data, func(f *format.FileMetaData) { f.RowGroups[0].Columns[0].OffsetIndexLength = 1<<31 - 1 }),
		"fewer rows than none": withFooter(t, data, func(f *format.FileMetaData) { f.NumRows = -1 }),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(bytes.NewReader(hostile), int64(len(hostile)))
		runtime.ReadMemStats(&after)
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v", name, err)
		}
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
			t.Errorf("%s: %d MB allocated", name, allocated>>20)
		}
	}
}

// A frame of blocks that are one byte so many times holds more than its page says.
func TestBombsAreRefused(t *testing.T) {
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := bytes.Repeat([]byte("abcdefgh"), 1000)
	frame := encoder.EncodeAll(plain, nil)
	open := func(frame []byte, due int) error {
		return checkFrame(bytes.NewReader(frame), int64(len(frame)), int64(due))
	}
	if err := open(frame, len(plain)); err != nil {
		t.Errorf("an honest frame: %v", err)
	}
	if err := open(append(bytes.Clone(frame), frame...), len(plain)); err == nil {
		t.Error("two frames were accepted")
	}
	if err := open(frame[:len(frame)-6], len(plain)); err == nil {
		t.Error("half a frame was accepted")
	}
	bomb := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58} // the magic, no flags, a window of 2 MB
	for block := range 1000 {
		head := uint32(maxBlock)<<3 | 1<<1
		if block == 999 {
			head |= 1
		}
		bomb = append(bomb, byte(head), byte(head>>8), byte(head>>16), 'x')
	}
	decoder, err := zstd.NewReader(bytes.NewReader(bomb))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	if n, err := io.Copy(io.Discard, decoder); err != nil || n != 1000*maxBlock {
		t.Fatalf("the bomb is none: %d bytes, %v", n, err)
	}
	if err := open(bomb, 1000); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a bomb: error %v", err)
	}
}
