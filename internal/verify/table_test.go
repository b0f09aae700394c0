package verify

// This file holds the files that verify validates against the table of what a bundle holds.

import (
	"strings"
	"testing"

	"cupel/internal/evidence"
)

func TestEveryJSONFileOfABundleIsValidated(t *testing.T) {
	validated := map[string]string{}
	for _, row := range evidence.Contents() {
		name := strings.ReplaceAll(row.Path, "*", "x")
		if got := schemaOf(name); got != row.Schema {
			t.Errorf("%s is validated against %q; the table says %q", row.Path, got, row.Schema)
		}
		validated[row.Path] = row.Schema
	}
	for _, one := range documents {
		if _, there := validated[one.pattern]; !there {
			t.Errorf("%s is in no row of the table", one.pattern)
		}
	}
}
