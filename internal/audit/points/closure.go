package points

// This file judges what code a contender's processes had mapped: whether every file
// of it is known, and comes from where it should.

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/evidence"
)

// makerOf is the contender whose installation a contender runs: its own, or that of
// the one that it is a copy of.
func makerOf(c *audit.Case, contender *audit.Contender) *audit.Contender {
	if contender.Packages == nil && contender.Build == nil {
		if base := c.Contender(contender.EngineName()); base != nil {
			return base
		}
	}
	return contender
}

// closed: every file of code that was mapped is known by its digest, and comes from
// the contender's own lock, its recorded build, the harness or the base system.
func closed(c *audit.Case, contender *audit.Contender) audit.Ruling {
	looks, files := 0, map[string]bool{}
	for _, launch := range contender.Finished {
		for _, moment := range []evidence.Moment{evidence.MomentLoaded, evidence.MomentSteady, evidence.MomentLast} {
			look := launch.Look(moment)
			if look == nil || look.Closure == "" {
				continue
			}
			closure, there := c.Bundle.Closures[look.Closure]
			if !there {
				return audit.Fails("launch %d had a set of files mapped that the bundle does not list", launch.Number)
			}
			looks++
			if fault := closureFault(c, contender, closure); fault != "" {
				return audit.Fails("launch %d: %s", launch.Number, fault)
			}
			if at := slices.IndexFunc(closure.Files, fromNowhere); at >= 0 {
				return audit.Skips("the source of %s and a record of how it was built: %s is mapped to be executed, and nothing tells what it was made from", contender.Name, closure.Files[at].Path)
			}
			if library := unrecorded(c, contender, closure); library != "" {
				return audit.Skips("the digest of %s in the record of the build that it is said to be of", library)
			}
			for _, file := range closure.Files {
				files[file.Path] = true
			}
		}
	}
	if looks == 0 {
		return audit.Skips("the files of code that the processes had mapped, with their digests")
	}
	return audit.Passes("each of %d files of code is known by its digest and its origin", len(files)).By(audit.Inspected)
}

// closureFault says what is wrong with a set of files, nothing where all is well.
func closureFault(c *audit.Case, contender *audit.Contender, closure evidence.Closure) string {
	text := ""
	for _, file := range closure.Files {
		text += file.Path + " " + file.SHA256 + "\n"
		switch {
		case file.Unread != "":
			return fmt.Sprintf("%s could not be read: %s", file.Path, file.Unread)
		case file.Replaced:
			return fmt.Sprintf("%s is not what is mapped", file.Path)
		case fromNowhere(file) && !own(c, contender):
			return fmt.Sprintf("%s is mapped to be executed and comes from nowhere known", file.Path)
		case file.Origin == evidence.OriginPackage && !isPackage(c, contender, file.Package):
			return fmt.Sprintf("%s belongs to %q, which is no installed package", file.Path, file.Package)
		case file.Origin == evidence.OriginBuild && isProgram(c, contender, file) && !isBuilt(c, contender, file):
			return fmt.Sprintf("%s is not the program that was built", file.Path)
		case file.Origin == evidence.OriginHarness && (c.Harness == nil || c.Harness.SHA256 != file.SHA256):
			return fmt.Sprintf("%s is not the program that measured", file.Path)
		}
	}
	if audit.Digest([]byte(text)) != closure.SHA256 {
		return "the list of its files is not the one whose digest was recorded"
	}
	return ""
}

// fromNowhere reports whether nothing tells where a file of code comes from.
func fromNowhere(file evidence.MappedFile) bool {
	return file.Origin == evidence.OriginUnknown || file.Origin == ""
}

// own reports whether a contender, or the one that it is a copy of, is the suite's own,
// run by its own command: no lock and no build of this program's tells what it is made
// of, which is a lack of evidence and no fault of it.
func own(c *audit.Case, contender *audit.Contender) bool {
	return !strings.HasSuffix(contender.Name, "@canonical") && slices.Contains(c.Bundle.Plan.Own, contender.EngineName())
}

func isPackage(c *audit.Case, contender *audit.Contender, name string) bool {
	packages := makerOf(c, contender).Packages
	return packages != nil && slices.ContainsFunc(packages.Packages, func(p evidence.Package) bool { return p.Name+" "+p.Version == name })
}

func isBuilt(c *audit.Case, contender *audit.Contender, file evidence.MappedFile) bool {
	build := makerOf(c, contender).Build
	if build == nil || file.SHA256 == "" {
		return false
	}
	return build.Executable == file.SHA256 || hasValue(build.SourceFiles, file.SHA256) || hasValue(build.Products, file.SHA256)
}

func hasValue(digests map[string]string, digest string) bool {
	return slices.Contains(slices.Collect(maps.Values(digests)), digest)
}

// unrecorded is a file of a set that is said to be of the contender's build, beside
// its program, and that the record of the build does not have.
func unrecorded(c *audit.Case, contender *audit.Contender, closure evidence.Closure) string {
	for _, file := range closure.Files {
		if file.Origin == evidence.OriginBuild && !isBuilt(c, contender, file) {
			return file.Path
		}
	}
	return ""
}

// isProgram reports whether a file is the program of a launch.
func isProgram(c *audit.Case, contender *audit.Contender, file evidence.MappedFile) bool {
	return slices.ContainsFunc(executables(c, contender), func(program evidence.MappedFile) bool { return program.SHA256 == file.SHA256 })
}

// executables are the distinct programs that a contender's launches ran, as their
// closures have them.
func executables(c *audit.Case, contender *audit.Contender) []evidence.MappedFile {
	var programs []evidence.MappedFile
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			closure := c.Bundle.Closures[look.Closure]
			for _, file := range closure.Files {
				known := slices.ContainsFunc(programs, func(f evidence.MappedFile) bool { return f.SHA256 == file.SHA256 })
				if file.SHA256 != "" && file.SHA256 == look.Executable && !known {
					programs = append(programs, file)
				}
			}
		}
	}
	slices.SortFunc(programs, func(a, b evidence.MappedFile) int {
		return slices.Compare([]string{a.Path, a.SHA256}, []string{b.Path, b.SHA256})
	})
	return programs
}

// mapped visits every file of code that a contender's launches had mapped, once.
func mapped(c *audit.Case, contender *audit.Contender, visit func(evidence.MappedFile)) {
	seen := map[string]bool{}
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			for _, file := range c.Bundle.Closures[look.Closure].Files {
				if !seen[file.Path+file.SHA256] {
					seen[file.Path+file.SHA256] = true
					visit(file)
				}
			}
		}
	}
}
