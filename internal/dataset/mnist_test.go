package dataset

// This file tests that damaged files and untrusted IDX data are refused.

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// idxBytes builds an IDX file. The length of the data need not match the dimensions.
func idxBytes(dims []uint32, data []byte) []byte {
	b := []byte{0, 0, idxUint8, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return append(b, data...)
}

func gzipBytes(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestMNISTTampered flips single bits in the data, and in the gzip header, where the
// unpacked data stays the same.
func TestMNISTTampered(t *testing.T) {
	for _, name := range []string{mnistTest.images, mnistTest.labels} {
		for _, offset := range []int{5, 1000, -1} {
			t.Run(fmt.Sprintf("%s/%d", name, offset), func(t *testing.T) {
				_, err := mnistTest.load(func(n string) ([]byte, error) {
					b, err := mnistFiles.ReadFile(n)
					if n == name {
						b = slices.Clone(b)
						b[(offset+len(b))%len(b)] ^= 1
					}
					return b, err
				})
				if err == nil || !strings.Contains(err.Error(), name) {
					t.Errorf("error %v, want one that names %s", err, name)
				}
			})
		}
	}
}

// TestMNISTPartRefuses reads files with the right digest and the wrong content.
func TestMNISTPartRefuses(t *testing.T) {
	images := idxBytes([]uint32{1, 28, 28}, make([]byte, 784))
	for name, c := range map[string]struct {
		images, labels []byte
		want           string
	}{
		"other dimensions": {idxBytes([]uint32{1, 784}, make([]byte, 784)), idxBytes([]uint32{1}, []byte{7}), "dimensions"},
		"label 10":         {images, idxBytes([]uint32{1}, []byte{10}), "label 0 is 10"},
		"gzip bomb":        {images, idxBytes([]uint32{1}, make([]byte, 1<<20)), "offset 9"},
		"none wrong":       {images, idxBytes([]uint32{1}, []byte{9}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{"i": gzipBytes(t, c.images), "l": gzipBytes(t, c.labels)}
			digest := func(n string) string { s := sha256.Sum256(files[n]); return hex.EncodeToString(s[:]) }
			part := mnistPart{images: "i", imagesSHA256: digest("i"), labels: "l", labelsSHA256: digest("l"), rows: 1}
			_, err := part.load(func(n string) ([]byte, error) { return files[n], nil })
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestMNISTReadme checks the table in the README beside the files.
func TestMNISTReadme(t *testing.T) {
	readme, err := os.ReadFile("mnist/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []mnistPart{mnistTrain, mnistTest} {
		for _, name := range []string{part.images, part.labels} {
			packed, err := mnistFiles.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			r, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			row := fmt.Sprintf("| `%s` | `%x` | `%x` |", strings.TrimPrefix(name, "mnist/"), sha256.Sum256(packed), sha256.Sum256(unpacked))
			if !bytes.Contains(readme, []byte(row)) {
				t.Errorf("mnist/README.md lacks the row\n%s", row)
			}
		}
	}
}

func TestReadIDX(t *testing.T) {
	got, err := readIDX(bytes.NewReader(idxBytes([]uint32{2, 3}, []byte{1, 2, 3, 4, 5, 6})), 6)
	if err != nil || !slices.Equal(got.dims, []int{2, 3}) || !slices.Equal(got.data, []byte{1, 2, 3, 4, 5, 6}) {
		t.Errorf("readIDX = %v, %v", got, err)
	}
}

func TestReadIDXRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		file   []byte
		offset int
		eof    bool
	}{
		"empty":            {nil, 0, true},
		"short magic":      {[]byte{0, 0, 8}, 3, true},
		"not IDX":          {[]byte("PK\x03\x04"), 0, false},
		"float elements":   {[]byte{0, 0, 0x0d, 1, 0, 0, 0, 1, 0, 0, 0, 0}, 2, false},
		"no dimensions":    {[]byte{0, 0, 8, 0}, 3, false},
		"too many":         {[]byte{0, 0, 8, 9}, 3, false},
		"short dimension":  {[]byte{0, 0, 8, 2, 0, 0, 0, 1, 0, 0}, 10, true},
		"zero dimension":   {idxBytes([]uint32{3, 0}, nil), 8, false},
		"too large":        {idxBytes([]uint32{101}, make([]byte, 101)), 4, false},
		"product overflow": {idxBytes([]uint32{1 << 31, 1 << 31, 4}, nil), 4, false},
		"claims 4 GB":      {idxBytes([]uint32{1<<32 - 1}, nil), 4, false},
		"short data":       {idxBytes([]uint32{2, 5}, make([]byte, 9)), 12 + 9, true},
		"trailing byte":    {idxBytes([]uint32{10}, make([]byte, 11)), 8 + 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readIDX(iotest.OneByteReader(bytes.NewReader(c.file)), 100)
			if err == nil {
				t.Fatal("accepted")
			}
			if want := fmt.Sprintf("idx: offset %d: ", c.offset); !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error %q, want it to start with %q", err, want)
			}
			if errors.Is(err, io.ErrUnexpectedEOF) != c.eof {
				t.Errorf("error %q: is io.ErrUnexpectedEOF is %v, want %v", err, !c.eof, c.eof)
			}
		})
	}
}

// TestReadIDXBelievesNothing reads a short file whose header claims 2 GB, which is within
// the limit. It must allocate no more than a short file needs.
func TestReadIDXBelievesNothing(t *testing.T) {
	file := idxBytes([]uint32{1 << 31}, make([]byte, 1000))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readIDX(bytes.NewReader(file), math.MaxInt32+1)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want one that is io.ErrUnexpectedEOF", err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
		t.Errorf("%d bytes allocated for a file of %d", allocated, len(file))
	}
}

func FuzzReadIDX(f *testing.F) {
	f.Add(idxBytes([]uint32{2, 3}, []byte{1, 2, 3, 4, 5, 6}))
	f.Add(idxBytes([]uint32{1 << 31, 1 << 31}, nil))
	f.Add(idxBytes([]uint32{10}, make([]byte, 9)))
	f.Add([]byte{0, 0, 8})
	const limit = 4096
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := readIDX(bytes.NewReader(file), limit)
		if err != nil {
			if a.dims != nil || a.data != nil {
				t.Errorf("an array beside the error %v", err)
			}
			if !strings.HasPrefix(err.Error(), "idx: offset ") {
				t.Errorf("error %q names no offset", err)
			}
			return
		}
		if n := elements(a.dims); n != len(a.data) || n < 1 || n > limit {
			t.Errorf("dimensions %v with %d bytes", a.dims, len(a.data))
		}
		dims := make([]uint32, len(a.dims))
		for i, d := range a.dims {
			dims[i] = uint32(d)
		}
		if !bytes.Equal(idxBytes(dims, a.data), file) {
			t.Error("the array written again is not the file")
		}
	})
}
