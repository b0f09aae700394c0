package audit

// This file judges what code a contender's processes had mapped: whether every file
// of it is known, and comes from where it should.

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cupel/internal/evidence"
)

// making is the contender whose installation a contender runs: its own, or that of
// the one that it is a copy of.
func (c *Case) making(contender *Contender) *Contender {
	if contender.Packages == nil && contender.Build == nil {
		if base := c.Contender(contender.engineName()); base != nil {
			return base
		}
	}
	return contender
}

// closed: every file of code that was mapped is known by its digest, and comes from
// the contender's own lock, its recorded build, the harness or the base system.
func (c *Case) closed(contender *Contender) ruling {
	looks, files := 0, map[string]bool{}
	for _, launch := range contender.Finished {
		for _, moment := range []evidence.Moment{evidence.MomentLoaded, evidence.MomentSteady, evidence.MomentLast} {
			look := launch.look(moment)
			if look == nil || look.Closure == "" {
				continue
			}
			closure, there := c.Bundle.Closures[look.Closure]
			if !there {
				return fails("launch %d had a set of files mapped that the bundle does not list", launch.Number)
			}
			looks++
			if fault := c.closureFault(contender, closure); fault != "" {
				return fails("launch %d: %s", launch.Number, fault)
			}
			if at := slices.IndexFunc(closure.Files, fromNowhere); at >= 0 {
				return skips("the source of %s and a record of how it was built: %s is mapped to be executed, and nothing tells what it was made from", contender.Name, closure.Files[at].Path)
			}
			if library := c.unrecorded(contender, closure); library != "" {
				return skips("the digest of %s in the record of the build that it is said to be of", library)
			}
			for _, file := range closure.Files {
				files[file.Path] = true
			}
		}
	}
	if looks == 0 {
		return skips("the files of code that the processes had mapped, with their digests")
	}
	return passes("each of %d files of code is known by its digest and its origin", len(files)).by(Inspected)
}

// closureFault says what is wrong with a set of files, nothing where all is well.
func (c *Case) closureFault(contender *Contender, closure evidence.Closure) string {
	text := ""
	for _, file := range closure.Files {
		text += file.Path + " " + file.SHA256 + "\n"
		switch {
		case file.Unread != "":
			return fmt.Sprintf("%s could not be read: %s", file.Path, file.Unread)
		case file.Replaced:
			return fmt.Sprintf("%s is not what is mapped", file.Path)
		case fromNowhere(file) && !c.own(contender):
			return fmt.Sprintf("%s is mapped to be executed and comes from nowhere known", file.Path)
		case file.Origin == evidence.OriginPackage && !c.isPackage(contender, file.Package):
			return fmt.Sprintf("%s belongs to %q, which is no installed package", file.Path, file.Package)
		case file.Origin == evidence.OriginBuild && c.isProgram(contender, file) && !c.isBuilt(contender, file):
			return fmt.Sprintf("%s is not the program that was built", file.Path)
		case file.Origin == evidence.OriginHarness && (c.Harness == nil || c.Harness.SHA256 != file.SHA256):
			return fmt.Sprintf("%s is not the program that measured", file.Path)
		}
	}
	if digest([]byte(text)) != closure.SHA256 {
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
func (c *Case) own(contender *Contender) bool {
	return !strings.HasSuffix(contender.Name, "@canonical") && slices.Contains(c.Bundle.Plan.Own, contender.engineName())
}

func (c *Case) isPackage(contender *Contender, name string) bool {
	packages := c.making(contender).Packages
	return packages != nil && slices.ContainsFunc(packages.Packages, func(p evidence.Package) bool { return p.Name+" "+p.Version == name })
}

func (c *Case) isBuilt(contender *Contender, file evidence.MappedFile) bool {
	build := c.making(contender).Build
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
func (c *Case) unrecorded(contender *Contender, closure evidence.Closure) string {
	for _, file := range closure.Files {
		if file.Origin == evidence.OriginBuild && !c.isBuilt(contender, file) {
			return file.Path
		}
	}
	return ""
}

// isProgram reports whether a file is the program of a launch.
func (c *Case) isProgram(contender *Contender, file evidence.MappedFile) bool {
	return slices.ContainsFunc(c.executables(contender), func(program evidence.MappedFile) bool { return program.SHA256 == file.SHA256 })
}

// executables are the distinct programs that a contender's launches ran, as their
// closures have them.
func (c *Case) executables(contender *Contender) []evidence.MappedFile {
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
func (c *Case) mapped(contender *Contender, visit func(evidence.MappedFile)) {
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
