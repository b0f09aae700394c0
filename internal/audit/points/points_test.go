package points

// This file tests the list of points as data: its numbers, categories and words.

import (
	"strings"
	"testing"
	"unicode/utf8"

	"cupel/internal/audit"
)

func TestPointsAreTheHundred(t *testing.T) {
	listed := All()
	if len(listed) != 100 {
		t.Fatalf("%d points", len(listed))
	}
	next := 0
	for _, block := range []struct {
		category audit.Category
		size     int
	}{
		{"methodology", 15}, {"statistics", 15}, {"code", 15}, {"data", 10},
		{"environment", 15}, {"reproducibility", 10}, {"plausibility", 10}, {"bias", 10},
	} {
		for range block.size {
			point := listed[next]
			next++
			if point.ID != next || point.Category != block.category {
				t.Errorf("place %d has point %d of %s, want %s", next, point.ID, point.Category, block.category)
			}
		}
	}
	if next != 100 {
		t.Errorf("the categories hold %d points", next)
	}
}

func TestPointsAreACopy(t *testing.T) {
	All()[0].Title = "changed"
	if got := All()[0].Title; got == "changed" {
		t.Error("a caller can change the list")
	}
}

func TestPointsAreWorded(t *testing.T) {
	// Some of the checklist's own texts: titles are to be the project's.
	texts := map[string]bool{}
	for _, text := range []string{
		"Warmup iterations are excluded from measurements",
		"No batching tricks in either implementation",
		"Mean calculation is correct",
		"Confidence intervals don't overlap",
		"No cherry-picking of runs",
		"Release mode compilation",
		"Model is trained before benchmarking",
		"Same CPU for both benchmarks",
		"No NUMA effects",
		"Results reproducible on re-run",
		"p50 < p95 < p99 in both",
		"Mean close to p50 (low skew)",
		"Training time not included in inference",
		"Limitations acknowledged",
	} {
		texts[strings.ToLower(text)] = true
	}
	seen := map[string]int{}
	for _, point := range All() {
		title := strings.ToLower(point.Title)
		switch length := utf8.RuneCountInString(point.Title); {
		case strings.TrimSpace(title) == "":
			t.Errorf("point %d has no title", point.ID)
		case length > 80:
			t.Errorf("point %d's title has %d characters", point.ID, length)
		case seen[title] != 0:
			t.Errorf("points %d and %d have the same title", seen[title], point.ID)
		case texts[title]:
			t.Errorf("point %d's title is copied: %s", point.ID, point.Title)
		}
		seen[title] = point.ID
		for _, text := range []string{point.Title, point.Needs} {
			if text != strings.TrimSpace(text) || strings.ContainsAny(text, "\n\r\t") || strings.HasSuffix(text, ".") {
				t.Errorf("point %d: %q is not one bare line", point.ID, text)
			}
		}
		if point.Needs == "" || strings.HasPrefix(strings.ToLower(point.Needs), "need") {
			t.Errorf("point %d: %q does not follow the word needs", point.ID, point.Needs)
		}
	}
}
