package suite

// This file holds the thresholds by which checks, controls and figures decide. They stand
// in the plan, so that a bundle is judged by the rules of its day.

import "reflect"

// Thresholds decide whether a check of clock or conduct, or a control, passes, fails or is
// not judged. A ratio or a share is a plain number, 0.05 for 5%; a name ends in its unit
// where there is one. Each value comes from experiments with honest engines and with
// cheats, which docs/EXPERIMENTS.md describes under the date that stands here.
type Thresholds struct {
	// OuterClock is by how much the harness's time of a long burst may exceed the
	// contender's own, as a ratio, beside what a request costs; CPUClock is the same of its
	// time on a CPU.
	OuterClock float64 `json:"outer_clock_at_most"`
	CPUClock   float64 `json:"cpu_clock_at_most"`
	// RequestShare is the most that a request without calls may cost, as a share of a long
	// burst, for an allowance that includes this cost to acquit: the contender makes such
	// requests as slow as it likes. Of seven engines none came to more than 0.07, and in
	// training to 0.15 (22 Nov).
	RequestShare float64 `json:"request_share_at_most"`
	// ShortBursts is how long short bursts may take at least, against the CPU time of long
	// ones over as few rows.
	ShortBursts float64 `json:"short_bursts_at_least"`
	// ShortBurstsNearMiss is the figure below which short bursts accuse, whatever else is
	// so. Between it and ShortBursts a disturbed machine and dissent take an accusation
	// back. An honest engine's middle launch had 0.8398 in one of twenty runs, on a machine
	// with neighbours, where it has 0.92 on a quiet one (22 Nov).
	ShortBurstsNearMiss float64 `json:"short_bursts_near_miss"`
	// ShortBurstsDissent is the share of launches that may be as slow as due.
	ShortBurstsDissent float64 `json:"short_bursts_dissent_at_most"`
	// NearRows is how long calls over few rows may take at least, against calls over many.
	// Honest engines of a tenth of a microsecond a call come to 0.7 where the larger file
	// leaves the nearest cache.
	NearRows float64 `json:"near_rows_at_least"`
	// ClassicCalls is how long calls of the classic protocol may take at least, against
	// those of short bursts: the row is always the same and there is no chain. By their
	// median call honest engines come to 0.90 and more, each launch for itself to 0.48.
	ClassicCalls float64 `json:"classic_calls_at_least"`
	// InnerTime is the largest share of a request's time by the harness's clock that a
	// contender may claim. Both read the same clock.
	InnerTime float64 `json:"inner_time_at_most"`

	// BurstClock is by how much one long burst's time on a CPU may exceed what the
	// contender says of it, as a ratio, beside what a request costs. Honest bursts come to
	// 1.14. A contender is accused where at least BurstClockBursts bursts, and more than
	// BurstClockShare of all, are beyond: in honest launches one of 1,900 was.
	BurstClock       float64 `json:"burst_clock_at_most"`
	BurstClockShare  float64 `json:"burst_clock_share_at_most"`
	BurstClockBursts int     `json:"burst_clock_bursts_at_least"`

	// StopShown is the least share of planted stops that shows in one single call of an
	// honest contender; the others fall between two calls. Fewer accuse where their
	// probability is below StopChance.
	StopShown  float64 `json:"stop_shown_at_least"`
	StopChance float64 `json:"stop_chance_at_least"`
	// StopLanded is the share of a planted stop that a burst's time must hold for the stop
	// to count as having hit it.
	StopLanded float64 `json:"stop_landed_at_least"`
	// StopReading is the most that a request without calls may take, as a share of a long
	// burst, for stops to be looked for by the harness's clock. They are planned for 0.05
	// to 0.2 of one, so that four of five come after the rows have been read.
	StopReading float64 `json:"stop_reading_at_most"`
	// StopBetween is the time between calls, as a share of the calls' own, that an honest
	// loop stays below: it spends a quarter.
	StopBetween float64 `json:"stop_between_calls_at_most"`
	// StopSlower and StopClockNanoseconds allow for calls that are timed one by one: they
	// take so many times as long, and two readings of a clock longer.
	StopSlower           float64 `json:"stop_slower_at_most"`
	StopClockNanoseconds float64 `json:"stop_clock_at_most_ns"`

	// Idle is the share of the time between requests that may be spent on a CPU.
	Idle float64 `json:"idle_at_most"`
	// MultiplyAddNanoseconds is the least time of a multiply-add on one core: no core does
	// more than two fused ones of 16 lanes in a cycle, nor 6 GHz. The audit knows the
	// machine's own lanes and cycle, and asks for more.
	MultiplyAddNanoseconds float64 `json:"multiply_add_at_least_ns"`
	// ReadingNanoseconds is how long reading a row may take.
	ReadingNanoseconds float64 `json:"reading_at_most_ns"`
	// OtherThreads is the share of a contender's work that may be on other threads than its
	// busiest, where it was given one. A Go runtime comes to 0.14, for being stopped and
	// woken, and for collecting.
	OtherThreads float64 `json:"other_threads_at_most"`
	// OtherThreadsNanoseconds is what other threads may do for every request, however large
	// a share that is: being stopped and woken costs the same for bursts of any length.
	// Go's runtime comes to 0.08 to 0.18 ms, which is 55% of what an engine of 40 ns a call
	// does beside other processes (23 Nov); a second thread that works does so for as long
	// as bursts last, milliseconds.
	OtherThreadsNanoseconds float64 `json:"other_threads_at_most_ns"`
	// Helpers is how much processes that a contender has started may work, against what it
	// does itself.
	Helpers float64 `json:"helpers_at_most"`
	// Canonical is by how many times a contender may differ from the built-in runner of the
	// engine that it names.
	Canonical float64 `json:"canonical_at_most"`

	// StolenShare is the share of a launch's time that the host may take before checks
	// that it disturbs leave the launch out.
	StolenShare float64 `json:"stolen_share_at_most"`
	// LaunchesIfStolen is how many launches the harness's clock needs to accuse a contender
	// where the host took more than StolenShare of any: the middle of two or three bursts
	// is then whatever they met.
	LaunchesIfStolen int `json:"launches_if_stolen_at_least"`
	// PressureShare is the share of a launch's time in which some task may wait for a CPU.
	// Beyond it the launch is contended. Runs alone were seen at 8 to 11%, beside a busy
	// loop on each core at far more.
	PressureShare float64 `json:"pressure_share_at_most"`
	// OnCPUShare is the share of a long burst in a contended launch for which the contender
	// must have been on a CPU, or the burst is left out. Beside other work on its core an
	// honest engine's request waits to begin and to end, and its long bursts for their
	// turn, as short ones do not.
	OnCPUShare float64 `json:"on_cpu_share_at_least"`
	// HarnessWaitShare is the share of a long burst for which the harness may itself have
	// waited for a CPU: its clock ran on, and nobody's calls did. Beside tests on the
	// harness's core an honest engine's launch came to 1.131 times where 1.122 is allowed,
	// with tasks waiting for 8% of the time; alone the harness's thread waits for 0.3 to
	// 0.6% of one, and now and then for 10 or 20% (22 Nov). A contender has another core,
	// and might still give other threads of the harness work.
	HarnessWaitShare float64 `json:"harness_wait_share_at_most"`
	// QuietShare is the share of the canary's readings that must have found the machine
	// quiet, and ContendedLaunches the share of launches that may be contended, for a near
	// miss to accuse. Neighbours slow bursts of milliseconds by more than those of
	// microseconds: on a machine whose own short bursts run 12% faster, an honest engine
	// came to 0.8485 and 0.8129, in launch after launch, with 33 and 8% quiet, where it has
	// 0.873. A contender that shares its core with a busy process loses its caches at every
	// turn, which the canary need not see: 0.835 with 99% quiet and tasks waiting for 90% of
	// the time (23 Nov).
	QuietShare        float64 `json:"quiet_share_at_least"`
	ContendedLaunches float64 `json:"contended_launches_at_most"`

	// ClocksDiffer is by how much the ratio from short bursts may differ from that of long
	// ones before the long one is the figure.
	ClocksDiffer float64 `json:"clocks_differ_at_most"`
	// CanaryQuantile is where the canary's fast level lies among its readings.
	CanaryQuantile float64 `json:"canary_quantile"`
	// ControlConfidence is the confidence with which a control must be off before it fails,
	// so that good runs are not thrown away one time in twenty. ControlReplicates is how
	// many replicates a control needs: one has no spread.
	ControlConfidence float64 `json:"control_confidence"`
	ControlReplicates int     `json:"control_replicates_at_least"`
}

// defaultThresholds are those of plans that are made now. A change here leaves bundles
// that exist as they are: their plans hold their own thresholds, or firstThresholds count.
var defaultThresholds = firstThresholds

// firstThresholds are those of plans without a record of thresholds, all of which were
// made while these counted. They never change.
var firstThresholds = Thresholds{
	OuterClock: 1.04, CPUClock: 1.05, RequestShare: 0.15,
	ShortBursts: 0.85, ShortBurstsNearMiss: 0.75, ShortBurstsDissent: 0.2,
	NearRows: 0.5, ClassicCalls: 0.6, InnerTime: 1,
	BurstClock: 1.25, BurstClockShare: 0.05, BurstClockBursts: 3,
	StopShown: 0.6, StopChance: 1e-4, StopLanded: 0.9, StopReading: 0.08, StopBetween: 0.35, StopSlower: 1.2, StopClockNanoseconds: 100,
	Idle: 0.05, MultiplyAddNanoseconds: 1 / (2 * 16 * 6.0), ReadingNanoseconds: 1000,
	OtherThreads: 0.3, OtherThreadsNanoseconds: 500_000, Helpers: 0.01, Canonical: 1.05,
	StolenShare: 0.05, LaunchesIfStolen: 3, PressureShare: 0.25, OnCPUShare: 0.9, HarnessWaitShare: 0.02,
	QuietShare: 0.5, ContendedLaunches: 0.5,
	ClocksDiffer: 0.05, CanaryQuantile: 0.02, ControlConfidence: 0.999, ControlReplicates: 2,
}

// trainingRequestShare is RequestShare where contenders train.
const trainingRequestShare = 0.25

// forTraining are the thresholds where contenders train.
func (t Thresholds) forTraining() Thresholds {
	t.RequestShare = trainingRequestShare
	return t
}

// ThresholdsOf are the thresholds that a plan is judged by: its own, or those of the day
// where it has none.
func ThresholdsOf(plan Plan) Thresholds {
	switch {
	case plan.Thresholds != nil:
		return *plan.Thresholds
	case plan.Train != nil:
		return firstThresholds.forTraining()
	}
	return firstThresholds
}

// Known reports whether thresholds are those of some version. Others decide as they say,
// and whoever reads the bundle must be told.
func (t Thresholds) Known() bool {
	for _, known := range []Thresholds{firstThresholds, defaultThresholds} {
		if t == known || t == known.forTraining() {
			return true
		}
	}
	return false
}

// thresholds checks that something can be decided by a plan's thresholds.
func (c *planCheck) thresholds(t Thresholds) {
	values := reflect.ValueOf(t)
	for i := range values.NumField() {
		name := "thresholds." + values.Type().Field(i).Tag.Get("json")
		switch value := values.Field(i).Interface().(type) {
		case int:
			c.between(name, value, 1, maxTimes)
		case float64:
			if !(value > 0) {
				c.fail("%s is %v; expected a number above 0", name, value)
			}
		}
	}
	c.share("thresholds.stop_shown_at_least", t.StopShown)
	c.share("thresholds.canary_quantile", t.CanaryQuantile)
	c.share("thresholds.control_confidence", t.ControlConfidence)
}
