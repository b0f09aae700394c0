// Package version reads versions and build settings from the binary, so that no version is
// typed in by hand.
package version

import (
	"runtime/debug"
	"slices"

	"cupel"
)

// Cupel returns this program's version. A build from a checkout has no version, and one by
// `go run` no revision. The version is then "devel-" and the first digits of the SHA-256 of
// its source.
func Cupel() string {
	info, ok := debug.ReadBuildInfo()
	if ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel-" + cupel.SourceDigest()[:12]
}

// Of returns the version of a module that the binary was linked with.
func Of(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dependency := range info.Deps {
		if dependency.Path != module {
			continue
		}
		if dependency.Replace != nil {
			return dependency.Replace.Version
		}
		return dependency.Version
	}
	return "unknown"
}

// Build returns how this binary was built: the compiler and each setting that changes the
// generated code.
func Build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "go build, settings unknown"
	}
	text := "go build, " + info.GoVersion
	for _, setting := range info.Settings {
		if slices.Contains(codeSettings, setting.Key) && setting.Value != "" {
			text += " " + setting.Key + "=" + setting.Value
		}
	}
	return text
}

// codeSettings are the build settings that change the generated code.
var codeSettings = []string{"-race", "-msan", "-asan", "-cover", "-gcflags", "-asmflags", "-pgo", "-tags", "GOAMD64", "GOARM64", "GOEXPERIMENT"}
