package evidence

// This file holds the record types of a bundle.

import (
	"time"

	"cupel/internal/protocol"
)

// Event says what a ledger row records.
type Event string

// The events of a run, in the order in which they first occur.
const (
	EventPlan        Event = "plan"
	EventUnavailable Event = "unavailable"
	EventFitted      Event = "fitted"
	EventStarted     Event = "launch-started"
	EventEnded       Event = "launch-ended"
	EventExcluded    Event = "contender-excluded"
	EventInterrupted Event = "interrupted"
	EventNonce       Event = "nonce-revealed"
	EventStopped     Event = "stopped"
)

// Outcome says how a launch ended.
type Outcome string

const (
	// Finished launches count.
	Finished Outcome = "finished"
	// Failed launches crashed, hung, or broke the protocol.
	Failed Outcome = "failed"
	// Wrong launches disagreed with the reference and have no figures.
	Wrong Outcome = "wrong"
	// NotApplicable says that the contender can't hold the suite's model.
	NotApplicable Outcome = "not applicable"
	// Interrupted launches were ended by the user.
	Interrupted Outcome = "interrupted"
)

// LedgerRow is one row of the ledger. Every attempt has one, whatever came of it.
type LedgerRow struct {
	Sequence  int       `json:"sequence"`
	Time      time.Time `json:"time"`
	Event     Event     `json:"event"`
	Contender string    `json:"contender,omitempty"`
	// Launch counts from 1 over all contenders; Round is the round it belongs to,
	// 0 for the preview, which enters no figure.
	Launch  int     `json:"launch,omitempty"`
	Round   int     `json:"round,omitempty"`
	Preview bool    `json:"preview,omitempty"`
	Outcome Outcome `json:"outcome,omitempty"`
	Reason  string  `json:"reason,omitempty"`
	Remedy  string  `json:"remedy,omitempty"`
	// Nonce is told when the run has ended; the plan has its digest.
	Nonce string `json:"nonce,omitempty"`
	// Digests of what was used: the plan, the fitted model's files, data.
	SHA256 map[string]string `json:"sha256,omitempty"`
	// TrainingRows is how many rows the model was fitted on.
	TrainingRows int `json:"training_rows,omitempty"`
	// Accuracy is the fitted model's share of right test rows.
	Accuracy *float64 `json:"accuracy,omitempty"`
	// LabelsChecked is how many labels of the launch the harness compared with
	// the reference.
	LabelsChecked int `json:"labels_checked,omitempty"`
	// Parameters is how many numbers the contender says its model holds.
	Parameters int64 `json:"parameters,omitempty"`
}

// Observation is what the kernel said of one launch after it had ended.
type Observation struct {
	Launch                 int    `json:"launch"`
	Contender              string `json:"contender"`
	WallNanoseconds        int64  `json:"wall_ns"`
	FirstAnswerNanoseconds int64  `json:"first_answer_ns"`
	UserCPUNanoseconds     int64  `json:"user_cpu_ns"`
	SystemCPUNanoseconds   int64  `json:"system_cpu_ns"`
	// PeakResidentBytes is the process's own, without its children, read after its
	// last reply; 0 where that was not reached.
	PeakResidentBytes   uint64 `json:"peak_resident_bytes"`
	VoluntarySwitches   int64  `json:"voluntary_switches"`
	InvoluntarySwitches int64  `json:"involuntary_switches"`
	MajorFaults         int64  `json:"major_faults"`
	MinorFaults         int64  `json:"minor_faults"`
	// Leftovers is how many processes the contender left behind.
	Leftovers int `json:"leftovers"`
}

// Statement is what a contender said of itself, with what runs it.
type Statement struct {
	Contender string         `json:"contender"`
	Command   []string       `json:"command"`
	Hello     protocol.Hello `json:"hello"`
	// Build says how the engine was built or installed, by whom it was.
	Build string `json:"build,omitempty"`
	// Format is the model format it was given; Parameters what it said to hold.
	Format     string `json:"format"`
	Parameters int64  `json:"parameters"`
}

// Environment is the machine and the programs that measured.
type Environment struct {
	Schema       string            `json:"schema"`
	Time         time.Time         `json:"time"`
	Platform     string            `json:"platform"`
	Kernel       string            `json:"kernel"`
	Distribution string            `json:"distribution"`
	Architecture string            `json:"architecture"`
	CPU          string            `json:"cpu"`
	Cores        int               `json:"cores"`
	Features     []string          `json:"cpu_features"`
	MemoryBytes  uint64            `json:"memory_bytes"`
	Hypervisor   string            `json:"hypervisor"`
	Cupel        string            `json:"cupel_version"`
	Go           string            `json:"go_version"`
	Tools        map[string]string `json:"tools"`
	// Confinement says how contenders were kept from each other.
	Confinement string `json:"confinement"`
}

// EnvironmentSchema names the shape of environment.json.
const EnvironmentSchema = "cupel/environment/1"

// The phases of a sample.
const (
	// PhaseCall is one call of the classic protocol, timed by the contender.
	PhaseCall = "classic-call"
	// PhaseRequest is the whole classic request, timed from outside too.
	PhaseRequest = "classic-request"
)

// Sample is one timed thing: a row of a Parquet file.
type Sample struct {
	Launch    int32  `parquet:"launch"`
	Contender string `parquet:"contender,dict"`
	Phase     string `parquet:"phase,dict"`
	Round     int32  `parquet:"round"`
	// Calls is how many calls the row spans.
	Calls int32 `parquet:"calls"`
	// OuterNanoseconds is the harness's time, absent for single calls, which
	// cannot be seen from outside.
	OuterNanoseconds *int64 `parquet:"outer_ns,optional"`
	// InnerNanoseconds is the contender's own time.
	InnerNanoseconds int64 `parquet:"inner_ns"`
}
