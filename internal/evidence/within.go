package evidence

// This file opens the files of a bundle. A stranger's may have links that lead out
// of it, and pipes, which would be waited on for ever: both are refused.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// openWithin opens an ordinary file of the bundle in dir for reading, and returns
// its size. Errors name the whole path.
func openWithin(dir, name string) (file *os.File, bytes int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("bundle: %s: %w", filepath.Join(dir, name), withoutPath(err))
		}
	}()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, 0, err
	}
	defer root.Close()
	info, err := root.Lstat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.New("is no ordinary file")
	}
	file, err = root.Open(name)
	return file, info.Size(), err
}

// withoutPath is an error without the path that it was about, which Root gives as
// relative.
func withoutPath(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
