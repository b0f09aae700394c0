package points

// This file reads what cargo is told of a build, in manifests, settings and variables:
// all that makes the release profile another one than cargo's own.

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"cupel/internal/audit"
	"cupel/internal/evidence"
)

// What a release profile may say and be an ordinary one: settings that change what a
// debugger sees or how build scripts are built, and those that are cargo's own.
var (
	harmlessSettings = []string{"debug", "strip", "split-debuginfo", "rpath", "build-override"}
	cargosOwn        = map[string]string{
		"opt-level": "3", "lto": "false", "codegen-units": "16", "panic": "unwind",
		"overflow-checks": "false", "debug-assertions": "false", "incremental": "false",
	}
)

// ordinarySetting reports whether a setting leaves the release profile as it is.
func ordinarySetting(key, value string) bool {
	own, known := cargosOwn[key]
	return slices.Contains(harmlessSettings, key) || known && value == own
}

// isCargos reports whether a file of a build is one that cargo reads.
func isCargos(name string) bool {
	base := path.Base(name)
	return base == "Cargo.toml" || base == "config.toml" || base == "config"
}

// tunedManifest says what in a manifest or a settings file of cargo's makes the build
// a special one. TOML has several ways to write each.
func tunedManifest(text []byte) (fault string, err error) {
	var file map[string]any
	if err := toml.Unmarshal(text, &file); err != nil {
		return "", err
	}
	if found := tuned.FindString(strings.Join(compilerFlags(file, false), " ")); found != "" {
		return strings.TrimSpace(found), nil
	}
	profiles, _ := file["profile"].(map[string]any)
	release, _ := profiles["release"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(release)) {
		packages, several := release[key].(map[string]any)
		if key != "package" || !several {
			if value := fmt.Sprint(release[key]); !ordinarySetting(key, value) {
				return fmt.Sprintf("profile.release.%s = %s", key, value), nil
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(packages)) {
			if settings, _ := packages[name].(map[string]any); slices.ContainsFunc(slices.Collect(maps.Keys(settings)), func(key string) bool { return !ordinarySetting(key, fmt.Sprint(settings[key])) }) {
				return fmt.Sprintf("profile.release.package.%s = %v", name, settings), nil
			}
		}
	}
	return "", nil
}

// compilerFlags are the words of all settings that are handed to the compiler.
func compilerFlags(value any, handed bool) []string {
	var words []string
	switch value := value.(type) {
	case string:
		if handed {
			words = append(words, value)
		}
	case []any:
		for _, one := range value {
			words = append(words, compilerFlags(one, handed)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			words = append(words, compilerFlags(value[key], handed || strings.HasSuffix(key, "flags"))...)
		}
	}
	return words
}

// profileVariable is how the variables begin that set cargo's release profile.
const profileVariable = "CARGO_PROFILE_RELEASE_"

// tunedVariable says whether a variable makes a build a special one. What stands in it
// alone does not tell: a "fat" may be of anything.
func tunedVariable(variable evidence.Variable) audit.Ruling {
	if variable.Value == nil {
		return audit.Skips("the value of %s", variable.Name)
	}
	// Cargo divides the words of one of them by a character that no flag has.
	value := strings.ReplaceAll(*variable.Value, "\x1f", " ")
	setting, ofProfile := strings.CutPrefix(variable.Name, profileVariable)
	key := strings.ReplaceAll(strings.ToLower(setting), "_", "-")
	if tuned.MatchString(value) || ofProfile && !strings.HasPrefix(key, "build-override-") && !ordinarySetting(key, value) {
		return audit.Fails("it was built with %s=%q", variable.Name, value)
	}
	return audit.Passes("%s is an ordinary one", variable.Name)
}
