package cupel

import (
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// Of every kind of source that makes the program every file is in the digest.
func TestEverySourceIsInTheDigest(t *testing.T) {
	kinds := []string{".go", ".toml", ".lock", ".json"}
	counted := 0
	for _, folder := range []string{"cmd", "docs/schemas", "internal"} {
		err := fs.WalkDir(os.DirFS("."), folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".")) {
				return fs.SkipDir
			}
			if !entry.Type().IsRegular() || !slices.Contains(kinds, path.Ext(name)) {
				return nil
			}
			counted++
			if _, err := sources.ReadFile(name); err != nil {
				t.Error(err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if counted < 100 || len(SourceDigest()) != 64 {
		t.Errorf("%d files were looked for, and the digest is %q", counted, SourceDigest())
	}
}
