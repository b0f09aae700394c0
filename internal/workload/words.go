package workload

// This file holds what estimates and reports call things, and which checks apply.

// Words are what estimates and reports call things.
type Words struct {
	// Benchmark is what a page of results is.
	Benchmark string
	// Call is what the classic protocol times one by one, Timed the same as a page
	// introduces it, Throughput the header of how many there are a second.
	Call, Timed, Throughput string
	// Counted are what a burst's time is divided by.
	Counted string
	// Turns are the bursts that ratios are made of, Takers those that made them.
	Turns, Takers string
	// Only names all that a run measures, and OnlyLimit is the id of this limit.
	Only, OnlyLimit string
	// SelfTimed says how the harness holds against contenders' own times, as a limit.
	SelfTimed string
	// SeedUse says what the suite's seed decides.
	SeedUse string
	// Batches is true where a call has a batch of rows.
	Batches bool
}

// Words implements Workload.
func (Infer) Words() Words {
	return Words{
		Benchmark: "Inference benchmark", Call: "call", Timed: "each call", Throughput: "Inferences/sec", Counted: "calls",
		Turns: "bursts that took turns within milliseconds", Takers: "contenders that took turns within milliseconds",
		Only: "inference only", OnlyLimit: "inference-only",
		SelfTimed: "In short bursts and in the classic protocol each contender times itself. Long bursts, timed from outside, bound how wrong it can be: the table of clocks says by how much.",
		SeedUse:   "of the fit: initial weights and order of the examples; the same fitted weights for all",
		Batches:   true,
	}
}

// Words implements Workload.
func (Fit) Words() Words {
	const turns = "trainings that took turns within some ten milliseconds"
	return Words{
		Benchmark: "Training benchmark", Call: "training", Timed: "each training", Throughput: "Trainings/sec", Counted: "epochs",
		Turns: turns, Takers: turns,
		Only: "training only", OnlyLimit: "training-only",
		SelfTimed: "Each contender times its trainings itself. Long ones, timed from outside, bound how wrong it can be: the table of clocks says by how much.",
		SeedUse:   "of the data that the classic protocol trains on; those of rounds are drawn from the run's nonce",
	}
}

// Excludes implements Workload: every check can be asked.
func (Infer) Excludes(string) string { return "" }

// Excludes implements Workload. An engine may leave out what is multiplied by 0, as most
// pixels are, so that a slope says nothing.
func (Fit) Excludes(rule string) string {
	return map[string]string{
		"near-rows": "all trainings are over as many rows",
		"slope":     "the weights show that a training was made",
	}[rule]
}
