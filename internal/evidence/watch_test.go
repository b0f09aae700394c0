package evidence

// This file tests that what a run notes is read back as it was, and that a
// stranger's tables are refused where they are no such tables.

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// written makes a bundle that can be opened, and opens it after write.
func written(t *testing.T, write func(*Writer)) *Bundle {
	t.Helper()
	w, err := Create(filepath.Join(t.TempDir(), "bundle"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]any{PlanFile: planOf(t, "a"), EnvironmentFile: Environment{}} {
		if err := w.WriteJSON(name, value); err != nil {
			t.Fatal(err)
		}
	}
	write(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNotesAreReadBack(t *testing.T) {
	value := "1"
	machine := Machine{Replicate: 2, Identity: MachineIdentity{BootID: "b", SHA256: "m"}, CycleNanoseconds: []float64{0.25}}
	look := Inspection{Launch: 3, Contender: "go", Moment: MomentSteady, Environment: []Variable{{Name: "HOME"}, {Name: "GOGC", Value: &value}}, NodePages: map[int]int64{1: 7}}
	closure := Closure{SHA256: "c", Contender: "go", Launch: 3, Files: []MappedFile{{Path: "/lib/a.so", Binary: &Binary{Comments: []string{"GCC"}, Go: &GoBuild{Version: "go1"}}}}}
	scores := Scores{Launch: 3, Asked: ScoresUnit, Float32: []byte{1, 2, 3, 4}, Difference: 1e-7}
	hard := HardRows{Launch: 3, Labels: []byte{0, 1}, Expected: []byte{1, 1}, Suspects: []Suspect{{Corner: "always 1", Same: 1}}}
	b := written(t, func(w *Writer) {
		for _, row := range []Noted{machine, look, closure, scores, hard} {
			if err := w.Note(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.ObserveBlock(Block{Replicate: 1, Watch: &BlockWatch{Compilers: []string{"cc1"}}}); err != nil {
			t.Fatal(err)
		}
	})
	machine.Kind, look.Kind, closure.Kind, scores.Kind, hard.Kind = kindMachine, kindInspection, kindClosure, kindScores, kindHardRows
	for _, pair := range [][2]any{
		{b.Machines, []Machine{machine}}, {b.Inspections, []Inspection{look}}, {b.Closures, map[string]Closure{"c": closure}},
		{b.Scores, []Scores{scores}}, {b.HardRows, []HardRows{hard}}, {b.Blocks[0].Watch.Compilers, []string{"cc1"}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("read %+v, written %+v", pair[0], pair[1])
		}
	}
}

func TestTablesAreReadBack(t *testing.T) {
	seven, first := int64(7), int32(11)
	requests := []Request{
		{Launch: 5, Op: "load", Model: "model", ModelSHA256: "d"},
		{Launch: 5, Op: "infer", Phase: PhaseLong, Inputs: 9, First: &first, Step: &first, Want: true, Labels: 4, Checked: true, MinorFaults: &seven},
	}
	files := []InputsFile{{Number: 9, Drawn: "rows", Values: 800, Bytes: 3200, SHA256: "e"}}
	b := written(t, func(w *Writer) {
		if err := w.WriteRequests(5, "go", requests); err != nil {
			t.Fatal(err)
		}
		if err := w.WriteInputs("", 1, files); err != nil {
			t.Fatal(err)
		}
	})
	if got, err := b.Requests(5, "go"); err != nil || !reflect.DeepEqual(got, requests) {
		t.Errorf("requests %+v, %v", got, err)
	}
	if got, err := b.Inputs(1); err != nil || !reflect.DeepEqual(got, files) {
		t.Errorf("inputs %+v, %v", got, err)
	}
}

func TestStrangeTablesAreRefused(t *testing.T) {
	b := written(t, func(w *Writer) {
		if err := w.WriteInputs("", 1, []InputsFile{{Number: 1}}); err != nil {
			t.Fatal(err)
		}
	})
	good, err := os.ReadFile(filepath.Join(b.Dir, InputsDigestsFile("", 1)))
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string][]byte{"nothing": nil, "no table": []byte("PAR1 or not"), "half a table": good[:len(good)/2], "another table": good} {
		if err := WriteAtomic(filepath.Join(b.Dir, RequestsFile(1, "go")), content); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Requests(1, "go"); err == nil || !strings.Contains(err.Error(), "0001-go.parquet") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
