package published

// This file tells workloads apart that one file reports under the same names.

import (
	"cupel/internal/audit"
	"cupel/internal/audit/published/publication"
)

// section is the heading that a place stands under, or a heading without text at
// its file's beginning.
func (t *tables) section(place publication.Place) publication.Setting {
	under := publication.Setting{Place: publication.Place{File: place.File}}
	for _, heading := range t.publication.Headings {
		if heading.Place.File == place.File && heading.Place.Line < place.Line && heading.Place.Line > under.Place.Line {
			under = heading
		}
	}
	return under
}

// separate drops figures that contradict earlier ones of the same file: a second
// table, at another batch size say, or a second row of one. The whole section goes
// where it is another one, else the line; a warning says so. What is left is one
// workload's, as far as figures can tell.
func (t *tables) separate() {
	sections, lines := map[publication.Place]bool{}, map[publication.Place]bool{}
	for _, engine := range t.publication.Engines {
		for _, quantity := range engineQuantities {
			t.contradictions(engine, quantity, sections, lines)
		}
	}
	if len(sections)+len(lines) == 0 {
		return
	}
	dropped := func(place publication.Place) bool {
		return lines[place] || len(sections) > 0 && sections[t.section(place).Place]
	}
	for _, engine := range t.publication.Engines {
		drop(engine.Figures, dropped)
	}
	for _, comparison := range t.publication.Comparisons {
		drop(comparison.Figures, dropped)
	}
}

func (t *tables) contradictions(engine *publication.Engine, quantity publication.Quantity, sections, lines map[publication.Place]bool) {
	figures := engine.Figures[quantity]
	for _, figure := range figures[min(1, len(figures)):] {
		first := figures[0]
		if figure.Place.File != first.Place.File || figure.Interval.Overlaps(first.Interval) {
			continue
		}
		t.find(disagreement(engine.Name, audit.Warning, first, figure))
		if section := t.section(figure.Place); section.Place != t.section(first.Place).Place {
			sections[section.Place] = true
		} else {
			lines[figure.Place] = true
		}
	}
}

func drop(figures map[publication.Quantity][]publication.Figure, dropped func(publication.Place) bool) {
	for quantity, all := range figures {
		var kept []publication.Figure
		for _, figure := range all {
			if !dropped(figure.Place) {
				kept = append(kept, figure)
			}
		}
		figures[quantity] = kept
	}
}
