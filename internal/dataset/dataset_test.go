package dataset

// This file tests known bytes. An independent program made each digest (Python's struct and
// hashlib over the formulas and over the original IDX data).

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"
)

func float32Digest(x []float32) string {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestSyntheticFirstPixels(t *testing.T) {
	e := Synthetic(31, 10)
	if e.Rows() != 31 || e.Dim != 10 || len(e.X) != 310 || e.Classes != 2 {
		t.Fatalf("shape: %d rows, dim %d, %d pixels, %d classes", e.Rows(), e.Dim, len(e.X), e.Classes)
	}
	for _, c := range []struct {
		i, j  int
		wantK float64
	}{
		{0, 0, 0}, {0, 1, 31}, {0, 8, 248}, {0, 9, 23}, // 279 - 256
		{1, 0, 17}, {1, 1, 48}, {15, 0, 255}, {16, 0, 16}, {30, 9, 21}, // 510 + 279 - 3*256
	} {
		if got, want := e.X[c.i*10+c.j], float32(c.wantK/255); got != want {
			t.Errorf("pixel (%d, %d) = %v, want %v/255 = %v", c.i, c.j, got, c.wantK, want)
		}
	}
	for i, label := range e.Labels {
		if zero := i == 0 || i == 10 || i == 20 || i == 30; zero != (label == 0) || label > 1 {
			t.Errorf("label %d is %d", i, label)
		}
	}
}

// TestPixelDoubleRounding checks the statement at pixel for all arguments.
func TestPixelDoubleRounding(t *testing.T) {
	for k := range 256 {
		if a, b := pixel(k), float32(float64(k)/255); a != b {
			t.Errorf("%d/255 is %v in float32, %v by way of float64", k, a, b)
		}
	}
}

func TestSyntheticBytes(t *testing.T) {
	e := Synthetic(SyntheticRows, SyntheticDim)
	if got, want := float32Digest(e.X), "29ac5fdb71dfce75a659a7f1ba1de3cd97f38bf570bbbdf5b53a646187523769"; got != want {
		t.Errorf("pixels: SHA-256 %s, want %s", got, want)
	}
	labels := sha256.Sum256(e.Labels)
	if got, want := hex.EncodeToString(labels[:]), "1a409dcdf2ee9f26fe6e07d66a4e80e590c25e62151693eacc9ed8fcca14195a"; got != want {
		t.Errorf("labels: SHA-256 %s, want %s", got, want)
	}
	if got, want := Digest(e), "26c6e72a281c2555c6ed155aa5ea237b91874e1eefa143a5e76fd22cbf88e90a"; got != want {
		t.Errorf("Digest = %s, want %s", got, want)
	}
	row := SyntheticInferenceRow(SyntheticDim)
	if row[0] != 0 || row[255] != 1 || row[256] != 0 || row[783] != float32(15)/255 {
		t.Errorf("inference row: %v, %v, %v, %v at 0, 255, 256, 783", row[0], row[255], row[256], row[783])
	}
	if got, want := float32Digest(row), "141e0af15774187c00b2bbb8706b5cf613a1e1a168fd4e14ad8e3470f3956330"; got != want {
		t.Errorf("inference row: SHA-256 %s, want %s", got, want)
	}
}

func TestDigestSeesEveryPart(t *testing.T) {
	base := func() Examples { return Synthetic(12, 6) }
	seen := map[string]string{Digest(base()): "unchanged"}
	for name, change := range map[string]func(*Examples){
		"one pixel, one bit": func(e *Examples) { e.X[40] = math.Nextafter32(e.X[40], 2) },
		"negative zero":      func(e *Examples) { e.X[0] = float32(math.Copysign(0, -1)) },
		"one label":          func(e *Examples) { e.Labels[11] = 0 },
		"classes":            func(e *Examples) { e.Classes = 3 },
		"dim alone":          func(e *Examples) { e.Dim = 3 },
		"a row less":         func(e *Examples) { e.X, e.Labels = e.X[:66], e.Labels[:11] },
	} {
		e := base()
		change(&e)
		d := Digest(e)
		if other, ok := seen[d]; ok {
			t.Errorf("%s: same digest as %s", name, other)
		}
		seen[d] = name
	}
	if first, second := Digest(base()), Digest(base()); first != second {
		t.Error("two digests of the same examples differ")
	}
}

func TestMNISTBytes(t *testing.T) {
	train, test, err := MNIST()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		got         Examples
		rows        int
		firstLabels []uint8
		counts      [10]int
		firstInk    int // sum of the first image's bytes
		digest      string
	}{
		{"train", train, 60_000, []uint8{5, 0, 4, 1, 9},
			[10]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, 27525,
			"b204569a4b3d1259a4b938c0fa365dd283827c7af88f92104baedbcbe3ab565f"},
		{"test", test, 10_000, []uint8{7, 2, 1, 0, 4},
			[10]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, 18454,
			"0607e7378d11aec87a2328eab4620962e0c5d2a577817a6a06b9fdc0e1da6448"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.got.Rows() != c.rows || c.got.Dim != 784 || len(c.got.X) != c.rows*784 || c.got.Classes != 10 {
				t.Fatalf("shape: %d rows, dim %d, %d pixels, %d classes", c.got.Rows(), c.got.Dim, len(c.got.X), c.got.Classes)
			}
			if !slices.Equal(c.got.Labels[:5], c.firstLabels) {
				t.Errorf("first labels %v, want %v", c.got.Labels[:5], c.firstLabels)
			}
			var counts [10]int
			for _, l := range c.got.Labels {
				counts[l]++
			}
			if counts != c.counts {
				t.Errorf("label counts %v, want %v", counts, c.counts)
			}
			ink := 0.0
			for _, x := range c.got.X[:784] {
				ink += float64(x) * 255
			}
			if math.Round(ink) != float64(c.firstInk) {
				t.Errorf("first image sums to %v, want %d", ink, c.firstInk)
			}
			if got := Digest(c.got); got != c.digest {
				t.Errorf("Digest = %s, want %s", got, c.digest)
			}
		})
	}
}

func TestByName(t *testing.T) {
	for _, name := range Names() {
		set, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if set.Name != name {
			t.Errorf("%s: Name is %q", name, set.Name)
		}
		if len(set.ClassicRow) != set.Train.Dim {
			t.Errorf("%s: classic row has %d pixels, training rows %d", name, len(set.ClassicRow), set.Train.Dim)
		}
		for _, e := range []Examples{set.Train, set.Test} {
			if i := slices.IndexFunc(e.X, func(x float32) bool { return !(x >= 0 && x <= 1) }); i >= 0 {
				t.Errorf("%s: pixel %d is %v, outside [0, 1]", name, i, e.X[i])
			}
		}
	}
	synthetic, _ := ByName("mnist-synthetic")
	if synthetic.Train.Rows() != 1000 || synthetic.Test.Rows() != 0 || synthetic.ClassicRow[1] != float32(1)/255 {
		t.Errorf("mnist-synthetic: %d training rows, %d test rows, classic row starts %v",
			synthetic.Train.Rows(), synthetic.Test.Rows(), synthetic.ClassicRow[:2])
	}
	mnist, _ := ByName("mnist")
	if mnist.ClassicRow[202] != float32(84)/255 || mnist.ClassicRow[201] != 0 {
		t.Errorf("mnist: classic row is not the first test image: pixels 201, 202 are %v", mnist.ClassicRow[201:203])
	}
	_, err := ByName("cifar")
	if err == nil {
		t.Fatal("an unknown name is accepted")
	}
	for _, want := range append(Names(), "cifar") {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %q", err, want)
		}
	}
}

func TestShapeIsThatOfTheSet(t *testing.T) {
	for _, name := range Names() {
		set, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		dim, classes, err := Shape(name)
		if err != nil || dim != set.Train.Dim || classes != set.Train.Classes {
			t.Errorf("%s: %d, %d, %v", name, dim, classes, err)
		}
	}
	if _, _, err := Shape("cifar"); err == nil {
		t.Error("an unknown set has a shape")
	}
}
