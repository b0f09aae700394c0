// Package layering holds two tests: that packages import only downwards, and that those
// that read bundles start no process.
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
	{"docs/schemas", "internal/testtier", "internal/markup", "internal/sourcedigest", "internal/parquetfile", "internal/draw", "internal/stats", "internal/spawn", "internal/interval", "internal/dataset", "model/kernel", "engines", "model/safetensors", "model/onnx", "model/apr"},
	{"model"},
	{"cupel"},
	{"internal/protocol", "internal/version", "internal/audit/published/publication"},
	{"internal/suite", "internal/contender", "internal/reference"},
	{"internal/evidence", "engines/go"},
	{"internal/workload"},
	{"internal/observe", "internal/provision", "internal/sandbox", "internal/launch", "internal/estimate", "engines/*", "internal/fake"},
	{"internal/audit", "internal/host"},
	{"internal/audit/results", "internal/audit/published"},
	{"internal/audit/points", "internal/audit/forensic"},
	{"internal/audit/judge"},
	{"internal/measure", "internal/report", "internal/compare", "internal/verify", "internal/conformance", "internal/enginetest", "internal/goengines"},
	{"internal/recheck", "internal/audit/export", "internal/bundletest", "internal/calibrate"},
	{"internal/session"},
	{"internal/cli", "internal/corpus", "internal/howto"},
	{"cmd/cupel"},
}

// readers see bundles and published files and nothing of this machine, so that they say
// the same of a stranger's: neither they nor anything of ours that they import may start
// a process.
var readers = []string{"internal/estimate", "internal/audit", "internal/verify", "internal/report", "internal/compare", "internal/recheck"}

// allowed are all imports of packages whose worth is what they do without, so that one
// that is added tomorrow is not let in by being nowhere named.
var allowed = map[string][]string{
	// verify has none of the code that writes bundles and results: but the published
	// shapes, and what looks at a Parquet file before it is read and makes no figure.
	"internal/verify": {"docs/schemas", "internal/parquetfile"},
	// A stranger's figures are judged by arithmetic alone: no bundle, no estimate.
	"internal/audit/published":             {"internal/audit", "internal/audit/published/publication", "internal/interval", "internal/stats"},
	"internal/audit/published/publication": {"internal/interval", "internal/protocol"},
	// Points and rules know nothing of each other: what both need is a fact of the case.
	"internal/audit/forensic": {"internal/audit", "internal/audit/results", "internal/estimate", "internal/evidence", "internal/stats", "internal/suite"},
	"internal/audit/export":   {"internal/audit", "internal/audit/forensic", "internal/audit/published", "internal/markup", "internal/report", "internal/stats"},
	"internal/audit/judge":    {"internal/audit", "internal/audit/forensic", "internal/audit/points", "internal/audit/published", "internal/audit/published/publication", "internal/estimate", "internal/protocol"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestPackagesImportDownwardsOnly(t *testing.T) {
	packages := listed(t)
	for _, one := range packages {
		for _, fault := range faults(one) {
			t.Error(fault)
		}
	}
	if len(packages) < 15 {
		t.Errorf("only %d packages were looked at", len(packages))
	}
}

func TestReadersStartNoProcess(t *testing.T) {
	packages := listed(t)
	for path := range packages {
		name := strings.TrimPrefix(path, "cupel/")
		if !slices.ContainsFunc(readers, func(reader string) bool { return name == reader || strings.HasPrefix(name, reader+"/") }) {
			continue
		}
		if way := wayToProcesses(packages, path); way != nil {
			t.Errorf("a reader of bundles may start processes: %s", strings.Join(way, " imports "))
		}
	}
	// The rule finds what does start them, directly and by others.
	for _, path := range []string{"cupel/internal/spawn", "cupel/internal/session", "cupel/internal/host"} {
		if wayToProcesses(packages, path) == nil {
			t.Errorf("%s is taken for one that starts no process", path)
		}
	}
}

// wayToProcesses is by which imports of ours a package comes to os/exec, nil where it
// does not.
func wayToProcesses(packages map[string]goPackage, path string) []string {
	from := map[string]string{path: ""}
	for queue := []string{path}; len(queue) > 0; queue = queue[1:] {
		for _, imported := range packages[queue[0]].Imports {
			if imported == "os/exec" {
				way := []string{imported}
				for at := queue[0]; at != ""; at = from[at] {
					way = slices.Insert(way, 0, at)
				}
				return way
			}
			if _, seen := from[imported]; !seen {
				from[imported] = queue[0]
				queue = append(queue, imported)
			}
		}
	}
	return nil
}

// listed are all packages of the module, by their paths.
func listed(t *testing.T) map[string]goPackage {
	t.Helper()
	output, err := exec.Command("go", "list", "-json=ImportPath,Imports", "cupel/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]goPackage{}
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	for {
		var one goPackage
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[one.ImportPath] = one
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
		{"cupel/internal/audit", []string{"cupel/internal/session"}},
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
