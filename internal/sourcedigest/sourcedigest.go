// Package sourcedigest identifies programs by the source that they were built from. A build
// by `go run` leaves no binary and has no revision.
package sourcedigest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
)

// Of returns the SHA-256, in hexadecimal, of the files except tests, in order of path. Each
// file contributes its path, a zero byte, its length in decimal, a zero byte and its
// content.
func Of(files fs.FS) (string, error) {
	h := sha256.New()
	// WalkDir goes in lexical order.
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s\x00%d\x00", path, len(content))
		h.Write(content)
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}
