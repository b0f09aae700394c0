// This file identifies the engine's source.

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

// SourceDigest returns the SHA-256, in hexadecimal, of the source of this engine: every .go
// and .s file of this package and of those below it except tests, in order of path. Each
// contributes its path, a zero byte, its length in decimal, a zero byte and its content. It
// also identifies a build by `go run`, which leaves no binary.
func SourceDigest() string { return sourceDigest() }

var sourceDigest = sync.OnceValue(func() string {
	// Reading an embedded file system returns no errors.
	digest, _ := sourcedigest.Of(source)
	return digest
})
