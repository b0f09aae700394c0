// This file holds the identity of the engine's source.

package model

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"sync"
)

// Patterns cannot leave tests out, so SourceDigest does.
//
//go:embed *.go apr/*.go kernel/*.go kernel/*.s onnx/*.go safetensors/*.go
var source embed.FS

// SourceDigest is the SHA-256, in hexadecimal, of the source that this engine
// was built from: every .go and .s file of this package and of those below it,
// in order of path, each as its path, a zero byte, its length in decimal, a
// zero byte and its content. Tests are left out. A build by `go run` has no
// binary that anybody keeps; this identifies it.
func SourceDigest() string { return sourceDigest() }

var sourceDigest = sync.OnceValue(func() string {
	// An embedded file system has no errors to give for its own files.
	digest, _ := digestOf(source)
	return digest
})

// digestOf is the digest of the files in files that are no tests.
func digestOf(files fs.FS) (string, error) {
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
