package report

// This file writes all derived files of a bundle.

import (
	"bytes"
	"path/filepath"

	"cupel/internal/evidence"
)

// Write writes the derived files into the bundle's results folder.
func (r *Results) Write(w *evidence.Writer) error {
	for i := range r.Contenders {
		if c := &r.Contenders[i]; c.Status == Measured {
			if err := w.WriteJSON(filepath.Join(evidence.ResultsDir, ResultFile(c.Name)), r.Result(c)); err != nil {
				return err
			}
		}
	}
	if err := w.WriteJSON(filepath.Join(evidence.ResultsDir, SummaryFile), r.Summary()); err != nil {
		return err
	}
	var page bytes.Buffer
	if err := r.WriteMarkdown(&page); err != nil {
		return err
	}
	return w.WriteFile(filepath.Join(evidence.ResultsDir, MarkdownFile), page.Bytes())
}
