package export

// This file writes an audit as JSON, in the shape that docs/schemas has.

import (
	"encoding/json"
	"io"

	"cupel/internal/audit"
)

type jsonHandler struct{}

func (jsonHandler) Name() string { return "json" }

func (jsonHandler) Write(w io.Writer, r *audit.Report, _ Options) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
