package evidence

// This file makes the manifest: the digests of every file that is not derived.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Manifest is manifest.json.
type Manifest struct {
	Schema string `json:"schema"`
	// Files are in the order of their paths.
	Files []ManifestEntry `json:"files"`
}

// ManifestSchema names the shape of manifest.json.
const ManifestSchema = "cupel/manifest/1"

// ManifestEntry is one file of the bundle. Its path has slashes and is relative to
// the bundle.
type ManifestEntry struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Derived reports whether a file of a bundle, given by its path with slashes, is
// outside the manifest: it is made from the rest, or stands for it.
func Derived(path string) bool {
	return path == ManifestFile || path == SealFile || strings.HasPrefix(path, ResultsDir+"/")
}

// MakeManifest lists a bundle's files as they are now, but for the derived ones.
// What is neither a file nor a directory has no digest and is an error.
func MakeManifest(dir string) (Manifest, error) {
	return listFiles(dir, dir, Derived)
}

// WriteResultsManifest lists the derived files that are there now, in results/. The
// list is not sealed, since they can be made again; it shows damage to words that no
// figure stands for.
func WriteResultsManifest(dir string) error {
	manifest, err := listFiles(dir, filepath.Join(dir, ResultsDir), func(path string) bool { return path == ResultsManifestFile })
	if err != nil {
		return err
	}
	_, err = writeManifest(dir, ResultsManifestFile, manifest)
	return err
}

// writeManifest writes a manifest and returns what it wrote.
func writeManifest(dir, name string, manifest Manifest) ([]byte, error) {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	text = append(text, '\n')
	return text, WriteAtomic(filepath.Join(dir, filepath.FromSlash(name)), text)
}

// listFiles lists what is under root, with paths relative to dir.
func listFiles(dir, root string, without func(path string) bool) (Manifest, error) {
	manifest := Manifest{Schema: ManifestSchema, Files: []ManifestEntry{}}
	// WalkDir goes by file names within each directory; the paths' own order is
	// another where a name has a character below the slash.
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if without(relative) {
			return nil
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is no ordinary file", relative)
		}
		listed, err := listFile(path, relative)
		if err != nil {
			return err
		}
		manifest.Files = append(manifest.Files, listed)
		return nil
	})
	if err != nil {
		return manifest, fmt.Errorf("manifest: %w", err)
	}
	slices.SortFunc(manifest.Files, func(a, b ManifestEntry) int { return strings.Compare(a.Path, b.Path) })
	return manifest, nil
}

func listFile(path, relative string) (listed ManifestEntry, err error) {
	file, err := os.Open(path)
	if err != nil {
		return listed, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	return ManifestEntry{Path: relative, Bytes: size, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}
