package published

// This file holds the rules about how figures are presented: intervals apart,
// fitting precision, limits stated.

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/published/publication"
	"cupel/internal/interval"
)

// interval95 is an engine's 95% interval of the mean: as printed, else from mean
// and deviation.
func (b *box) interval95() (interval.Interval, bool) {
	low, hasLow := b.tight[publication.CILow]
	high, hasHigh := b.tight[publication.CIHigh]
	if hasLow && hasHigh {
		return narrowest(low.High, high.Low), true
	}
	half, ok := b.halfWidth()
	if !ok {
		return interval.Interval{}, false
	}
	mean := b.tight[publication.Mean]
	return narrowest(mean.High-half, mean.Low+half), true
}

// narrowest is an interval whose ends may have been rounded past each other.
func narrowest(low, high float64) interval.Interval {
	if low > high {
		return interval.Point((low + high) / 2)
	}
	return interval.Interval{Low: low, High: high}
}

// halfWidth is that of the 95% interval, taken as narrow as the figures allow.
func (b *box) halfWidth() (float64, bool) {
	deviation, ok := b.tight[publication.StdDev]
	if _, has := b.tight[publication.Mean]; !ok || !has || b.n < 2 {
		return 0, false
	}
	return z * math.Max(deviation.Low, 0) / math.Sqrt(b.n), true
}

// intervalsApart judges point 28. The narrowest intervals that the figures allow
// are taken: only what surely overlaps fails.
func (t *tables) intervalsApart() {
	if len(t.sides) < 2 || !t.calledDifferent() {
		return
	}
	a, okA := t.sides[0].interval95()
	b, okB := t.sides[1].interval95()
	if !okA || !okB {
		return
	}
	if a.High >= b.Low && b.High >= a.Low {
		t.decide(28, t.judged.Claim, audit.Fail, "the 95%% intervals %v and %v overlap", a, b)
		return
	}
	if a.Low > b.High {
		t.decide(28, t.judged.Claim, audit.Fail, "the 95%% intervals %v and %v are apart the other way round: %s is the slower", a, b, t.sides[0].engine.Name)
		return
	}
	t.decide(28, t.judged.Claim, audit.Pass, "the 95%% intervals %v and %v are apart", a, b)
}

// calledDifferent reports whether the claim's comparison says that its sides
// differ: by a ratio in a sentence, by calling the difference significant, or by
// a p-value below 0.05. Where nothing is said, a comparison is a claim.
func (t *tables) calledDifferent() bool {
	if t.comparison == nil {
		return false
	}
	if len(t.comparison.Figures[publication.RatioStated]) > 0 {
		return true
	}
	for _, word := range t.comparison.Significant {
		return !denied.MatchString(word.Text)
	}
	for _, p := range t.comparison.Figures[publication.PValue] {
		return p.Value < 0.05
	}
	for _, part := range ratioParts {
		for _, figure := range t.comparison.Figures[part.ratio] {
			if !figure.Interval.Contains(1) {
				return true
			}
		}
	}
	return false
}

// denied matches words that deny significance.
var denied = regexp.MustCompile(`(?i)^(no|not|false|insignificant|fail)`)

// precision judges point 29 on what was printed for people: whole float64 values,
// as in JSON, are data.
func (t *tables) precision() {
	const finest, coarsest = 0.001, 0.01 // Microseconds: a clock's step; two decimals.
	for _, b := range t.sides {
		half, ok := b.halfWidth()
		if !ok {
			continue
		}
		for _, figure := range b.engine.Figures[publication.Mean] {
			room := math.Max(half, 0.01*figure.Value)
			switch {
			case figure.Exact:
			case figure.UnitStep > math.Max(room, finest)*(1+1e-9):
				t.decide(29, b.engine.Name, audit.Fail, "mean %s: its last digit is %.3g us, coarser than its half-width %.3g us and than 1%%", figure.Text, figure.UnitStep, half)
			case figure.UnitStep < half/100 && figure.UnitStep < coarsest*(1-1e-9):
				t.decide(29, b.engine.Name, audit.Fail, "mean %s: its last digit is %.3g us, finer than a hundredth of its half-width %.3g us", figure.Text, figure.UnitStep, half)
			default:
				t.decide(29, b.engine.Name, audit.Pass, "mean %s has fitting digits for a half-width of %.3g us", figure.Text, half)
			}
		}
	}
}

var limitsHeading = regexp.MustCompile(`(?i)\b(limits?|limitations?|caveats?|threats to validity)\b`)

// limits judges point 100 where there is a text that could state them.
func (t *tables) limits() {
	if len(t.publication.Lines) == 0 {
		return
	}
	for _, heading := range t.publication.Headings {
		if limitsHeading.MatchString(heading.Text) && t.followed(heading) {
			t.decide(100, t.judged.Claim, audit.Pass, "%s:%d has a section on limits", heading.Place.File, heading.Place.Line)
			return
		}
	}
	t.decide(100, t.judged.Claim, audit.Fail, "no section states limits")
}

// followed reports whether a heading has text under it.
func (t *tables) followed(heading publication.Setting) bool {
	for _, line := range t.publication.Lines {
		if line.Place.File != heading.Place.File || line.Place.Line <= heading.Place.Line || strings.TrimSpace(line.Text) == "" {
			continue
		}
		return !strings.HasPrefix(strings.TrimSpace(line.Text), "#")
	}
	return false
}

// environmentKeys are the settings that both sides must share.
var environmentKeys = map[string]bool{
	"cpu": true, "platform": true, "kernel": true, "os": true, "memory": true, "device": true, "precision": true,
	"threads": true, "batch": true, "seed": true, "input_dim": true, "num_classes": true, "training_samples": true,
	"warmup_iterations": true, "benchmark_iterations": true,
}

// environment compares what the two sides say of where they ran.
func (t *tables) environment() {
	if len(t.sides) < 2 {
		return
	}
	others := map[string]publication.Setting{}
	for _, b := range t.sides[1].engine.Settings {
		if _, there := others[b.Key]; !there && environmentKeys[b.Key] {
			others[b.Key] = b
		}
	}
	for _, a := range t.sides[0].engine.Settings {
		b, there := others[a.Key]
		delete(others, a.Key)
		if !there || strings.EqualFold(a.Text, b.Text) {
			continue
		}
		t.find(audit.Finding{
			Rule: RuleEnvironment, Contender: t.judged.Claim, Severity: audit.Warning,
			Message:   fmt.Sprintf("%s is %q on one side and %q on the other", a.Key, a.Text, b.Text),
			Published: []audit.Shown{{What: a.Key, Text: a.Text, Place: audit.Place(a.Place)}, {What: b.Key, Text: b.Text, Place: audit.Place(b.Place)}},
			Remedy:    "record the environment of both sides in the same way, on the same machine",
		})
	}
}
