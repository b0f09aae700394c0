package provision

// This file lists what an installation consists of, compares its packages with the lock
// file, and says how it was built.

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"cupel/internal/evidence"
)

// Digest returns the SHA-256 and the size in bytes of a file.
type Digest func(path string) (sha string, size int64, err error)

// maxNamed bounds how many deviating files are named for a package.
const maxNamed = 100

// Inventory lists the packages of a Python engine and reads all of their files, on all
// cores. It takes about a second for each gigabyte and core. For engines in other
// languages ok is false.
func Inventory(contender string, installed Installed, digest Digest) (found evidence.Packages, ok bool, err error) {
	if installed.Dir == "" {
		return found, false, nil // It is part of this program.
	}
	began := time.Now()
	environment := filepath.Join(installed.Dir, ".venv")
	lock := filepath.Join(installed.Dir, "requirements.lock")
	text, err := os.ReadFile(lock)
	if errors.Is(err, fs.ErrNotExist) {
		return found, false, nil
	}
	if err != nil {
		return found, false, fmt.Errorf("packages of %s: %w", contender, err)
	}
	found = evidence.Packages{Contender: contender, LockFile: filepath.Base(lock), Lock: sumOf(text)}
	found.Runtime, found.RuntimeFrom = runtimeVersion(environment)
	locked := readLock(string(text))
	records, err := filepath.Glob(filepath.Join(environment, "lib", "python3*", "site-packages", "*.dist-info", "RECORD"))
	if err != nil {
		return found, false, fmt.Errorf("packages of %s: %w", contender, err)
	}
	reader := &inventory{digest: digest, owned: map[string]bool{}}
	for _, record := range records {
		described, err := reader.add(record, locked)
		if err != nil {
			return found, false, fmt.Errorf("packages of %s: %w", contender, err)
		}
		found.Packages = append(found.Packages, described)
	}
	reader.read(found.Packages)
	for _, entry := range locked {
		installed := slices.ContainsFunc(found.Packages, func(p evidence.Package) bool { return canonical(p.Name) == entry.name })
		if !installed && !entry.conditional {
			found.Missing = append(found.Missing, entry.name+" "+entry.version)
		}
	}
	slices.Sort(found.Missing)
	for _, p := range found.Packages {
		found.Files += p.Files
		found.Bytes += p.Bytes
	}
	found.Strays, found.Bytecode = strays(environment, reader.owned)
	found.Nanoseconds = time.Since(began).Nanoseconds()
	return found, true, nil
}

// PackageOf returns a function that names the package of a file in an inventory's
// installation: the package that lists the file's path from site-packages.
func PackageOf(dir string) func(path string) string {
	owners := map[string]string{}
	if dir == "" {
		return func(string) string { return "" }
	}
	records, _ := filepath.Glob(filepath.Join(dir, ".venv", "lib", "python3*", "site-packages", "*.dist-info", "RECORD"))
	for _, record := range records {
		name, version := nameAndVersion(record)
		entries, err := readRecord(record)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			owners[filepath.Join(sitePackages(record), entry.path)] = name + " " + version
		}
	}
	return func(path string) string { return owners[path] }
}

func sitePackages(record string) string { return filepath.Dir(filepath.Dir(record)) }

// nameAndVersion reads a package's name and version from the headers of its installed
// metadata, or from the folder's name where these are absent.
func nameAndVersion(record string) (name, version string) {
	folder := strings.TrimSuffix(filepath.Base(filepath.Dir(record)), ".dist-info")
	name, version, _ = strings.Cut(folder, "-")
	text, err := os.ReadFile(filepath.Join(filepath.Dir(record), "METADATA"))
	if err != nil {
		return name, version
	}
	for header := range strings.Lines(string(text)) {
		header = strings.TrimSpace(header)
		if header == "" {
			break
		}
		if value, ok := strings.CutPrefix(header, "Name: "); ok {
			name = value
		}
		if value, ok := strings.CutPrefix(header, "Version: "); ok {
			version = value
		}
	}
	return name, version
}

// runtimeVersion reads the interpreter's version from the environment's own file.
func runtimeVersion(environment string) (version, from string) {
	const file = "pyvenv.cfg"
	text, err := os.ReadFile(filepath.Join(environment, file))
	if err != nil {
		return "", ""
	}
	for entry := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(entry, "=")
		if name := strings.TrimSpace(name); name == "version" || name == "version_info" {
			return "Python " + strings.TrimSpace(value), file
		}
	}
	return "", ""
}

// lockEntry is a package of a lock file.
type lockEntry struct {
	name, version string
	hashes        []string
	// conditional says that the package is for some systems only.
	conditional bool
	released    string
}

var (
	lockLine     = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)\s*(;)?`)
	lockHash     = regexp.MustCompile(`--hash=sha256:([0-9a-f]{64})`)
	lockReleased = regexp.MustCompile(`^\s*# released (\d{4}-\d{2}-\d{2})`)
)

func readLock(text string) []lockEntry {
	var entries []lockEntry
	for line := range strings.Lines(text) {
		if match := lockLine.FindStringSubmatch(line); match != nil {
			entries = append(entries, lockEntry{name: canonical(match[1]), version: match[2], conditional: match[3] != ""})
		}
		if len(entries) == 0 {
			continue
		}
		last := &entries[len(entries)-1]
		if match := lockHash.FindStringSubmatch(line); match != nil {
			last.hashes = append(last.hashes, match[1])
		}
		if match := lockReleased.FindStringSubmatch(line); match != nil {
			last.released = match[1]
		}
	}
	return entries
}

var separators = regexp.MustCompile(`[-_.]+`)

// canonical returns a package's name in the form in which package indexes compare
// names.
func canonical(name string) string {
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}

// recordEntry is a file in a package's own list.
type recordEntry struct{ path, sha string }

// readRecord reads a package's list of its files: path, digest, size.
func readRecord(path string) ([]recordEntry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(filepath.Dir(path)), err)
	}
	var entries []recordEntry
	for _, row := range rows {
		entry := recordEntry{path: row[0]}
		if encoded, ok := strings.CutPrefix(row[1], "sha256="); ok {
			if sum, err := base64.RawURLEncoding.DecodeString(encoded); err == nil {
				entry.sha = hex.EncodeToString(sum)
			}
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// inventory reads the files of packages.
type inventory struct {
	digest Digest
	// owned holds the files that a package lists.
	owned map[string]bool
	// files holds the files to read, by package.
	files [][]recordEntry
	roots []string
}

func (v *inventory) add(record string, locked []lockEntry) (evidence.Package, error) {
	name, version := nameAndVersion(record)
	described := evidence.Package{Name: name, Version: version, LockHashes: []string{}, Changed: []string{}, Absent: []string{}}
	for _, entry := range locked {
		if entry.name == canonical(name) && entry.version == version {
			described.Locked, described.LockHashes, described.Released = true, entry.hashes, entry.released
		}
	}
	text, err := os.ReadFile(record)
	if err != nil {
		return described, err
	}
	described.RecordSHA256 = sumOf(text)
	entries, err := readRecord(record)
	if err != nil {
		return described, err
	}
	root := sitePackages(record)
	for _, entry := range entries {
		v.owned[filepath.Join(root, entry.path)] = true
	}
	v.files = append(v.files, slices.DeleteFunc(entries, byInstaller))
	v.roots = append(v.roots, root)
	return described, nil
}

// byInstaller reports whether a file is the installer's and not the package's:
// bytecode, the installer's own records, and scripts that name the environment's
// interpreter.
func byInstaller(entry recordEntry) bool {
	base := filepath.Base(entry.path)
	inInfo := strings.HasSuffix(filepath.Dir(entry.path), ".dist-info")
	return strings.HasSuffix(base, ".pyc") || strings.HasPrefix(entry.path, "../") ||
		inInfo && slices.Contains([]string{"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}, base)
}

// read reads all files concurrently and fills in the packages.
func (v *inventory) read(packages []evidence.Package) {
	type outcome struct {
		sha  string
		size int64
		err  error
	}
	outcomes := make([][]outcome, len(packages))
	var workers errgroup.Group
	workers.SetLimit(runtime.NumCPU())
	for of := range packages {
		slices.SortFunc(v.files[of], func(a, b recordEntry) int { return strings.Compare(a.path, b.path) })
		outcomes[of] = make([]outcome, len(v.files[of]))
		for file := range v.files[of] {
			workers.Go(func() error {
				o := &outcomes[of][file]
				o.sha, o.size, o.err = v.digest(filepath.Join(v.roots[of], v.files[of][file].path))
				return nil
			})
		}
	}
	_ = workers.Wait()
	for of := range packages {
		p := &packages[of]
		sum := sha256.New()
		for file, o := range outcomes[of] {
			entry := v.files[of][file]
			if o.err != nil {
				p.Absent = named(p.Absent, entry.path)
				continue
			}
			fmt.Fprintf(sum, "%s %s\n", entry.path, o.sha)
			p.Files++
			p.Bytes += o.size
			if entry.sha != "" && entry.sha != o.sha {
				p.Changed = named(p.Changed, entry.path)
			}
		}
		p.SHA256 = hex.EncodeToString(sum.Sum(nil))
	}
}

func named(files []string, path string) []string {
	if len(files) < maxNamed {
		return append(files, path)
	}
	return files
}

// strays lists the files in the environment's site-packages that no package lists.
func strays(environment string, owned map[string]bool) (found []string, bytecode int) {
	found = []string{}
	roots, _ := filepath.Glob(filepath.Join(environment, "lib", "python3*", "site-packages"))
	for _, root := range roots {
		_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil
			}
			if strings.HasSuffix(path, ".pyc") {
				bytecode++
				return nil
			}
			relative, err := filepath.Rel(root, path)
			if err == nil && !owned[path] && !slices.Contains([]string{"_virtualenv.py", "_virtualenv.pth"}, relative) {
				found = named(found, relative)
			}
			return nil
		})
	}
	return found, bytecode
}

// BuildOf says how an engine was built or installed.
func BuildOf(contender string, installed Installed, digest Digest) (evidence.Build, error) {
	build := evidence.Build{
		Contender: contender, How: installed.Build, Sources: installed.SHA256, SourceFiles: map[string]string{},
		Recorded: installed.ExecutableSHA256, Products: installed.Products, Environment: installed.BuildEnvironment,
	}
	files, err := Sources(installed)
	if err != nil {
		return build, err
	}
	for name, content := range files {
		build.SourceFiles[name] = sumOf(content)
	}
	if log, err := Log(installed); err == nil {
		build.LogFile, build.LogSHA256 = LogFile, sumOf(log)
	}
	build.Executable, _, err = digest(installed.Command[0])
	if err != nil {
		return build, fmt.Errorf("build of %s: %w", contender, err)
	}
	return build, nil
}

// Sources returns the files that an engine was made from and runs, by their paths in
// its folder. It reads them from the folder, since someone may have changed the
// installation after the files were laid out. An engine in Go is part of this program
// and has none.
func Sources(installed Installed) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range installed.Sources {
		content, err := os.ReadFile(filepath.Join(installed.Dir, name))
		if err != nil {
			return nil, fmt.Errorf("installation of %s: %w; remove %s, and it is made again", installed.Engine, err, installed.Dir)
		}
		files[name] = content
	}
	return files, nil
}

// Log returns the log of an installation. An engine that is part of this program has
// none.
func Log(installed Installed) ([]byte, error) {
	if installed.Dir == "" {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(filepath.Join(installed.Dir, LogFile))
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// buildVariables lists prefixes of the environment variables that change what a
// compiler makes.
var buildVariables = []string{
	"RUSTFLAGS", "RUSTC", "RUSTUP_TOOLCHAIN", "CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_ENCODED_RUSTFLAGS", "CARGO_TARGET_",
	"CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "GOFLAGS", "GOAMD64", "GOEXPERIMENT",
}

// buildEnvironment returns those variables that are set, ascending by name.
func buildEnvironment(environment []string) []evidence.Variable {
	set := []evidence.Variable{}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if slices.ContainsFunc(buildVariables, func(prefix string) bool {
			return name == prefix || strings.HasSuffix(prefix, "_") && strings.HasPrefix(name, prefix)
		}) {
			set = append(set, evidence.Variable{Name: name, Value: &value})
		}
	}
	slices.SortFunc(set, func(a, b evidence.Variable) int { return strings.Compare(a.Name, b.Name) })
	return set
}
