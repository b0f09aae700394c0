package bundletest

// This file lists a bundle's files for tests that tamper with each kind of them.

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"testing"
)

// Kinds returns the paths of a bundle's files, slash-separated; of those that lie in
// one folder and are Parquet, the first alone.
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
