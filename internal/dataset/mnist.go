package dataset

// This file holds MNIST, embedded. mnist/README.md gives the origin and the licence of the
// files.

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
)

//go:embed mnist/*.gz
var mnistFiles embed.FS

const (
	mnistSide    = 28
	mnistClasses = 10
)

// mnistPart is one part of MNIST, training or test: the names and SHA-256 of its two
// compressed files, and the number of examples.
type mnistPart struct {
	images, imagesSHA256 string
	labels, labelsSHA256 string
	rows                 int
}

var mnistTrain = mnistPart{
	images:       "mnist/train-images-idx3-ubyte.gz",
	imagesSHA256: "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
	labels:       "mnist/train-labels-idx1-ubyte.gz",
	labelsSHA256: "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
	rows:         60_000,
}

var mnistTest = mnistPart{
	images:       "mnist/t10k-images-idx3-ubyte.gz",
	imagesSHA256: "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
	labels:       "mnist/t10k-labels-idx1-ubyte.gz",
	labelsSHA256: "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
	rows:         10_000,
}

// mnistOnce unpacks both parts at the first use: 220 MB as float32, kept until the process
// ends.
var mnistOnce = sync.OnceValues(func() (parts [2]Examples, err error) {
	for i, part := range []mnistPart{mnistTrain, mnistTest} {
		if parts[i], err = part.load(mnistFiles.ReadFile); err != nil {
			return parts, fmt.Errorf("MNIST: %w", err)
		}
	}
	return parts, nil
})

// MNIST returns the 60,000 training and 10,000 test images, 784 pixels each in [0, 1] (the
// byte divided by 255), with labels 0-9. The data is unpacked once and shared, so it is
// read-only. The error means that the binary's copy of the data is damaged. MNIST is safe
// for concurrent use.
func MNIST() (train, test Examples, err error) {
	parts, err := mnistOnce()
	if err != nil {
		return Examples{}, Examples{}, err
	}
	return parts[0], parts[1], nil
}

// load reads, checks and converts the part's two files.
func (p mnistPart) load(readFile func(name string) ([]byte, error)) (Examples, error) {
	images, err := p.file(readFile, p.images, p.imagesSHA256, []int{p.rows, mnistSide, mnistSide})
	if err != nil {
		return Examples{}, err
	}
	labels, err := p.file(readFile, p.labels, p.labelsSHA256, []int{p.rows})
	if err != nil {
		return Examples{}, err
	}
	if i := slices.IndexFunc(labels, func(l byte) bool { return l >= mnistClasses }); i >= 0 {
		return Examples{}, fmt.Errorf("%s: label %d is %d, want 0 to %d", p.labels, i, labels[i], mnistClasses-1)
	}
	x := make([]float32, len(images))
	for i, k := range images {
		x[i] = pixel(int(k))
	}
	return Examples{X: x, Dim: mnistSide * mnistSide, Labels: labels, Classes: mnistClasses}, nil
}

// file returns the elements of one compressed IDX file. The file must have the given digest
// and dimensions.
func (p mnistPart) file(readFile func(name string) ([]byte, error), name, wantSHA256 string, wantDims []int) ([]byte, error) {
	packed, err := readFile(name)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(packed); hex.EncodeToString(sum[:]) != wantSHA256 {
		return nil, fmt.Errorf("%s: SHA-256 is %x, want %s", name, sum, wantSHA256)
	}
	a, err := unpackIDX(packed, elements(wantDims))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !slices.Equal(a.dims, wantDims) {
		return nil, fmt.Errorf("%s: dimensions are %v, want %v", name, a.dims, wantDims)
	}
	return a.data, nil
}

// unpackIDX reads a gzipped IDX file of at most maxElements elements. That number bounds
// the memory, even if the gzip data expands to more.
func unpackIDX(packed []byte, maxElements int) (idx, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return idx{}, err
	}
	return readIDX(r, maxElements)
}

func elements(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
