// This file holds the identity of the engine's source.

package model

import (
	"embed"
	"sync"

	"cupel/internal/sourcedigest"
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
	digest, _ := sourcedigest.Of(source)
	return digest
})
