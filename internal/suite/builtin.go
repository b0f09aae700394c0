package suite

// This file holds the built-in suites.

import (
	"embed"
	"strings"
)

//go:embed builtin/*.toml
var builtinFiles embed.FS

// Default is the name of the suite that `cupel run` runs without an argument.
const Default = "mnist-logreg"

// BuiltInNames lists the built-in suites, the default first.
func BuiltInNames() []string {
	return []string{Default, "mnist-digits", "mnist-mlp", "mnist-mlp-batch", "mnist-fit"}
}

func builtIn(name string) ([]byte, bool) {
	if strings.ContainsAny(name, `/\`) {
		return nil, false
	}
	text, err := builtinFiles.ReadFile("builtin/" + name + ".toml")
	return text, err == nil
}
