package observe

// This file reads from a program file how it was built.

import (
	"bytes"
	"debug/buildinfo"
	"debug/dwarf"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"cupel/internal/evidence"
)

const (
	// maxProducers and maxUnits bound how much debug information is read.
	maxProducers = 64
	maxUnits     = 4096
	// maxSection bounds the sections that are read as a whole.
	maxSection = 1 << 20
)

// overflowText is the panic message of a Rust program for a checked addition. It is
// present in builds without optimisation.
var overflowText = []byte("attempt to add with overflow")

// BinaryOf reads from an ELF file how it was built. It returns nil for other kinds of
// files. With scan it also searches the whole file for traces that no table lists.
func BinaryOf(path string, scan bool) (*evidence.Binary, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("program file: %w", err)
	}
	defer file.Close()
	return binaryOf(file, scan)
}

func binaryOf(file *os.File, scan bool) (*evidence.Binary, error) {
	var magic [4]byte
	if _, err := file.ReadAt(magic[:], 0); err != nil || string(magic[:]) != elf.ELFMAG {
		return nil, nil
	}
	program, err := elf.NewFile(file)
	if err != nil {
		return nil, fmt.Errorf("program file: %w", err)
	}
	found := &evidence.Binary{
		Comments: comments(program), BuildID: buildID(program), Symbols: program.Section(".symtab") != nil,
		DebugInfo: program.Section(".debug_info") != nil || program.Section(".zdebug_info") != nil,
	}
	found.Needed, _ = program.ImportedLibraries()
	if found.DebugInfo {
		found.Producers = producers(program)
	}
	if info, err := buildinfo.Read(file); err == nil {
		found.Go = goBuild(info)
	}
	if scan {
		if found.OverflowChecks, err = contains(file, overflowText); err != nil {
			return nil, fmt.Errorf("program file: %w", err)
		}
	}
	return found, nil
}

func comments(program *elf.File) []string {
	var found []string
	for entry := range bytes.SplitSeq(sectionData(program, ".comment"), []byte{0}) {
		if text := strings.TrimSpace(string(entry)); text != "" {
			found = append(found, strings.ToValidUTF8(text, "?"))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func sectionData(program *elf.File, name string) []byte {
	section := program.Section(name)
	if section == nil || section.Size > maxSection {
		return nil
	}
	data, err := section.Data()
	if err != nil {
		return nil
	}
	return data
}

// buildID returns the linker's build id in hexadecimal. The note's header and name take
// the first 16 bytes.
func buildID(program *elf.File) string {
	note := sectionData(program, ".note.gnu.build-id")
	if len(note) <= 16 {
		return ""
	}
	return hex.EncodeToString(note[16:])
}

// producers lists the compilers that the debug information names. From a damaged file
// it returns those before the damage.
func producers(program *elf.File) (found []string) {
	// The debug/dwarf package panics on some damaged files.
	defer func() { _ = recover() }()
	data, err := program.DWARF()
	if err != nil {
		return nil
	}
	reader := data.Reader()
	for range maxUnits {
		entry, err := reader.Next()
		if err != nil || entry == nil {
			break
		}
		if producer, ok := entry.Val(dwarf.AttrProducer).(string); ok && entry.Tag == dwarf.TagCompileUnit && !slices.Contains(found, producer) {
			found = append(found, producer)
		}
		if len(found) == maxProducers {
			break
		}
		reader.SkipChildren()
	}
	slices.Sort(found)
	return found
}

func goBuild(info *buildinfo.BuildInfo) *evidence.GoBuild {
	build := &evidence.GoBuild{Version: info.GoVersion, Path: info.Path, Settings: map[string]string{}}
	build.Main = evidence.Module{Path: info.Main.Path, Version: info.Main.Version, Sum: info.Main.Sum}
	for _, setting := range info.Settings {
		build.Settings[setting.Key] = setting.Value
	}
	for _, module := range info.Deps {
		replaced := module.Replace != nil
		if replaced {
			module = module.Replace
		}
		build.Modules = append(build.Modules, evidence.Module{Path: module.Path, Version: module.Version, Sum: module.Sum, Replaced: replaced})
	}
	return build
}

// contains searches a file for a text, from the file's start.
func contains(file *os.File, text []byte) (bool, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	buffer := make([]byte, 1<<20)
	kept := 0
	for {
		n, err := file.Read(buffer[kept:])
		if bytes.Contains(buffer[:kept+n], text) {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		// The text may lie across two reads.
		tail := min(len(text)-1, kept+n)
		copy(buffer, buffer[kept+n-tail:kept+n])
		kept = tail
	}
}
