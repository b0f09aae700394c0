package audit

// This file holds the ruling: what a point or a rule finds about one question.

import (
	"fmt"
	"slices"
	"strings"
)

// Figure is a figure that a judgement rests on.
type Figure struct {
	What  string `json:"what"`
	Value string `json:"value"`
}

// Ruling is what a check finds about one contender, a pair or a run.
type Ruling struct {
	Status  Status
	Detail  string
	Figures []Figure
	// Evidence is the kind where it is not the check's own.
	Evidence Evidence
}

// Passes says what speaks for it.
func Passes(format string, values ...any) Ruling {
	return Ruling{Status: Pass, Detail: fmt.Sprintf(format, values...)}
}

// Fails says what is wrong.
func Fails(format string, values ...any) Ruling {
	return Ruling{Status: Fail, Detail: fmt.Sprintf(format, values...)}
}

// Skips says what the bundle lacks: "needs" is followed by it.
func Skips(format string, values ...any) Ruling {
	return Ruling{Status: Skip, Detail: "needs " + fmt.Sprintf(format, values...)}
}

// With adds a figure.
func (r Ruling) With(what, format string, values ...any) Ruling {
	r.Figures = append(slices.Clip(r.Figures), Figure{what, fmt.Sprintf(format, values...)})
	return r
}

// By says that the ruling rests on another kind of evidence than the check's other
// ones.
func (r Ruling) By(kind Evidence) Ruling {
	r.Evidence = kind
	return r
}

// bad reports whether a ruling is worse than another.
func (r Ruling) bad(than Ruling) bool {
	return slices.Index(statuses, r.Status) < slices.Index(statuses, than.Status)
}

// statuses are from bad to good.
var statuses = []Status{Fail, Skip, Pass}

// All is the worst of several rulings about the same, with the figures of all and
// the details of those that are as bad as the worst.
func All(rulings ...Ruling) Ruling {
	worst := Ruling{Status: Pass}
	var figures []Figure
	for _, r := range rulings {
		figures = append(figures, r.Figures...)
		if r.bad(worst) {
			worst = r
		}
	}
	var details []string
	for _, r := range rulings {
		if r.Status == worst.Status && r.Detail != "" && !slices.Contains(details, r.Detail) {
			details = append(details, r.Detail)
		}
	}
	worst.Detail, worst.Figures = strings.Join(details, "; "), figures
	return worst
}

// Plural counts something in words: "1 launch", "3 launches".
func Plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if strings.HasSuffix(what, "h") {
		what += "e"
	}
	return fmt.Sprintf("%d %ss", n, what)
}
