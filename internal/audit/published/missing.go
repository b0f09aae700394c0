package published

// This file finds what was not published.

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"cupel/internal/audit"
	"cupel/internal/audit/published/publication"
)

// missing finds evidence that a reviewer would need and that nothing names. That
// it is named is no proof of it; that is what a bundle is for.
func (t *tables) missing() {
	t.environment()
	t.unread()
	if !t.hasSamples() && !t.says(rawWords) {
		t.lacks("the raw samples", "publish every sample, as a file that ordinary tools read")
	}
	if !t.manyProcesses() {
		t.lacks("the number of processes; as far as it says, each engine ran once", "run each engine in ten processes or more, and publish each one's figures")
	}
	if t.hasSamples() {
		return // Files of other tools say nothing of what follows, by their format.
	}
	if !t.says(threadWords) {
		t.lacks("the number of threads", "state how many threads each engine was allowed")
	}
	if !t.says(seedWords) {
		t.lacks("what the random seed was used for", "state what the seed decides, and that both sides use it")
	}
	if t.compiled() && !t.says(buildWords) {
		t.lacks("the build profile of the compiled engines", "publish compiler, flags and build log")
	}
	t.versions()
}

// unread notes figures that could not be read, so that nobody takes silence about
// them for consent.
func (t *tables) unread() {
	for _, figure := range t.publication.Unread {
		t.find(audit.Finding{
			Rule: RuleUnread, Contender: t.judged.Claim, Severity: audit.Note,
			Message:   "a figure of " + figure.Key + " was not read: " + figure.Text,
			Published: []audit.Shown{{What: figure.Key, Text: figure.Text, Place: audit.Place(figure.Place)}},
			Remedy:    "print a plain decimal number with its unit",
		})
	}
}

var (
	rawWords     = regexp.MustCompile(`(?i)raw[ _](samples|data|times)|\.parquet`)
	threadWords  = regexp.MustCompile(`(?i)threads?\b|single-threaded`)
	seedWords    = regexp.MustCompile(`(?i)seed\b.*(weight|data|order|shuffl|initial|fit|generat)|(weight|data|order|shuffl|initial|fit|generat)\w*\b.*\bseed`)
	buildWords   = regexp.MustCompile(`(?i)--release|\s-O[123s]\b|release build|optimi[sz]ed build|\bbuild\b`)
	processWords = regexp.MustCompile(`(?i)\b(launches|processes|forks)\b`)
)

// texts are all settings, as "key: text", and lines.
func (t *tables) texts(visit func(string) bool) bool {
	groups := [][]publication.Setting{t.publication.Settings, t.publication.Lines, t.publication.Commands}
	for _, engine := range t.publication.Engines {
		groups = append(groups, engine.Settings)
	}
	for _, group := range groups {
		for _, setting := range group {
			if visit(strings.ReplaceAll(setting.Key, "_", " ") + ": " + setting.Text) {
				return true
			}
		}
	}
	return false
}

func (t *tables) says(words *regexp.Regexp) bool { return t.texts(words.MatchString) }

func (t *tables) hasSamples() bool {
	for _, engine := range t.publication.Engines {
		if len(engine.Samples) > 0 {
			return true
		}
	}
	return false
}

var numbers = regexp.MustCompile(`\d+`)

func (t *tables) manyProcesses() bool {
	if t.publication.Processes > 1 {
		return true
	}
	return t.texts(func(text string) bool {
		if !processWords.MatchString(text) {
			return false
		}
		for _, digits := range numbers.FindAllString(text, -1) {
			if n, err := strconv.Atoi(digits); err == nil && n > 1 {
				return true
			}
		}
		return false
	})
}

// compiled reports whether an engine may be a compiled one: all but those that
// say that they are Python.
func (t *tables) compiled() bool {
	for _, engine := range t.publication.Engines {
		interpreted := false
		for _, setting := range engine.Settings {
			interpreted = interpreted || setting.Key == "python" || strings.HasPrefix(setting.Key, "python_") ||
				setting.Key == "language" && strings.EqualFold(setting.Text, "python") || setting.Key == "runtime" && strings.HasPrefix(setting.Text, "CPython")
		}
		if !interpreted {
			return true
		}
	}
	return false
}

func (t *tables) lacks(what, remedy string) {
	t.find(audit.Finding{
		Rule: RuleEvidenceMissing, Contender: t.judged.Claim, Severity: audit.Error,
		Message: "what is published does not give " + what, Remedy: remedy,
	})
}

// versionKeys are settings that must be versions.
var versionKeys = regexp.MustCompile(`(?i)^(version|rust|rustc|go|python|node|compiler|runtime|.*_version)$`)

func (t *tables) versions() {
	for _, engine := range t.publication.Engines {
		for _, setting := range engine.Settings {
			if !versionKeys.MatchString(setting.Key) || strings.ContainsFunc(setting.Text, unicode.IsDigit) {
				continue
			}
			t.find(audit.Finding{
				Rule: RuleEvidenceMissing, Contender: engine.Name, Severity: audit.Error,
				Message:   fmt.Sprintf("%s is %q, which is no version", setting.Key, setting.Text),
				Published: []audit.Shown{{What: setting.Key, Text: setting.Text, Place: audit.Place(setting.Place)}},
				Remedy:    "read the version from the program when it runs, and publish that",
			})
		}
	}
}
