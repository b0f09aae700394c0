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
	// BlockBytes is the length of the blocks that the file is cut into from its
	// beginning, of which the last may be shorter, and BlockSHA256s are their digests:
	// they say where a file is damaged, and that the rest of it is as it was. An empty
	// file has none, and neither have bundles of earlier versions.
	BlockBytes   int64    `json:"block_bytes,omitempty"`
	BlockSHA256s []string `json:"block_sha256s,omitempty"`
}

// Same reports whether two entries are of the same file with the same contents. One of
// them may be by a version that listed no blocks.
func (e ManifestEntry) Same(other ManifestEntry) bool {
	return e.Path == other.Path && e.Bytes == other.Bytes && e.SHA256 == other.SHA256
}

// A file has at most mostBlocks blocks, so that a manifest stays a few percent of its
// bundle, of leastBlock bytes at least. Their digests are not cut short: each is what
// sha256sum prints of that part, and proves it as the file's proves the whole.
const (
	leastBlock = 512
	mostBlocks = 64
)

// blockOf is the length of the blocks of a file of so many bytes: a power of two.
func blockOf(size int64) int64 {
	block := int64(leastBlock)
	for block*mostBlocks < size {
		block *= 2
	}
	return block
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
	info, err := file.Stat()
	if err != nil {
		return listed, err
	}
	listed.Path = relative
	block := blockOf(info.Size())
	whole := sha256.New()
	for {
		part := sha256.New()
		n, err := io.CopyN(io.MultiWriter(whole, part), file, block)
		if n > 0 {
			listed.Bytes += n
			listed.BlockBytes = block
			listed.BlockSHA256s = append(listed.BlockSHA256s, hex.EncodeToString(part.Sum(nil)))
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return listed, err
		}
	}
	if listed.Bytes != info.Size() {
		return listed, fmt.Errorf("%s had %d bytes and has %d now: it is being written", relative, info.Size(), listed.Bytes)
	}
	listed.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return listed, nil
}
