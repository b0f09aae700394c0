package observe

// This file writes fixtures of /proc and /sys.

import (
	"os"
	"path/filepath"
	"testing"
)

// fixture writes files, given by their paths from the root.
func fixture(t *testing.T, files map[string]string) tree {
	t.Helper()
	root := tree{root: t.TempDir()}
	for name, content := range files {
		path := root.path(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
