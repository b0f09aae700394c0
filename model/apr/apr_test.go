// This file holds the tests of the format against files of the crate.

package apr

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// golden is the crate's output for its model.
type golden struct {
	Inputs      [][]float32
	Predictions []struct {
		Label int
		Bits  string `json:"proba1_bits"`
	}
}

func goldenOf(t *testing.T, name string) golden {
	var g golden
	if err := json.Unmarshal(fixture(t, name), &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Inputs) != 13 || len(g.Predictions) != 13 {
		t.Fatalf("%s has %d inputs and %d predictions", name, len(g.Inputs), len(g.Predictions))
	}
	return g
}

// probability is the crate's arithmetic: one float32 chain from the intercept.
func probability(m LogisticRegression, x []float32) float32 {
	z := m.Intercept
	for j, w := range m.Weights {
		z += float32(w * x[j])
	}
	return 1 / (1 + float32(math.Exp(float64(-z))))
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestFilesOfTheCratePredictItsBits(t *testing.T) {
	for file, values := range map[string]string{
		"lr4_none.apr":        "lr4_0.11.0.json",
		"lr4_meta_none.apr":   "lr4_0.11.0.json",
		"lr4_zstd3.apr":       "lr4_0.11.0.json",
		"lr4_signed_none.apr": "lr4_0.11.0.json",
		"lr4_none_0.72.3.apr": "lr4_0.72.3.json",
	} {
		m, meta, err := Decode(fixture(t, file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if meta.CreatedAt != "1764274185" || !strings.HasPrefix(meta.ModelName, "lr4") {
			t.Errorf("%s: metadata %+v", file, meta)
		}
		if m.LearningRate != 0.1 || m.Iterations != 500 || m.Tolerance != 1e-6 {
			t.Errorf("%s: rate %v, iterations %v, tolerance %v", file, m.LearningRate, m.Iterations, m.Tolerance)
		}
		g := goldenOf(t, values)
		for i, x := range g.Inputs {
			got := fmt.Sprintf("%08x", math.Float32bits(probability(m, x)))
			if label := one(probability(m, x) >= 0.5); label != g.Predictions[i].Label {
				t.Errorf("%s: input %d has label %d, the crate gave %d", file, i, label, g.Predictions[i].Label)
			}
			if got != g.Predictions[i].Bits {
				t.Errorf("%s: input %d has probability %s, the crate gave %s", file, i, got, g.Predictions[i].Bits)
			}
		}
	}
}

func TestDecodeReadsEveryField(t *testing.T) {
	m, meta, err := Decode(fixture(t, "lr4_balanced_l2_minibatch3_none.apr"))
	if err != nil {
		t.Fatal(err)
	}
	want := LogisticRegression{
		Fitted: true, Weights: m.Weights, Intercept: m.Intercept,
		LearningRate: 0.1, Iterations: 500, Tolerance: 1e-6,
		ClassWeight: BalancedClasses, L2: 0.01, Mode: MiniBatch, BatchSize: 3,
	}
	if diff := cmp.Diff(want, m); diff != "" || len(m.Weights) != 4 {
		t.Errorf("%d weights; %s", len(m.Weights), diff)
	}
	if meta.Version != "0.72.3" {
		t.Errorf("written by %q", meta.Version)
	}
	if m, _, err := Decode(fixture(t, "lr_unfitted_none.apr")); err != nil || m.Fitted || m.Iterations != 1000 {
		t.Errorf("unfitted: %+v, %v", m, err)
	}
	if m, _, err := Decode(fixture(t, "lr784_lz4_0.72.3.apr")); err != nil || len(m.Weights) != 784 {
		t.Errorf("lz4: %d weights, %v", len(m.Weights), err)
	}
	if _, meta, err := Decode(fixture(t, "lr4_meta_none.apr")); err != nil || !strings.HasPrefix(meta.Description, "tiny logistic regression") {
		t.Errorf("description %q, %v", meta.Description, err)
	}
}

// Encode writes the crate's long form byte for byte.
func TestEncodeWritesTheCratesBytes(t *testing.T) {
	for _, name := range []string{"lr4_none_0.72.3.apr", "lr4_balanced_l2_minibatch3_none.apr"} {
		want := fixture(t, name)
		m, meta, err := Decode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Encode(m, meta)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestEncodeAndDecodeAgree(t *testing.T) {
	for _, m := range []LogisticRegression{
		{LearningRate: 1},
		{Fitted: true, Weights: []float32{1, -2, 3}, Intercept: 4, LearningRate: 5, Iterations: 6, Tolerance: 7,
			ClassWeight: ManualClasses, ManualWeights: []float32{8, 9}, L2: 10, Mode: Stochastic},
	} {
		file, err := Encode(m, Metadata{Description: strings.Repeat("long ", 20)})
		if err != nil {
			t.Fatal(err)
		}
		got, meta, err := Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Error(diff)
		}
		if meta.CreatedAt != "0" || meta.Version != writtenVersion || len(meta.Description) != 100 {
			t.Errorf("metadata %+v", meta)
		}
	}
	for _, m := range []LogisticRegression{{Weights: []float32{1}}, {ClassWeight: 3}, {Mode: 3}} {
		if _, err := Encode(m, Metadata{}); err == nil {
			t.Errorf("%+v was written", m)
		}
	}
}

// forged returns a valid file after change, with a corrected checksum.
func forged(t testing.TB, change func([]byte) []byte) []byte {
	file := fixture(t, "lr4_none.apr")
	body := change(file[:len(file)-checksumSize])
	return binary.LittleEndian.AppendUint32(body, crc32.ChecksumIEEE(body))
}

func TestDecodeRefusesDamage(t *testing.T) {
	set := func(at int, values ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], values); return b }
	}
	payload := len(fixture(t, "lr4_none.apr")) - checksumSize - 45
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"empty":         {nil, "too short"},
		"magic":         {forged(t, set(0, 'X')), "offset 0: magic"},
		"checksum":      {append(fixture(t, "lr4_none.apr"), 0), "checksum"},
		"version":       {forged(t, set(4, 2)), "offset 4"},
		"type":          {fixture(t, "linreg3_none.apr"), "offset 6"},
		"metadata size": {forged(t, set(8, 0xff, 0xff, 0xff, 0xff)), "offset 8"},
		"payload size":  {forged(t, set(12, 0xff, 0xff, 0xff, 0xff)), "offset 12"},
		"expanded size": {forged(t, set(16, 46)), "offset 16"},
		"bomb":          {forged(t, set(16, 0xff, 0xff, 0xff, 0xff)), "offset 16"},
		"compression":   {forged(t, set(20, 9)), "offset 20"},
		"not zstd":      {forged(t, set(20, 1)), "expand"},
		"not lz4":       {forged(t, set(20, 3)), "expand"},
		"encrypted":     {fixture(t, "lr4_password_none.apr"), "encrypted"},
		"quantised":     {forged(t, set(21, 32)), "quantised"},
		"metadata":      {forged(t, set(32, 0xc1)), "offset 33: the metadata"},
		"option":        {forged(t, set(payload, 2)), "payload offset 0"},
		"weights":       {forged(t, set(payload+1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)), "payload offset 1"},
		"more weights":  {forged(t, set(payload+1, 5, 1)), "payload offset 9"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Decode(c.file)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v does not say %q in one line", err, c.says)
			}
		})
	}
}

// Encode must be able to write everything that Decode accepts.
func FuzzDecode(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "*.apr"))
	if err != nil || len(names) == 0 {
		f.Fatal("no files to start from", err)
	}
	for _, name := range names {
		f.Add(fixture(f, filepath.Base(name)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > checksumSize { // else the checksum would stop all that is new
			body := file[:len(file)-checksumSize]
			file = binary.LittleEndian.AppendUint32(body[:len(body):len(body)], crc32.ChecksumIEEE(body))
		}
		m, meta, err := Decode(file)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("not one line: %q", err)
			}
			return
		}
		again, err := Encode(m, meta)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Decode(again); err != nil {
			t.Fatal(err)
		}
	})
}
