package suite

// This file holds the plan of the paired protocol and of the probes.

import "time"

// PairedPlan sets how bursts are made. With these sizes identical programs came out equal
// (see docs/EXPERIMENTS.md, Burst length).
type PairedPlan struct {
	// Rounds is the number of rounds in a replicate. One in LongEvery of them, drawn at
	// random, has long bursts, in turns over many rows and over few. Contenders without a
	// claim take part only in those, and in one in OthersEvery of the rest: contenders of a
	// claim are then measured closer together and more often.
	Rounds      int `json:"rounds"`
	LongEvery   int `json:"long_every"`
	OthersEvery int `json:"others_every"`
	// Warmup is the largest number of untimed calls at the start of a burst. There are
	// fewer if they would take longer than WarmupMost.
	Warmup     int      `json:"warmup"`
	WarmupMost Duration `json:"warmup_most"`
	// A short burst lasts about Short. It has at least LeastCalls calls unless those take
	// longer than ShortMost.
	Short      Duration `json:"short"`
	ShortMost  Duration `json:"short_most"`
	LeastCalls int      `json:"least_calls"`
	// RowsLeast and RowsMost bound the number of overlapping rows in the file of a short
	// burst.
	RowsLeast int `json:"rows_least"`
	RowsMost  int `json:"rows_most"`
	// CheckedShare is the share of a file's rows, drawn with the file, whose labels are
	// compared with the reference. The rows that decide the path are always compared. 0
	// means all rows.
	CheckedShare float64 `json:"checked_share,omitempty"`
	// A long burst lasts at least LongLeast, at least LongOverhead times as long as a
	// request without calls, and at most about LongMost.
	LongLeast    Duration `json:"long_least"`
	LongMost     Duration `json:"long_most"`
	LongOverhead float64  `json:"long_overhead"`
	// Stalls is the number of long bursts of a launch with a planted stop of StallFor.
	Stalls   int      `json:"stalls"`
	StallFor Duration `json:"stall_for"`
	// PositiveCalls sets the positive control: of every PositiveCalls+1 calls, one is not
	// counted. It is at least 1.
	PositiveCalls int `json:"positive_calls"`
	// Unstopped means that launches are not stopped while they wait for their turn. It is
	// for trusted engines, and their CPU time shows whether they waited.
	Unstopped bool `json:"unstopped,omitempty"`
	// Quiet sets which rounds count.
	Quiet QuietPlan `json:"quiet"`
	// Steady bounds the practice of a launch before anything counts.
	Steady SteadyPlan `json:"steady"`
	// StartAlone is the number of replicates, the first ones, in which launches start one
	// after the other so that their start-up can be timed. In the others launches start
	// together, also on the harness's core, and get their own cores before they have a
	// model: starting takes most of a replicate's time.
	StartAlone int `json:"start_alone"`
}

// QuietPlan sets when the machine counts as quiet: when the canary, just before and after a
// burst, takes at most Within times its fast level, which is the run's 2% quantile. Other
// load on a shared core slows each contender by a different factor, so ratios depend on it.
// The canary shows such load and does not depend on the contenders.
type QuietPlan struct {
	Within float64 `json:"within"`
	// A ratio of a replicate uses quiet rounds if there are at least LeastShort of them, or
	// LeastLong for long bursts.
	LeastShort int `json:"least_short"`
	LeastLong  int `json:"least_long"`
	// The harness waits for a quiet machine before a round: at most WaitRound each time,
	// and at most WaitReplicate in a replicate.
	WaitRound     Duration `json:"wait_round"`
	WaitReplicate Duration `json:"wait_replicate"`
}

// SteadyPlan sets when a launch counts as steady: when its last Bursts bursts show no
// change of speed that is larger than Change (a share) and significant at Alpha. Practice
// ends after Most in any case, or after twice Bursts for a contender with slow bursts.
type SteadyPlan struct {
	Bursts int      `json:"bursts"`
	Most   Duration `json:"most"`
	Change float64  `json:"change"`
	Alpha  float64  `json:"alpha"`
}

// ProbesPlan sets what each launch is asked in addition to the bursts.
type ProbesPlan struct {
	// Widths are multiples of the suite's input width. The same model is timed at each
	// width, with Bursts bursts.
	Widths []int `json:"widths"`
	Bursts int   `json:"bursts"`
	// FewRows is the number of rows in the probe with few rows.
	FewRows int `json:"few_rows"`
	// BoundaryRows is the number of boundary rows that a launch must label.
	BoundaryRows int `json:"boundary_rows"`
	// FixedRows is the number of rows, equal in all launches, whose scores are asked for
	// three times after loading and twice after the rounds. 0 also leaves out the probes
	// below.
	FixedRows int `json:"fixed_rows,omitempty"`
	// HardRows is the number of rows near the boundary in a timed request, which has
	// HardCalls calls.
	HardRows  int `json:"hard_rows,omitempty"`
	HardCalls int `json:"hard_calls,omitempty"`
	// DeepReplicates is the number of replicates, the first ones, with the expensive
	// questions: the scores of unit rows; Lone requests of one call on a new row, in turns
	// with Lone requests without calls; Eager requests without calls under the suite's
	// model, and Eager under a model of the same width with HeavyTimes the multiply-adds;
	// Bursts bursts each of 1, 2 and 4 times a number of calls, and of calls after
	// WarmedCalls untimed calls and after none.
	DeepReplicates int `json:"deep_replicates,omitempty"`
	Lone           int `json:"lone,omitempty"`
	Eager          int `json:"eager,omitempty"`
	HeavyTimes     int `json:"heavy_times,omitempty"`
	WarmedCalls    int `json:"warmed_calls,omitempty"`
}

// DefaultPaired is the paired protocol of a suite.
var DefaultPaired = PairedPlan{
	Rounds: 200, LongEvery: 12, OthersEvery: 3,
	Warmup: 16, WarmupMost: Duration(500 * time.Microsecond),
	Short: Duration(25 * time.Microsecond), ShortMost: Duration(time.Millisecond), LeastCalls: 20,
	RowsLeast: 6144, RowsMost: 8192,
	LongLeast: Duration(10 * time.Millisecond), LongMost: Duration(100 * time.Millisecond), LongOverhead: 50,
	Stalls: 2, StallFor: Duration(20 * time.Millisecond), PositiveCalls: 20,
	Quiet: QuietPlan{
		Within: 1.15, LeastShort: 15, LeastLong: 5,
		WaitRound: Duration(20 * time.Millisecond), WaitReplicate: Duration(2 * time.Second),
	},
	Steady:     SteadyPlan{Bursts: 64, Most: Duration(300 * time.Millisecond), Change: 0.02, Alpha: 0.01},
	StartAlone: 2,
}

// DefaultProbes are the probes of a suite.
var DefaultProbes = ProbesPlan{
	Widths: []int{1, 2, 4, 8, 16}, Bursts: 7, FewRows: 8, BoundaryRows: 64,
	FixedRows: 64, HardRows: 256, HardCalls: 384,
	DeepReplicates: 3, Lone: 250, Eager: 30, HeavyTimes: 18, WarmedCalls: 2000,
}

// ControlName returns the name of the control copy of a contender. No contender of a suite
// can have such a name.
func ControlName(contender string) string { return contender + "@control" }

// CanonicalName returns the name of the canonical runner beside a contender that says which
// engine it runs.
func CanonicalName(contender string) string { return contender + "@canonical" }
