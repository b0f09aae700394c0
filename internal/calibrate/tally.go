package calibrate

// This file counts the results of comparisons and computes rates.

import (
	"fmt"
	"math"
	"time"

	"cupel/internal/estimate"
	"cupel/internal/stats"
)

// Count is a number of cases, Yes out of Of.
type Count struct{ Yes, Of int }

func (c *Count) add(yes bool) {
	c.Of++
	if yes {
		c.Yes++
	}
}

// Rate returns the share of Yes, or 0 if there are no cases.
func (c Count) Rate() float64 { return float64(c.Yes) / float64(max(c.Of, 1)) }

// Interval returns the exact 95% interval of the share.
func (c Count) Interval() [2]float64 {
	interval := stats.Binomial(c.Yes, c.Of, level)
	return [2]float64{interval.Low, interval.High}
}

// Tally counts the results of comparisons.
type Tally struct {
	Engine string
	// Alarms counts identical copies that were called different.
	Alarms Count
	// Slowdowns are in ascending order. Found counts for each slowdown how often it was
	// found.
	Slowdowns []float64
	Found     map[float64]Count
	// These count the alarms of other methods on the same copies.
	Welch, MannWhitney, Benchstat, Hyperfine Count
	Doubled                                  DoubledLoad
	// Wall is the time of the comparisons. Starting is the part of it in which copies
	// started, loaded the model and agreed with the reference.
	Wall, Starting time.Duration
	// Quiet is the number of comparisons that use only quiet rounds. HalfWidths are the
	// half-widths of the intervals, as shares.
	Quiet      int
	HalfWidths []float64
}

func newTally(engine string, slowdowns []float64) *Tally {
	return &Tally{Engine: engine, Slowdowns: slowdowns, Found: map[float64]Count{}}
}

// DoubledLoad counts the results of rounds before which the harness did its work twice.
type DoubledLoad struct {
	// Alarms counts identical copies that were called different in such rounds.
	Alarms Count
	// These are how much longer each took, as logarithms by comparison: calls, canary
	// readings right after the harness's work, and canary readings after the bursts.
	calls, canary, after []float64
}

// differs reports whether a comparison calls its two sides different.
func differs(c estimate.Comparison) bool { return c.Ratio.Low > 1 || c.Ratio.High < 1 }

func (t *Tally) add(compared copies) {
	t.Wall += compared.wall
	t.Starting += compared.starting
	t.HalfWidths = append(t.HalfWidths, compared.same.HalfWidth())
	if compared.same.Quiet {
		t.Quiet++
	}
	t.Alarms.add(differs(compared.same))
	if len(compared.load) > 0 {
		t.Doubled.add(compared)
	} else {
		found := t.Found[compared.slowdown]
		found.add(compared.slowed.Ratio.Low > 1)
		t.Found[compared.slowdown] = found
	}
	alpha := math.Log(1 - level)
	t.Welch.add(stats.Welch(stats.Describe(compared.calls[0]), stats.Describe(compared.calls[1])).LogP < alpha)
	t.MannWhitney.add(stats.MannWhitney(compared.calls[0], compared.calls[1]).LogP < alpha)
}

func (d *DoubledLoad) add(compared copies) {
	d.Alarms.add(differs(compared.doubled))
	d.calls = append(d.calls, stats.Median(compared.load))
	d.canary, d.after = append(d.canary, stats.Median(compared.canary)), append(d.after, stats.Median(compared.canaryAfter))
}

// Result is the JSON of `cupel calibrate`.
type Result struct {
	Engine string `json:"engine"`
	Pairs  int    `json:"pairs"`
	// Stopped is the reason for fewer pairs than were asked for.
	Stopped              string              `json:"stopped,omitempty"`
	FalseAlarmRate       float64             `json:"false_alarm_rate"`
	FalseAlarmInterval   [2]float64          `json:"false_alarm_interval"`
	Power                map[string]*float64 `json:"power"`
	PowerPairs           map[string]int      `json:"power_pairs"`
	SecondsPerComparison float64             `json:"seconds_per_comparison"`
	// MeasuringSecondsPerComparison leaves out the time in which copies start, load the
	// model and agree with the reference.
	MeasuringSecondsPerComparison float64                 `json:"measuring_seconds_per_comparison"`
	MedianHalfWidth               float64                 `json:"median_half_width"`
	QuietShare                    float64                 `json:"quiet_share"`
	Classic                       map[string]ClassicRates `json:"classic"`
	DoubledLoad                   *DoubledLoadRates       `json:"doubled_load,omitempty"`
}

// ClassicRates are the rates of another method.
type ClassicRates struct {
	FalseAlarmRate float64 `json:"false_alarm_rate"`
	Pairs          int     `json:"pairs"`
}

// DoubledLoadRates compare the rounds before which the harness did its work twice with the
// other rounds.
type DoubledLoadRates struct {
	Pairs              int        `json:"pairs"`
	FalseAlarmRate     float64    `json:"false_alarm_rate"`
	FalseAlarmInterval [2]float64 `json:"false_alarm_interval"`
	// These say how many times as long each took: calls, the canary right after the
	// harness's work, and the canary after the bursts.
	Calls             Shift `json:"calls"`
	Canary            Shift `json:"canary"`
	CanaryAfterBursts Shift `json:"canary_after_bursts"`
}

// Shift is a factor of time, with its 95% interval.
type Shift struct {
	Times    float64    `json:"times"`
	Interval [2]float64 `json:"interval"`
}

func (s Shift) String() string {
	return fmt.Sprintf("%.4f (%.4f to %.4f)", s.Times, s.Interval[0], s.Interval[1])
}

// shiftOf returns the shift from the logarithms of comparisons.
func shiftOf(logs []float64) Shift {
	interval := stats.ClaimInterval(logs, level)
	return Shift{math.Exp(interval.Estimate), [2]float64{math.Exp(interval.Low), math.Exp(interval.High)}}
}

// Result computes rates from the counts. stopped is the reason for fewer pairs than were
// asked for, or empty.
func (t *Tally) Result(stopped string) Result {
	perPair := func(spent time.Duration) float64 { return spent.Seconds() / float64(max(t.Alarms.Of, 1)) }
	result := Result{
		Engine: t.Engine, Pairs: t.Alarms.Of, Stopped: stopped, FalseAlarmRate: t.Alarms.Rate(), FalseAlarmInterval: t.Alarms.Interval(),
		Power: map[string]*float64{}, PowerPairs: map[string]int{},
		SecondsPerComparison: perPair(t.Wall), MeasuringSecondsPerComparison: perPair(t.Wall - t.Starting),
		MedianHalfWidth: stats.Median(t.HalfWidths), QuietShare: Count{t.Quiet, t.Alarms.Of}.Rate(),
		Classic: map[string]ClassicRates{},
	}
	for _, share := range t.Slowdowns {
		key, found := fmt.Sprint(share), t.Found[share]
		result.PowerPairs[key], result.Power[key] = found.Of, nil
		if found.Of > 0 {
			power := found.Rate()
			result.Power[key] = &power
		}
	}
	if d := t.Doubled; d.Alarms.Of >= LeastForInterval {
		result.DoubledLoad = &DoubledLoadRates{
			Pairs: d.Alarms.Of, FalseAlarmRate: d.Alarms.Rate(), FalseAlarmInterval: d.Alarms.Interval(),
			Calls: shiftOf(d.calls), Canary: shiftOf(d.canary), CanaryAfterBursts: shiftOf(d.after),
		}
	}
	for name, count := range map[string]Count{"welch": t.Welch, "mann_whitney": t.MannWhitney, "benchstat": t.Benchstat, "hyperfine": t.Hyperfine} {
		if count.Of > 0 {
			result.Classic[name] = ClassicRates{count.Rate(), count.Of}
		}
	}
	return result
}
