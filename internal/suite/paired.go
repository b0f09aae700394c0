package suite

// This file holds the plan of the paired protocol and of the probes.

import "time"

// PairedPlan is how bursts are made. The sizes are those with which identical
// programs came out equal (docs/EXPERIMENTS.md, Burst length).
type PairedPlan struct {
	// Rounds is how many rounds a replicate has; one in LongEvery of them, drawn
	// at random, is of long bursts, in turns over many rows and over few. Contenders
	// that no claim is about take part in those, and in one in OthersEvery of the
	// rest: what claims compare comes closer together and more often.
	Rounds      int `json:"rounds"`
	LongEvery   int `json:"long_every"`
	OthersEvery int `json:"others_every"`
	// Warmup is how many untimed calls a burst begins with at most: fewer where
	// they would take longer than WarmupMost.
	Warmup     int      `json:"warmup"`
	WarmupMost Duration `json:"warmup_most"`
	// A short burst lasts about Short, but has at least LeastCalls calls, unless
	// those take longer than ShortMost.
	Short      Duration `json:"short"`
	ShortMost  Duration `json:"short_most"`
	LeastCalls int      `json:"least_calls"`
	// RowsLeast and RowsMost bound how many overlapping rows a short burst's file
	// has.
	RowsLeast int `json:"rows_least"`
	RowsMost  int `json:"rows_most"`
	// CheckedShare is the share of a file's rows, drawn where the file is, whose labels
	// are compared with the reference beside those that decide the way; 0 for all.
	CheckedShare float64 `json:"checked_share,omitempty"`
	// A long burst lasts at least LongLeast, at least LongOverhead times as long
	// as a request without calls, and about LongMost at most.
	LongLeast    Duration `json:"long_least"`
	LongMost     Duration `json:"long_most"`
	LongOverhead float64  `json:"long_overhead"`
	// Stalls is how many long bursts of a launch get a stop of StallFor planted.
	Stalls   int      `json:"stalls"`
	StallFor Duration `json:"stall_for"`
	// PositiveCalls is the positive control: of every PositiveCalls+1 calls one is
	// not counted. At least 1.
	PositiveCalls int `json:"positive_calls"`
	// Unstopped lets launches wait for their turn rather than being stopped: for
	// engines that are trusted, whose CPU time shows that they waited.
	Unstopped bool `json:"unstopped,omitempty"`
	// Quiet says which rounds count.
	Quiet QuietPlan `json:"quiet"`
	// Steady bounds the practice of a launch before anything counts.
	Steady SteadyPlan `json:"steady"`
	// StartAlone is in how many replicates, the first ones, launches start one after
	// the other, so that their start-up can be timed. In the others they start
	// together, on the harness's core too, and are given their own before they have
	// a model: starting is most of a replicate's time.
	StartAlone int `json:"start_alone"`
}

// QuietPlan is when the machine counts as quiet: while the canary, just before and
// after a burst, takes at most Within times as long as at the run's fast level, its
// 2% quantile. Where others share a core's units, contenders are slowed by factors
// of their own, and their ratio depends on the neighbours; the canary tells, and
// knows nothing of the contenders.
type QuietPlan struct {
	Within float64 `json:"within"`
	// A ratio of a replicate is of quiet rounds where there are at least LeastShort
	// of them, or LeastLong of long ones.
	LeastShort int `json:"least_short"`
	LeastLong  int `json:"least_long"`
	// Before a round the harness waits for a quiet machine, each time at most
	// WaitRound, and in a replicate at most WaitReplicate.
	WaitRound     Duration `json:"wait_round"`
	WaitReplicate Duration `json:"wait_replicate"`
}

// SteadyPlan is when a launch counts as steady: its last Bursts bursts show no
// change of speed that is both larger than Change, as a share, and significant at
// Alpha. Practice ends after Most all the same, or, for a contender whose bursts
// are slow, after twice Bursts.
type SteadyPlan struct {
	Bursts int      `json:"bursts"`
	Most   Duration `json:"most"`
	Change float64  `json:"change"`
	Alpha  float64  `json:"alpha"`
}

// ProbesPlan is what is asked of each launch beside the bursts.
type ProbesPlan struct {
	// Widths are the multiples of the suite's input width at which the same model
	// is timed, Bursts times each.
	Widths []int `json:"widths"`
	Bursts int   `json:"bursts"`
	// FewRows is how few rows the probe with few rows has.
	FewRows int `json:"few_rows"`
	// BoundaryRows is how many rows at the decision boundary a launch must label.
	BoundaryRows int `json:"boundary_rows"`
	// FixedRows is how many rows, the same in all launches, are asked for scores
	// three times after loading and twice after the rounds; 0 leaves out what else is
	// below.
	FixedRows int `json:"fixed_rows,omitempty"`
	// HardRows is how many rows near the boundary a timed request has, with HardCalls
	// calls.
	HardRows  int `json:"hard_rows,omitempty"`
	HardCalls int `json:"hard_calls,omitempty"`
	// DeepReplicates is in how many replicates, the first ones, the dear questions are
	// asked: scores of unit rows; Lone requests of one call on a new row, in turns with
	// as many of none; Eager requests of none under the suite's model, and as many under
	// one of the same width with HeavyTimes the multiply-adds; Bursts bursts each of 1, 2
	// and 4 times the same number of calls, and of calls after WarmedCalls untimed ones
	// and after none.
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

// ControlName names the second copy of a contender, as no contender can be named.
func ControlName(contender string) string { return contender + "@control" }

// CanonicalName names the built-in runner beside a contender that says which
// engine it runs.
func CanonicalName(contender string) string { return contender + "@canonical" }
