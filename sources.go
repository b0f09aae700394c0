// Package cupel has the program's own sources, by which one version of it is told from
// another: what a report says follows from all of them, and not from the engine's alone.
package cupel

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sync"

	"cupel/engines"
	"cupel/internal/sourcedigest"
	"cupel/model"
)

// No folder as a whole: programs leave files in it that are none of the source.
//
//go:embed *.go cmd/*/*.go docs/schemas/* engines/*.go engines/*/*.go
//go:embed internal/*/*.go internal/*/*/*.go internal/*/*/*/*.go internal/*/*.lock internal/suite/builtin/*.toml
var sources embed.FS

// SourceDigest is a SHA-256, in hexadecimal, over the program's sources: those that are
// listed here, the runners of engines in other languages, and the engine's. Tests are
// left out, and so are data that are only embedded, such as MNIST, which have digests of
// their own.
func SourceDigest() string { return sourceDigest() }

var sourceDigest = sync.OnceValue(func() string {
	sum := sha256.New()
	for _, files := range []fs.FS{sources, engines.Runners()} {
		// An embedded file system has no errors to give for its own files.
		digest, _ := sourcedigest.Of(files)
		fmt.Fprintln(sum, digest)
	}
	fmt.Fprintln(sum, model.SourceDigest())
	return hex.EncodeToString(sum.Sum(nil))
})
