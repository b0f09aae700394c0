// Package layering holds one test: that packages import only downwards.
package layering

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers lists the packages from the bottom up. A package may import packages of
// lower layers and no others. A name stands for its subpackages too, unless they
// have a place of their own; "engines/*" stands for the packages right below engines.
var layers = [][]string{
	{"docs/schemas", "internal/testtier", "internal/sourcedigest", "internal/parquetfile", "internal/draw", "internal/stats", "internal/spawn", "internal/interval", "internal/dataset", "model/kernel", "engines", "model/safetensors", "model/onnx", "model/apr"},
	{"model"},
	{"cupel"},
	{"internal/protocol", "internal/version", "internal/published"},
	{"internal/suite", "internal/contender", "internal/reference"},
	{"internal/evidence", "internal/workload", "engines/go"},
	{"internal/observe", "internal/provision", "internal/sandbox", "internal/launch", "internal/estimate", "engines/*", "internal/fake"},
	{"internal/audit", "internal/host"},
	{"internal/measure", "internal/report", "internal/compare", "internal/verify", "internal/conformance", "internal/enginetest", "internal/goengines"},
	{"internal/bundletest", "internal/calibrate", "internal/session"},
	{"internal/cli", "internal/corpus", "internal/howto"},
	{"cmd/cupel"},
}

// barred are imports that the layers would allow: audit and report see the bundle
// only, so that they say the same of a stranger's.
var barred = map[string][]string{
	"internal/report":  {"internal/launch", "internal/sandbox", "internal/observe", "internal/provision", "internal/host", "internal/fake"},
	"internal/compare": {"internal/launch", "internal/sandbox", "internal/observe", "internal/provision", "internal/host", "internal/measure", "internal/fake"},
	"internal/audit":   {"internal/launch", "internal/observe", "internal/provision", "internal/sandbox", "internal/host", "internal/measure", "internal/fake"},
}

// allowed are all imports of packages whose worth is what they do without, so that one
// that is added tomorrow is not let in by being nowhere named.
var allowed = map[string][]string{
	// verify has none of the code that writes bundles and results: but the published
	// shapes, and what looks at a Parquet file before it is read and makes no figure.
	"internal/verify": {"docs/schemas", "internal/parquetfile"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestPackagesImportDownwardsOnly(t *testing.T) {
	command := exec.Command("go", "list", "-json=ImportPath,Imports", "cupel/...")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var listed goPackage
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		for _, fault := range faults(listed) {
			t.Error(fault)
		}
	}
	if seen < 15 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

func faults(listed goPackage) []string {
	name := strings.TrimPrefix(listed.ImportPath, "cupel/")
	if name == "internal/layering" {
		return nil
	}
	rank := rankOf(name)
	if rank < 0 {
		return []string{name + " has no place in the layers; give it one"}
	}
	var found []string
	for _, path := range listed.Imports {
		imported, own := strings.CutPrefix(path, "cupel/")
		if !own && imported != "cupel" {
			continue
		}
		if rankOf(imported) >= rank {
			found = append(found, name+" imports "+imported+", which is not below it")
		}
		if slices.Contains(barred[name], imported) {
			found = append(found, name+" imports "+imported+", which it must not see")
		}
		if few, strict := allowed[name]; strict && !slices.Contains(few, imported) {
			found = append(found, name+" imports "+imported+", which is not among the few that it may: "+strings.Join(few, ", "))
		}
	}
	return found
}

func rankOf(name string) int {
	for ; name != "."; name = parent(name) {
		for rank, layer := range layers {
			if slices.Contains(layer, name) || slices.Contains(layer, parent(name)+"/*") {
				return rank
			}
		}
	}
	return -1
}

func parent(name string) string {
	if at := strings.LastIndexByte(name, '/'); at >= 0 {
		return name[:at]
	}
	return "."
}

func TestFaultsAreFound(t *testing.T) {
	for _, listed := range []goPackage{
		{"cupel/internal/stats", []string{"cupel/internal/suite"}},
		{"cupel/internal/report", []string{"cupel/internal/launch"}},
		{"cupel/internal/launch", []string{"cupel/internal/provision"}},
		{"cupel/internal/verify", []string{"cupel/internal/evidence"}},
		{"cupel/internal/verify", []string{"cupel/internal/dataset"}},
		{"cupel/internal/verify", []string{"cupel/docs/schemas", "cupel/internal/parquetfile/inside"}},
		{"cupel/somewhere", nil},
	} {
		if len(faults(listed)) != 1 {
			t.Errorf("%v: %v", listed, faults(listed))
		}
	}
	for _, listed := range []goPackage{
		{"cupel/internal/cli", []string{"cupel/internal/measure", "fmt"}},
		{"cupel/internal/verify", []string{"cupel/docs/schemas", "cupel/internal/parquetfile", "fmt"}},
	} {
		if found := faults(listed); len(found) > 0 {
			t.Error(found)
		}
	}
}
