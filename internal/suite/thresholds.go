package suite

// This file holds the thresholds of checks, controls and figures. They stand in the plan,
// so that a bundle is judged by the rules of its day.

import "reflect"

// Thresholds decide whether a check of clock or conduct, or a control, passes, fails or is
// not judged. A ratio or a share is a plain number, 0.05 for 5%. A name ends in its unit if
// it has one. The values come from experiments with honest engines and with cheats: see
// docs/EXPERIMENTS.md, Checks on honest engines, and When a check is not judged.
type Thresholds struct {
	// OuterClock is the largest ratio of the harness's time of a long burst to the
	// contender's own, in addition to the time of a request. CPUClock is the same for the
	// contender's CPU time.
	OuterClock float64 `json:"outer_clock_at_most"`
	CPUClock   float64 `json:"cpu_clock_at_most"`
	// RequestShare bounds the time of a request without calls, as a share of a long burst.
	// Beyond it, the allowance for that time cannot acquit, because the contender can make
	// such requests as slow as it likes. The largest share of seven engines was 0.07, and
	// 0.15 in training.
	RequestShare float64 `json:"request_share_at_most"`
	// ShortBursts is the least ratio of the time of short bursts to the CPU time of long
	// ones over as few rows.
	ShortBursts float64 `json:"short_bursts_at_least"`
	// ShortBurstsNearMiss is the ratio below which short bursts accuse in any case. Between
	// it and ShortBursts, a disturbed machine or dissent withdraws the accusation. On a
	// machine with neighbours, an honest engine's middle launch had 0.8398 in one of twenty
	// runs; on a quiet machine it has 0.92.
	ShortBurstsNearMiss float64 `json:"short_bursts_near_miss"`
	// ShortBurstsDissent is the largest share of launches that may reach ShortBursts while
	// the check still accuses.
	ShortBurstsDissent float64 `json:"short_bursts_dissent_at_most"`
	// NearRows is the least ratio of the time of calls over few rows to that of calls over
	// many. Honest engines with a tenth of a microsecond a call have 0.7 if the larger file
	// does not fit into the nearest cache.
	NearRows float64 `json:"near_rows_at_least"`
	// ClassicCalls is the least ratio of the time of classic calls to that of calls in
	// short bursts: the classic row is always the same, and there is no chain. By their
	// median call, honest engines have at least 0.90; a single launch may have 0.48.
	ClassicCalls float64 `json:"classic_calls_at_least"`
	// InnerTime is the largest share of the harness's time of a request that a contender
	// may state. Both read the same clock.
	InnerTime float64 `json:"inner_time_at_most"`

	// BurstClock is the largest ratio of one long burst's CPU time to the contender's
	// statement, in addition to the time of a request. Honest bursts reach 1.14. A
	// contender is accused if at least BurstClockBursts bursts, and more than
	// BurstClockShare of all, are beyond. In honest launches, one burst of 1,900 was.
	BurstClock       float64 `json:"burst_clock_at_most"`
	BurstClockShare  float64 `json:"burst_clock_share_at_most"`
	BurstClockBursts int     `json:"burst_clock_bursts_at_least"`

	// StopShown is the least share of planted stops that shows in a single call of an
	// honest contender; the others fall between two calls. Fewer accuse if their
	// probability is below StopChance.
	StopShown  float64 `json:"stop_shown_at_least"`
	StopChance float64 `json:"stop_chance_at_least"`
	// StopLanded is the share of a planted stop that a burst's time must contain, so that
	// the stop counts as having hit the burst.
	StopLanded float64 `json:"stop_landed_at_least"`
	// StopReading bounds the time of a request without calls, as a share of a long burst.
	// Beyond it, the harness's clock is not used to look for stops. Stops are planned at
	// 0.05 to 0.2 of a burst, so that four of five come after the rows have been read.
	StopReading float64 `json:"stop_reading_at_most"`
	// StopBetween bounds an honest loop's time between calls, as a share of the calls' own
	// time. Honest loops need a quarter of it.
	StopBetween float64 `json:"stop_between_calls_at_most"`
	// StopSlower and StopClockNanoseconds are the allowance for calls that are timed one by
	// one: their time is multiplied by StopSlower, and two clock readings are added.
	StopSlower           float64 `json:"stop_slower_at_most"`
	StopClockNanoseconds float64 `json:"stop_clock_at_most_ns"`

	// Idle is the largest share of the time between requests that may be spent on a CPU.
	Idle float64 `json:"idle_at_most"`
	// MultiplyAddNanoseconds is the least time of a multiply-add on one core. No core does
	// more than two fused ones of 16 lanes in a cycle, or runs above 6 GHz. The audit knows
	// the machine's own lanes and cycle, and asks for more.
	MultiplyAddNanoseconds float64 `json:"multiply_add_at_least_ns"`
	// ReadingNanoseconds is the largest time for reading a row.
	ReadingNanoseconds float64 `json:"reading_at_most_ns"`
	// OtherThreads is the largest share of a contender's work on threads other than its
	// busiest, if it was given one thread. A Go runtime has 0.14, because of stops,
	// wake-ups and garbage collection.
	OtherThreads float64 `json:"other_threads_at_most"`
	// OtherThreadsNanoseconds is the time that other threads may use for each request, even
	// if the share is larger: stops and wake-ups cost the same for bursts of any length.
	// Go's runtime uses 0.08 to 0.18 ms, which is 55% of the work of an engine with 40 ns a
	// call beside other processes. A second thread that works does so as long as bursts
	// last: milliseconds.
	OtherThreadsNanoseconds float64 `json:"other_threads_at_most_ns"`
	// Helpers is the largest work of processes that a contender has started, relative to
	// its own work.
	Helpers float64 `json:"helpers_at_most"`
	// Canonical is the largest factor between a contender and the canonical runner of its
	// engine.
	Canonical float64 `json:"canonical_at_most"`

	// StolenShare is the share of a launch's time that the host may take. Beyond it, the
	// checks that steal disturbs leave the launch out.
	StolenShare float64 `json:"stolen_share_at_most"`
	// LaunchesIfStolen is the number of launches that the harness's clock needs to accuse a
	// contender if the host took more than StolenShare of any launch. With two or three
	// bursts, the middle one depends on what they happened to meet.
	LaunchesIfStolen int `json:"launches_if_stolen_at_least"`
	// PressureShare is the share of a launch's time in which some task may wait for a CPU.
	// Beyond it the launch is contended. On a machine without other load it was 8% to 11%;
	// beside a busy loop on each core it was far more.
	PressureShare float64 `json:"pressure_share_at_most"`
	// OnCPUShare is the share of a long burst in a contended launch that the contender must
	// have spent on a CPU. A burst with less is left out. Beside other work on its core, an
	// honest engine's request waits to begin and to end. Its long bursts also wait for
	// their turn on the core; short bursts do not.
	OnCPUShare float64 `json:"on_cpu_share_at_least"`
	// HarnessWaitShare is the largest share of a long burst in which the harness itself
	// waited for a CPU: its clock ran on while no calls were made. Beside tests on the
	// harness's core, an honest launch had 1.131 where 1.122 is allowed, with tasks waiting
	// for 8% of the time. On a machine without other load, the harness's thread waits for
	// 0.3% to 0.6% of a burst, and now and then for 10% or 20%. A contender has another
	// core, but could still give other threads of the harness work.
	HarnessWaitShare float64 `json:"harness_wait_share_at_most"`
	// QuietShare is the least share of quiet canary readings with which a near miss
	// accuses. ContendedLaunches is the largest share of contended launches with which it
	// does. Neighbours slow bursts of milliseconds more than bursts of microseconds. On a
	// machine whose short bursts run 12% faster, an honest engine had 0.8485 and 0.8129 in
	// one launch after the other, with 33% and 8% quiet; on the quiet machine it has 0.873.
	// A contender that shares its core with a busy process loses its caches at each turn,
	// which the canary need not see: 0.835 with 99% quiet and tasks waiting for 90% of the
	// time.
	QuietShare        float64 `json:"quiet_share_at_least"`
	ContendedLaunches float64 `json:"contended_launches_at_most"`

	// ClocksDiffer is the largest difference between the ratio from short bursts and that
	// from long ones. Beyond it the long one is the figure.
	ClocksDiffer float64 `json:"clocks_differ_at_most"`
	// CanaryQuantile is the quantile of the canary's readings that is its fast level.
	CanaryQuantile float64 `json:"canary_quantile"`
	// ControlConfidence is the confidence with which a control must be off before it fails;
	// 95% would discard one good run in twenty. ControlReplicates is the least number of
	// replicates for a control: one has no spread.
	ControlConfidence float64 `json:"control_confidence"`
	ControlReplicates int     `json:"control_replicates_at_least"`
}

// defaultThresholds are the thresholds of new plans. A change here does not affect existing
// bundles: their plans hold their own thresholds, or firstThresholds apply.
var defaultThresholds = firstThresholds

// firstThresholds apply to plans without a record of thresholds. All of those were made
// while these values were in use. They never change.
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

// trainingRequestShare is RequestShare for training.
const trainingRequestShare = 0.25

// forTraining returns the thresholds for training.
func (t Thresholds) forTraining() Thresholds {
	t.RequestShare = trainingRequestShare
	return t
}

// ThresholdsOf returns the thresholds that judge a plan: its own, or firstThresholds if it
// has none.
func ThresholdsOf(plan Plan) Thresholds {
	switch {
	case plan.Thresholds != nil:
		return *plan.Thresholds
	case plan.Train != nil:
		return firstThresholds.forTraining()
	}
	return firstThresholds
}

// Known reports whether the thresholds are those of some version. Other thresholds apply as
// they are, and a reader of the bundle must be told.
func (t Thresholds) Known() bool {
	for _, known := range []Thresholds{firstThresholds, defaultThresholds} {
		if t == known || t == known.forTraining() {
			return true
		}
	}
	return false
}

// thresholds checks that a plan's thresholds can decide something.
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
