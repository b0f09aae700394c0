package evidence

// This file holds the record types of a bundle.

import (
	"fmt"
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
	EventSized       Event = "bursts-sized"
	EventEnded       Event = "launch-ended"
	EventExcluded    Event = "contender-excluded"
	EventInterrupted Event = "interrupted"
	EventNonce       Event = "nonce-revealed"
	EventStopped     Event = "stopped"
	// EventBroken is written afterwards, of a harness that ended without a word, and
	// EventResumed where a run goes on.
	EventBroken  Event = "broken-off"
	EventResumed Event = "resumed"
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
	// Lost launches were going when the harness ended without a word.
	Lost Outcome = "lost"
)

// LedgerRow is one row of the ledger. Every attempt has one, whatever came of it.
type LedgerRow struct {
	Sequence int `json:"sequence"`
	// Previous is the digest of the row before (Chain).
	Previous string    `json:"previous"`
	Time     time.Time `json:"time"`
	// ElapsedNanoseconds is the time since the run began by a clock that nobody sets,
	// as Time's may be; the time until a resumption is not in it.
	ElapsedNanoseconds int64  `json:"elapsed_ns"`
	Event              Event  `json:"event"`
	Contender          string `json:"contender,omitempty"`
	// Role says what a launch is for where it is not a contender of the suite.
	Role Role `json:"role,omitempty"`
	// Cell names the row's cell where the plan has several.
	Cell string `json:"cell,omitempty"`
	// Launch counts from 1 over all contenders and cells; Replicate is the one it belongs
	// to, 0 for the preview, which enters no figure.
	Launch    int     `json:"launch,omitempty"`
	Replicate int     `json:"replicate,omitempty"`
	Preview   bool    `json:"preview,omitempty"`
	Outcome   Outcome `json:"outcome,omitempty"`
	Reason    string  `json:"reason,omitempty"`
	Remedy    string  `json:"remedy,omitempty"`
	// Nonce is told when the run has ended; the plan has its digest.
	Nonce string `json:"nonce,omitempty"`
	// Digests of what was used: the plan, the fitted model's files, data.
	SHA256 map[string]string `json:"sha256,omitempty"`
	// Torn is how many bytes of a line that was being written were cut off, by file.
	Torn map[string]int64 `json:"torn_bytes,omitempty"`
	// Disturbances say, in the row of the end or of an interruption, what the machine did
	// besides.
	Disturbances []string `json:"disturbances,omitempty"`
	// TrainingRows is how many rows the model was fitted on.
	TrainingRows int `json:"training_rows,omitempty"`
	// Accuracy is the fitted model's share of right test rows.
	Accuracy *float64 `json:"accuracy,omitempty"`
	// LabelsChecked is how many labels of the launch the harness compared with
	// the reference.
	LabelsChecked int `json:"labels_checked,omitempty"`
	// TrainingsMade is how many trainings the launch has made; the weights of each
	// were compared with the reference's.
	TrainingsMade int `json:"trainings_made,omitempty"`
	// Parameters is how many numbers the contender says its model holds.
	Parameters int64 `json:"parameters,omitempty"`
	// BoundaryRows and BoundaryWrong count rows at the decision boundary and those
	// of them that got another label than float64 gives them.
	BoundaryRows  int `json:"boundary_rows,omitempty"`
	BoundaryWrong int `json:"boundary_wrong,omitempty"`
	// Steady says how the launch's speed developed before anything counted.
	Steady *Steady `json:"steady,omitempty"`
	// Burst is how a contender's bursts were sized.
	Burst *BurstSize `json:"burst,omitempty"`
}

// Role says what a launch is for.
type Role string

const (
	// RoleControl is a second copy of a contender, which must come out equal, and
	// slower by a known share where it makes calls that are not counted.
	RoleControl Role = "control"
	// RoleCanonical is the built-in runner beside a contender that says it runs
	// the same engine.
	RoleCanonical Role = "canonical"
)

// Steady is how a launch came to its steady state.
type Steady struct {
	// Course is "steady", "warming up", "slowing down" or "unsteady", over the last
	// of the bursts.
	Course string `json:"course"`
	// Bursts were made until the course was steady or practice had to end, in
	// Nanoseconds.
	Bursts      int   `json:"bursts"`
	Nanoseconds int64 `json:"spent_ns"`
	// Change is the last change of speed that was found, as a share; 0 where steady.
	Change float64 `json:"change,omitempty"`
}

// BurstSize is how many calls a contender's bursts are drawn around.
type BurstSize struct {
	// NanosecondsPerCall is what practice showed.
	NanosecondsPerCall float64 `json:"ns_per_call"`
	Warmup             int     `json:"warmup"`
	Calls              int     `json:"calls"`
	LongCalls          int     `json:"long_calls"`
	// Multiple is what the calls of a short burst are a multiple of.
	Multiple int `json:"multiple"`
}

// The kinds of rows in observations.jsonl.
const (
	kindLaunch = "launch"
	kindBlock  = "block"
)

// Block is what the kernel said of the machine and of the processes over a block
// of rounds.
type Block struct {
	Kind string `json:"kind"`
	// Cell names the cell where the plan has several.
	Cell      string `json:"cell,omitempty"`
	Replicate int    `json:"replicate"`
	// FirstRound and LastRound are the block's, both included.
	FirstRound int             `json:"first_round"`
	LastRound  int             `json:"last_round"`
	Machine    *MachineUse     `json:"machine"`
	Processes  []LaunchProcess `json:"processes"`
	// AccountNanoseconds is what taking the account took, at the block's beginning and its
	// end, between bursts.
	AccountNanoseconds int64 `json:"account_ns"`
	// Watch is nil in bundles from before it was kept.
	Watch *BlockWatch `json:"watch,omitempty"`
}

// LaunchProcess is what the process of a launch did over a block.
type LaunchProcess struct {
	Launch    int        `json:"launch"`
	Contender string     `json:"contender"`
	Use       ProcessUse `json:"use"`
	// Stopped is false where the process was found running while it was not its turn.
	Stopped bool `json:"stopped"`
	// AllowedCPUs are those of the process, as the kernel shows them.
	AllowedCPUs []int `json:"allowed_cpus"`
}

// Observation is what the kernel said of one launch after it had ended.
type Observation struct {
	Kind            string `json:"kind"`
	Launch          int    `json:"launch"`
	Contender       string `json:"contender"`
	WallNanoseconds int64  `json:"wall_ns"`
	// FirstAnswerNanoseconds is the time from start to first answer; 0 where that was
	// not reached, or where launches started beside each other.
	FirstAnswerNanoseconds int64 `json:"first_answer_ns"`
	UserCPUNanoseconds     int64 `json:"user_cpu_ns"`
	SystemCPUNanoseconds   int64 `json:"system_cpu_ns"`
	// PeakResidentBytes is the process's own, without its children, read after its
	// last reply; 0 where that was not reached.
	PeakResidentBytes   uint64 `json:"peak_resident_bytes"`
	VoluntarySwitches   int64  `json:"voluntary_switches"`
	InvoluntarySwitches int64  `json:"involuntary_switches"`
	MajorFaults         int64  `json:"major_faults"`
	MinorFaults         int64  `json:"minor_faults"`
	// IdleCPUNanoseconds is what the process had of a CPU between its requests, over
	// IdleNanoseconds.
	IdleNanoseconds    int64 `json:"idle_ns"`
	IdleCPUNanoseconds int64 `json:"idle_cpu_ns"`
	// StolenShare is how much of the contenders' cores the host took while the
	// launch had its turns.
	StolenShare float64 `json:"stolen_share"`
	// PressureShare is for how much of that time some task of the machine waited for a
	// CPU: some 10% from a run alone, most of it beside other work.
	PressureShare float64 `json:"pressure_share"`
	// TransferNanosecondsPerCall is how much of a call is copying rows to the engine's
	// device and labels back, by the contender's clock; 0 for engines on a CPU.
	TransferNanosecondsPerCall float64 `json:"transfer_ns_per_call,omitempty"`
	// Details are the files of code that the process had mapped, and where its memory
	// may lie; nil where not seen.
	Details *ProcessDetails `json:"details,omitempty"`
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
	// InstalledBytes is how much room the installation takes.
	InstalledBytes int64 `json:"installed_bytes,omitempty"`
	// Format is the model format it was given; Parameters what it said to hold.
	Format     string `json:"format"`
	Parameters int64  `json:"parameters"`
}

// Environment is the machine and the programs that measured.
type Environment struct {
	Schema       string    `json:"schema"`
	Time         time.Time `json:"time"`
	Platform     string    `json:"platform"`
	Kernel       string    `json:"kernel"`
	Distribution string    `json:"distribution"`
	Architecture string    `json:"architecture"`
	CPU          string    `json:"cpu"`
	Cores        int       `json:"cores"`
	Features     []string  `json:"cpu_features"`
	MemoryBytes  uint64    `json:"memory_bytes"`
	Hypervisor   string    `json:"hypervisor"`
	// Boot is a digest that is the same for everything that is seen until the machine
	// is started again; empty where the kernel does not tell.
	Boot  string `json:"boot"`
	Cupel string `json:"cupel_version"`
	// CupelSHA256 is the digest of the program that measured.
	CupelSHA256 string            `json:"cupel_sha256"`
	Go          string            `json:"go_version"`
	Tools       map[string]string `json:"tools"`
	// Confinement says what contenders were kept from, ConfinementLayers by which
	// means; there are none where they ran unconfined.
	Confinement       string             `json:"confinement"`
	ConfinementLayers []ConfinementLayer `json:"confinement_layers,omitempty"`
	// Machine is how the machine is built and set up; Placement which CPUs harness
	// and contenders were given.
	Machine   MachineDescription `json:"machine"`
	Placement Placement          `json:"placement"`
	// CellPlacements are those of the cells, by name, where the plan has several.
	CellPlacements map[string]Placement `json:"cell_placements,omitempty"`
	// Identity tells this machine and its boot from others.
	Identity MachineIdentity `json:"identity,omitzero"`
	// Calibration is what the harness's own clocks and loops cost here.
	Calibration Calibration `json:"calibration"`
}

// ConfinementLayer is one of the kernel's means of confining a process.
type ConfinementLayer struct {
	Name  string     `json:"name"`
	State LayerState `json:"state"`
	// Detail says what of it there is, or why it is not there.
	Detail string `json:"detail,omitempty"`
}

// LayerState says how much of a layer of confinement there is.
type LayerState string

const (
	// LayerFull is a layer that does all that it is for.
	LayerFull LayerState = "full"
	// LayerPartial is one of which the machine offers a part.
	LayerPartial LayerState = "partial"
	// LayerNone is one that is not there.
	LayerNone LayerState = "none"
)

// Calibration is what the harness measured of itself before the first launch.
type Calibration struct {
	// ClockNanoseconds is what reading the clock takes, ClockStepNanoseconds the
	// least step above 0 that it shows.
	ClockNanoseconds     float64 `json:"clock_ns"`
	ClockStepNanoseconds int64   `json:"clock_step_ns"`
	// PipeNanoseconds is a round trip of one byte to another process and back.
	PipeNanoseconds float64 `json:"pipe_round_trip_ns"`
	// CanaryNanoseconds is the canary's time, its lower decile.
	CanaryNanoseconds float64 `json:"canary_ns"`
	// AccountNanoseconds is what one account of a process takes.
	AccountNanoseconds float64 `json:"account_ns"`
	// Memory is how fast one core reads memory.
	Memory MemoryReading `json:"memory"`
	// Cache is how fast one core reads its nearest cache, by this project's own
	// vector code; nil where not measured.
	Cache *MemoryReading `json:"cache,omitempty"`
	// CycleNanoseconds is what one cycle takes, by a chain of dependent instructions.
	CycleNanoseconds float64 `json:"cycle_ns,omitempty"`
}

// EnvironmentSchema names the shape of environment.json.
const EnvironmentSchema = "cupel/environment/1"

// Phase says what a sample is for.
type Phase = string

// The phases of a sample.
const (
	// PhaseCall is one call of the classic protocol, timed by the contender.
	PhaseCall Phase = "classic-call"
	// PhaseRequest is the whole classic request, timed from outside too.
	PhaseRequest Phase = "classic-request"
	// PhaseFirst is a launch's first call, which finds nothing warm.
	PhaseFirst Phase = "first-call"
	// PhasePractice bursts establish the steady state; they enter no figure.
	PhasePractice Phase = "practice"
	// PhaseShort bursts give the figure.
	PhaseShort Phase = "short"
	// PhasePositive bursts make calls that are not counted: a known slowdown.
	PhasePositive Phase = "positive"
	// PhaseLong bursts are judged by the outer clock. They have as many rows as
	// calls, PhaseNear ones as few as a short burst, which lie as near to the core.
	PhaseLong Phase = "long"
	PhaseNear Phase = "near"
	// PhaseEmpty requests make no call: what a request costs besides.
	PhaseEmpty Phase = "empty"
	// PhaseOpening is one without calls before a round's first turn, by whoever has its
	// last; it enters no figure.
	PhaseOpening Phase = "opening"
	// PhaseStall bursts are long ones with a stop planted in them, and
	// PhaseStallCall the calls of one, timed by the contender.
	PhaseStall     Phase = "stall"
	PhaseStallCall Phase = "stall-call"
	// PhaseFewRows bursts go over few rows, PhaseManyRows beside them over fresh.
	PhaseFewRows  Phase = "few-rows"
	PhaseManyRows Phase = "many-rows"
	// PhaseAltered bursts are of a model with other weights, PhaseOriginal beside
	// them of the suite's.
	PhaseAltered  Phase = "altered"
	PhaseOriginal Phase = "original"
	// PhaseHard is a burst over rows near the decision boundary that do not overlap.
	PhaseHard Phase = "hard"
	// PhaseLone are requests of one call on a new row, PhaseLoneEmpty in turns with
	// them requests of none on a new row.
	PhaseLone      Phase = "lone"
	PhaseLoneEmpty Phase = "lone-empty"
	// PhaseEager are requests of no calls under the suite's model, PhaseEagerHeavy
	// under one of the same width that has many times the multiply-adds.
	PhaseEager      Phase = "eager"
	PhaseEagerHeavy Phase = "eager-heavy"
	// PhaseUnwarmed are bursts without untimed calls, PhaseWarmed in turns with them
	// of the same number of calls after as many untimed ones as a long burst has.
	PhaseUnwarmed Phase = "unwarmed"
	PhaseWarmed   Phase = "warmed"
	// PhaseTransfer is a burst after which as many copies to the engine's device are
	// timed.
	PhaseTransfer Phase = "transfer"
)

// PhaseMultiple is a burst of so many times the same number of calls, over as many
// rows as the largest of them has calls.
func PhaseMultiple(times int) Phase { return fmt.Sprintf("multiple-%d", times) }

// PhaseWidth is the scaling probe's phase for an input so many times the suite's
// width, and PhaseWidthEmpty that of a request without calls at that width.
func PhaseWidth(times int) Phase { return fmt.Sprintf("width-%d", times) }

// PhaseWidthEmpty is a request without a call at that width.
func PhaseWidthEmpty(times int) Phase { return fmt.Sprintf("width-%d-empty", times) }

// Sample is one timed thing: a row of a Parquet file. Rows of a replicate that
// have the same round belong together: they had the same inputs within moments.
type Sample struct {
	Launch    int32  `parquet:"launch"`
	Contender string `parquet:"contender,dict"`
	// Cell names the cell where the plan has several. The files of earlier versions
	// lack the column.
	Cell      string `parquet:"cell,dict,optional"`
	Replicate int32  `parquet:"replicate"`
	Phase     string `parquet:"phase,dict"`
	Round     int32  `parquet:"round"`
	// Calls is how many calls the row spans, Warmup how many untimed ones went
	// before them, Rows how many different rows there were.
	Calls  int32 `parquet:"calls"`
	Warmup int32 `parquet:"warmup"`
	Rows   int32 `parquet:"rows"`
	// StartNanoseconds is when the request was sent, since the run began, by the clock
	// of the ledger's elapsed_ns; absent for single calls.
	StartNanoseconds *int64 `parquet:"start_ns,optional"`
	// OuterNanoseconds is the harness's time, absent for single calls, which
	// cannot be seen from outside.
	OuterNanoseconds *int64 `parquet:"outer_ns,optional"`
	// InnerNanoseconds is the contender's own time.
	InnerNanoseconds int64 `parquet:"inner_ns"`
	// CPUNanoseconds is by how much the kernel's clock of the process went on over
	// the request, its reading and its reply included; absent where not read.
	CPUNanoseconds *int64 `parquet:"cpu_ns,optional"`
	// HarnessWaitNanoseconds is how long the thread of the harness that asked waited for a
	// CPU, from before the request was put into words until its reply was understood: so
	// much of OuterNanoseconds at most is no time of the contender's. Absent but for long
	// bursts and what else the kernel is asked about, and where harness and contender
	// share a CPU: the contender could cause it there. The files of earlier versions lack
	// the column.
	HarnessWaitNanoseconds *int64 `parquet:"harness_wait_ns,optional"`
	// CanaryBeforeNanoseconds and CanaryAfterNanoseconds are the canary's times, a
	// fixed loop of the harness's on the same core, just before the request and
	// after it; absent outside of rounds.
	CanaryBeforeNanoseconds *int64 `parquet:"canary_before_ns,optional"`
	CanaryAfterNanoseconds  *int64 `parquet:"canary_after_ns,optional"`
}
