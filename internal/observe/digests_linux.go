package observe

// This file digests code files on Linux, each once a run.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/procfs"

	"cupel/internal/evidence"
)

// Digests keeps the SHA-256 of files. It reads a file again when the file's size, times
// or place on the disk have changed. The time of the last change of state (ctime) is
// among these times, because a program that changes a file cannot set it. Digests may
// be used concurrently.
type Digests struct {
	mutex    sync.Mutex
	known    map[fileID]string
	binaries map[string]*evidence.Binary
}

// NewDigests returns an empty collection.
func NewDigests() *Digests {
	return &Digests{known: map[fileID]string{}, binaries: map[string]*evidence.Binary{}}
}

// Of returns the digest and the size in bytes of a file.
func (d *Digests) Of(path string) (sha string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, fmt.Errorf("digest: %w", err)
	}
	defer file.Close()
	return d.of(file)
}

func (d *Digests) of(file *os.File) (sha string, size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return "", 0, fmt.Errorf("digest: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("digest: %s is no file", file.Name())
	}
	id, identified := identifyFile(info)
	d.mutex.Lock()
	sha, known := d.known[id]
	d.mutex.Unlock()
	if identified && known {
		return sha, info.Size(), nil
	}
	sum := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{file}, make([]byte, 1<<20)); err != nil {
		return "", 0, fmt.Errorf("digest: %w", err)
	}
	sha = hex.EncodeToString(sum.Sum(nil))
	if identified {
		d.mutex.Lock()
		d.known[id] = sha
		d.mutex.Unlock()
	}
	return sha, info.Size(), nil
}

// Executable returns the digest of a process's executable, even where the file has been
// renamed, replaced or deleted.
func (d *Digests) Executable(process int) (string, error) {
	file, err := executableOf(live, process)
	if err != nil {
		return "", fmt.Errorf("executable of process %d: %w", process, err)
	}
	defer file.Close()
	sha, _, err := d.of(file)
	return sha, err
}

// Closure digests the files that a process has mapped as executable. scan says which of
// them BinaryOf reads as a whole. Closure leaves origin and package empty; the caller
// that knows the installation fills them in.
func (d *Digests) Closure(process int, scan func(path string) bool) (evidence.Closure, error) {
	began := time.Now()
	var closure evidence.Closure
	mappings, err := mappingsOf(live, process)
	if err != nil {
		return closure, fmt.Errorf("files of code of process %d: %w", process, err)
	}
	seen := map[string]bool{}
	for _, mapping := range mappings {
		path := mapping.Pathname
		if !mapping.Perms.Execute || unfiled(path) || path == "" || path[0] == '[' || seen[path] {
			continue
		}
		seen[path] = true
		closure.Files = append(closure.Files, d.mapped(mapping, scan(path)))
	}
	slices.SortFunc(closure.Files, func(a, b evidence.MappedFile) int { return strings.Compare(a.Path, b.Path) })
	closure.SHA256 = closure.Digest()
	closure.Nanoseconds = time.Since(began).Nanoseconds()
	return closure, nil
}

// mapped digests one file. The file counts as replaced where its path now shows another
// file on the same device. Overlay file systems show devices of their own; there mapped
// does not decide.
func (d *Digests) mapped(mapping *procfs.ProcMap, scan bool) evidence.MappedFile {
	path := mapping.Pathname
	found := evidence.MappedFile{Path: path, Origin: evidence.OriginUnknown}
	file, err := os.Open(path)
	if err != nil {
		found.Unread = reason(err)
		return found
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil {
		if id, ok := identifyFile(info); ok {
			found.Replaced = id.device == mapping.Dev && id.inode != mapping.Inode
		}
	}
	if found.SHA256, found.Bytes, err = d.of(file); err != nil {
		found.Unread = reason(err)
		return found
	}
	found.Binary = d.binary(found.SHA256, file, scan)
	return found
}

// binary reads a file's build facts once for each digest.
func (d *Digests) binary(sha string, file *os.File, scan bool) *evidence.Binary {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if known, there := d.binaries[sha]; there {
		return known
	}
	// An unreadable file leaves the facts empty, which means unknown.
	found, _ := binaryOf(file, scan)
	d.binaries[sha] = found
	return found
}
