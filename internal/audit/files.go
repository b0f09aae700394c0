package audit

// This file reads files of a bundle that its reader does not know: a stranger's
// paths stay within it and sizes are bounded.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"cupel/internal/evidence"
)

// maxFileBytes is how much of one file is read.
const maxFileBytes = 64 << 20

// walk visits the regular files below a folder of root.
func walk(root *os.Root, dir string, visit func(path string) error) error {
	return fs.WalkDir(root.FS(), dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return visit(path)
	})
}

// Read returns a file of the bundle, nil where there is none.
func (c *Case) Read(parts ...string) ([]byte, error) {
	return readWithin(c.Bundle.Dir, filepath.Join(parts...))
}

// ContenderFile returns a file of a contender's folder, nil where there is none.
func (c *Case) ContenderFile(contender *Contender, name string) ([]byte, error) {
	return c.Read(evidence.ContendersDir, filepath.Base(contender.Name), name)
}

func readWithin(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer root.Close()
	// Before it is opened: a pipe would be waited on for ever.
	info, err := root.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFileBytes {
		return nil, fmt.Errorf("bundle: %s: no ordinary file of at most %d bytes", name, maxFileBytes)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFileBytes))
	if err != nil {
		return nil, fmt.Errorf("bundle: %s: %w", name, err)
	}
	return text, nil
}
