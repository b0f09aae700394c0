package bundletest

// This file lists the kinds of files in a bundle, for tests that tamper with each kind.

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"testing"
)

// Kinds returns the paths of a bundle's files, slash-separated. Of the Parquet files in one
// folder it returns only the first.
func Kinds(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		alike := func(known string) bool { return path.Ext(name) == ".parquet" && path.Dir(known) == path.Dir(name) }
		if err == nil && entry.Type().IsRegular() && !slices.ContainsFunc(names, alike) {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
