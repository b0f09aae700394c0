package evidence

// This file holds what else knows of a bundle's files against the table.

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const example = "../../examples/mnist-logreg"

func TestEveryFileOfABundleHasARow(t *testing.T) {
	manifest, err := MakeManifest(example)
	if err != nil {
		t.Fatal(err)
	}
	sealed := map[string]bool{}
	for _, file := range manifest.Files {
		sealed[file.Path] = true
	}
	err = filepath.WalkDir(example, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err = filepath.Rel(example, name)
		if err != nil {
			return err
		}
		row, known := contentOf(filepath.ToSlash(name))
		if !known || row.Derived == sealed[filepath.ToSlash(name)] {
			t.Errorf("%s: row %+v, known %v, in the manifest %v", name, row, known, sealed[filepath.ToSlash(name)])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if row, known := contentOf("results/notes/mine.txt"); known {
		t.Errorf("a file that no run writes has the row %+v", row)
	}
}

var (
	quoted       = regexp.MustCompile("`([^`]+)`")
	placeholders = regexp.MustCompile(`\b(LAUNCH|CONTENDER|REPLICATE|CELL|NAME)(\b|_)`)
)

// Every row is a row of the page, with its schema, and every row of the page is of the table.
func TestThePageListsTheTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/EVIDENCE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "## Files\n")
	list, _, _ = strings.Cut(list, "\n\n")
	described := map[string]bool{}
	for line := range strings.Lines(list) {
		first, rest, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, match := range quoted.FindAllStringSubmatch(first, -1) {
			if strings.HasPrefix(match[1], ".") {
				continue // Another ending of the file before it.
			}
			row, known := contentOf(placeholders.ReplaceAllString(match[1], "x$2"))
			if !known {
				t.Errorf("docs/EVIDENCE.md: %s is no file of the table", match[1])
			}
			if row.Schema != "" && !strings.Contains(rest, "(schemas/"+row.Schema+".schema.json)") {
				t.Errorf("docs/EVIDENCE.md: the row of %s lacks its schema, %s", match[1], row.Schema)
			}
			described[row.Path] = true
		}
	}
	for _, row := range Contents() {
		if !described[row.Path] {
			t.Errorf("docs/EVIDENCE.md lacks %s", row.Path)
		}
	}
}

// contentOf finds the row of a file, given by its path with slashes. known is false for
// what this version does not write.
func contentOf(name string) (row Content, known bool) {
	for _, row := range Contents() {
		if matches(row, name) {
			return row, true
		}
	}
	return Content{}, false
}

func matches(c Content, name string) bool {
	if above, all := strings.CutSuffix(c.Path, "**"); all {
		return strings.HasPrefix(name, above)
	}
	matched, _ := path.Match(c.Path, name) // of a pattern that is well formed
	return matched
}
