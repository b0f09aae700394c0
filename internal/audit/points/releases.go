package points

// This file tells which release of its engine a contender ran, and until when languages
// are maintained. When engines came out stands in their records.

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"cupel/engines"
	"cupel/internal/audit"
	"cupel/internal/evidence"
)

// engineRelease is which release of its engine a contender is. The date is zero for
// an engine that is part of this program and made from the same sources.
func engineRelease(c *audit.Case, contender *audit.Contender) (name, version string, released time.Time, known bool) {
	making := makerOf(c, contender)
	name = contender.EngineName()
	if named, ok := c.Bundle.Plan.Canonical[name]; ok {
		name = named
	}
	engine, builtIn := engines.Lookup(name)
	published := name
	if builtIn && engine.Package.Name != "" {
		published = engine.Package.Name
	}
	text := ""
	switch {
	case making.Packages != nil:
		name = published
		for _, p := range making.Packages.Packages {
			if strings.EqualFold(p.Name, published) {
				version, text = p.Version, p.Released
			}
		}
	case builtIn && engine.Language == engines.Go:
		if c.Harness == nil || c.Harness.Binary.Go == nil {
			return name, "", time.Time{}, false
		}
		if engine.Package.Name == "" {
			if making.Build == nil || len(making.Build.Sources) < 12 {
				return name, "", time.Time{}, false
			}
			return name, making.Build.Sources[:12], time.Time{}, audit.KnownSources(engine, making.Build.Sources)
		}
		version = moduleVersion(c.Harness.Binary.Go, published)
	case making.Build != nil:
		version = lockedCrate(c, making, published)
	}
	if text == "" {
		text = engines.Released(published, version)
	}
	released, err := time.Parse(time.DateOnly, text)
	return name, version, released, err == nil
}

// moduleVersion is the version of a module that a program was linked with, empty where
// it was linked with none of that path.
func moduleVersion(build *evidence.GoBuild, module string) string {
	at := slices.IndexFunc(build.Modules, func(m evidence.Module) bool { return m.Path == module })
	if at < 0 {
		return ""
	}
	return build.Modules[at].Version
}

// lockedCrate is the version that a contender's Cargo.lock has of a crate.
func lockedCrate(c *audit.Case, making *audit.Contender, name string) string {
	for _, entry := range crates(c, making) {
		if entry.Name == name {
			return entry.Version
		}
	}
	return ""
}

// crate is a package of a Cargo.lock.
type crate struct{ Name, Version, Source, Checksum string }

// crates are those of a contender's Cargo.lock; nil where it has none that can be read.
func crates(c *audit.Case, making *audit.Contender) []crate {
	text, err := c.ContenderFile(making, "Cargo.lock")
	if err != nil || text == nil {
		return nil
	}
	found, err := cratesOf(text)
	if err != nil {
		return nil
	}
	return found
}

// cratesOf are the packages of a Cargo.lock, by name.
func cratesOf(lock []byte) ([]crate, error) {
	var file struct{ Package []crate }
	if err := toml.Unmarshal(lock, &file); err != nil {
		return nil, fmt.Errorf("reading Cargo.lock: %w", err)
	}
	slices.SortStableFunc(file.Package, func(a, b crate) int { return cmp.Compare(a.Name, b.Name) })
	return file.Package, nil
}

// pythons are the ends of life of Python's lines, from the one on that the checklist
// takes for recent.
var pythons = map[int]string{10: "2026-10-31", 11: "2027-10-31", 12: "2028-10-31", 13: "2029-10-31", 14: "2030-10-31", 15: "2031-10-31"}

var versionNumbers = regexp.MustCompile(`(\d+)\.(\d+)(\.\d+)?(\S*)`)

// currentPython judges the version of an interpreter.
func currentPython(runtime string, run time.Time) audit.Ruling {
	found := versionNumbers.FindStringSubmatch(runtime)
	if found == nil {
		return audit.Skips("the version of the language's runtime, from a file of the installation")
	}
	minor, err := strconv.Atoi(found[2])
	if found[1] != "3" || err != nil {
		return audit.Fails("the runtime is %s; Python 3.10 is the least", runtime)
	}
	if found[4] != "" && found[4] != "+" {
		return audit.Fails("the runtime is %s, a pre-release", runtime)
	}
	end, known := pythons[minor]
	switch {
	case !known && minor < 10:
		return audit.Fails("the runtime is %s; Python 3.10 is the least", runtime)
	case !known:
		return audit.Skips("a line of Python that this program knows; %s is newer", runtime)
	}
	return untilEnd("Python "+found[0], end, run)
}

func untilEnd(what, end string, run time.Time) audit.Ruling {
	last, err := time.Parse(time.DateOnly, end)
	if err != nil {
		return audit.Skips("the date until which %s is maintained", what)
	}
	r := audit.Passes("%s is maintained until %s", what, end)
	if run.After(last.AddDate(0, 0, 1)) {
		r = audit.Fails("%s was maintained until %s only", what, end)
	}
	return r.With("version", "%s", what)
}

var goVersion = regexp.MustCompile(`^go1\.(\d+)(\.\d+)?$`)

// currentGo judges a version of Go. A line comes out every half year, Go 1.26 in
// February 2026, and is maintained until the next but one is out.
func currentGo(version string, run time.Time) audit.Ruling {
	found := goVersion.FindStringSubmatch(version)
	if found == nil {
		return audit.Fails("the program was built by %q, which is no released Go", version)
	}
	line, err := strconv.Atoi(found[1])
	if err != nil {
		return audit.Skips("the version of Go")
	}
	const known, months = 26, 6
	first := time.Date(2026, time.February, 28, 0, 0, 0, 0, time.UTC)
	return untilEnd(version, first.AddDate(0, months*(line-known+2), 0).Format(time.DateOnly), run)
}

// currentRust judges a Rust compiler by its date: a program of its has no runtime of
// another version.
func currentRust(version, date string, run time.Time) audit.Ruling {
	released, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return audit.Skips("the date of rustc %s", version)
	}
	if strings.ContainsAny(version, "-") {
		return audit.Fails("the program was built by rustc %s, a pre-release", version)
	}
	return untilEnd(fmt.Sprintf("rustc %s of %s", version, date), released.AddDate(0, oldest, 0).Format(time.DateOnly), run)
}
