package bundletest

// This file unpacks packed bundles: a tar archive with one folder, compressed by zstd.

import (
	"archive/tar"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// PackedSuffix is the end of a packed bundle's file name.
const PackedSuffix = ".tar.zst"

// old are bundles that earlier versions made, named by their dates. They are kept for
// good: every version opens, verifies and audits them. A version that changes the format
// adds bundles and removes none.
//
//go:embed testdata/old
var old embed.FS

// Old returns the names of the bundles that earlier versions made.
func Old(t testing.TB) []string {
	t.Helper()
	files, err := fs.Glob(old, "testdata/old/*"+PackedSuffix)
	if err != nil || len(files) == 0 {
		t.Fatalf("no old bundles: %v", err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(path.Base(file), PackedSuffix))
	}
	return names
}

// UnpackOld unpacks an old bundle into a new directory, and returns the bundle's directory.
func UnpackOld(t testing.TB, name string) string {
	t.Helper()
	file, err := old.Open("testdata/old/" + name + PackedSuffix)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	dir, err := Unpack(file, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Unpack unpacks a packed bundle below dir, and returns the bundle's directory.
func Unpack(packed io.Reader, dir string) (bundle string, err error) {
	plain, err := zstd.NewReader(packed)
	if err != nil {
		return "", err
	}
	defer plain.Close()
	for entries := tar.NewReader(plain); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", err
		}
		if !filepath.IsLocal(entry.Name) {
			return "", fmt.Errorf("a packed bundle has a file %q, which lies outside of it", entry.Name)
		}
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		top, _, _ := strings.Cut(filepath.ToSlash(entry.Name), "/")
		bundle = filepath.Join(dir, top)
		if err := unpackFile(filepath.Join(dir, filepath.FromSlash(entry.Name)), entries); err != nil {
			return "", err
		}
	}
	if bundle == "" {
		return "", errors.New("a packed bundle has no files")
	}
	return bundle, nil
}

func unpackFile(name string, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
