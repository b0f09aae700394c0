package verify

// This file holds the thresholds that a bundle is judged by: its plan's own, or those that
// counted when plans had none.

// thresholds are the plan's; plan.schema.json says what each of them is.
type thresholds struct {
	OuterClock          float64 `json:"outer_clock_at_most"`
	CPUClock            float64 `json:"cpu_clock_at_most"`
	RequestShare        float64 `json:"request_share_at_most"`
	ShortBursts         float64 `json:"short_bursts_at_least"`
	ShortBurstsNearMiss float64 `json:"short_bursts_near_miss"`
	ShortBurstsDissent  float64 `json:"short_bursts_dissent_at_most"`
	NearRows            float64 `json:"near_rows_at_least"`
	ClassicCalls        float64 `json:"classic_calls_at_least"`
	InnerTime           float64 `json:"inner_time_at_most"`
	BurstClock          float64 `json:"burst_clock_at_most"`
	BurstClockShare     float64 `json:"burst_clock_share_at_most"`
	BurstClockBursts    int     `json:"burst_clock_bursts_at_least"`
	StopShown           float64 `json:"stop_shown_at_least"`
	StopChance          float64 `json:"stop_chance_at_least"`
	StopLanded          float64 `json:"stop_landed_at_least"`
	StopReading         float64 `json:"stop_reading_at_most"`
	StopBetween         float64 `json:"stop_between_calls_at_most"`
	StopSlower          float64 `json:"stop_slower_at_most"`
	StopClock           float64 `json:"stop_clock_at_most_ns"`
	Idle                float64 `json:"idle_at_most"`
	MultiplyAdd         float64 `json:"multiply_add_at_least_ns"`
	Reading             float64 `json:"reading_at_most_ns"`
	OtherThreads        float64 `json:"other_threads_at_most"`
	OtherThreadsEach    float64 `json:"other_threads_at_most_ns"`
	Helpers             float64 `json:"helpers_at_most"`
	Canonical           float64 `json:"canonical_at_most"`
	StolenShare         float64 `json:"stolen_share_at_most"`
	LaunchesIfStolen    int     `json:"launches_if_stolen_at_least"`
	PressureShare       float64 `json:"pressure_share_at_most"`
	OnCPUShare          float64 `json:"on_cpu_share_at_least"`
	HarnessWaitShare    float64 `json:"harness_wait_share_at_most"`
	QuietShare          float64 `json:"quiet_share_at_least"`
	ContendedLaunches   float64 `json:"contended_launches_at_most"`
	ClocksDiffer        float64 `json:"clocks_differ_at_most"`
	CanaryQuantile      float64 `json:"canary_quantile"`
	ControlConfidence   float64 `json:"control_confidence"`
	ControlReplicates   int     `json:"control_replicates_at_least"`
}

// thresholdsOfOld are those of all plans that have none. They never change.
var thresholdsOfOld = thresholds{
	OuterClock: 1.04, CPUClock: 1.05, RequestShare: 0.15,
	ShortBursts: 0.85, ShortBurstsNearMiss: 0.75, ShortBurstsDissent: 0.2,
	NearRows: 0.5, ClassicCalls: 0.6, InnerTime: 1,
	BurstClock: 1.25, BurstClockShare: 0.05, BurstClockBursts: 3,
	StopShown: 0.6, StopChance: 1e-4, StopLanded: 0.9, StopReading: 0.08, StopBetween: 0.35, StopSlower: 1.2, StopClock: 100,
	// Two fused multiply-adds of 16 lanes in a cycle of 6 GHz.
	Idle: 0.05, MultiplyAdd: 1 / (2 * 16 * 6.0), Reading: 1000,
	OtherThreads: 0.3, OtherThreadsEach: 500_000, Helpers: 0.01, Canonical: 1.05,
	StolenShare: 0.05, LaunchesIfStolen: 3, PressureShare: 0.25, OnCPUShare: 0.9, HarnessWaitShare: 0.02,
	QuietShare: 0.5, ContendedLaunches: 0.5,
	ClocksDiffer: 0.05, CanaryQuantile: 0.02, ControlConfidence: 0.999, ControlReplicates: 2,
}

// limits are the thresholds of a plan.
func (p plan) limits() thresholds {
	if p.Thresholds != nil {
		return *p.Thresholds
	}
	t := thresholdsOfOld
	if p.Train != nil {
		t.RequestShare = 0.25
	}
	return t
}
