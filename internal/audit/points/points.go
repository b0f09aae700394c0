// Package points holds the 100 points of the checklist as records, and the functions that
// judge them from a bundle.
//
// A point looks at each side of the claim, at the two together, or at the run. To add
// one, write its function in the file of its category and its record in points.go.
package points

// This file holds the 100 points, one record each. The functions that judge them stand
// in one file for each category.

import (
	"fmt"
	"slices"

	"cupel/internal/audit"
	"cupel/internal/stats"
)

// Point is one of the 100.
type Point struct {
	ID       int
	Category audit.Category
	// Severity is that of a finding that the point fails. It is a warning where honest
	// engines on shared machines fail too.
	Severity audit.Severity
	// Evidence is the kind that a ruling rests on, unless the ruling names another.
	Evidence audit.Evidence
	// Title says what holds when the point passes.
	Title string
	// Needs is what a reviewer who has only published files lacks to judge the
	// point, or, where a table can decide it, what the table has to print. It
	// follows the word "needs".
	Needs string
	// Remedy says what would make the point pass.
	Remedy string
	// One of the three is set: Side judges a contender, Pair the claim's two, Run the
	// bundle.
	Side func(*audit.Case, *audit.Contender) audit.Ruling
	Pair func(*audit.Case) audit.Ruling
	Run  func(*audit.Case) audit.Ruling
	// Alone is what of a pair's point can be asked of one contender: others than the
	// claim's two are judged by it.
	Alone func(*audit.Case, *audit.Contender) audit.Ruling
	// AnyLaunch has Side judge contenders without a finished launch too.
	AnyLaunch bool
}

// ByID is the point of that number, nil where there is none.
func ByID(id int) *Point {
	all := All()
	at := slices.IndexFunc(all, func(p Point) bool { return p.ID == id })
	if at < 0 {
		return nil
	}
	return &all[at]
}

// All returns all 100 by id. They are made anew each time: a variable would refer to
// functions that refer to it, as some points rest on the rulings of others.
func All() []Point {
	return []Point{
		{
			ID: 1, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Warm-up calls enter no published figure", Needs: "the raw samples with their phases",
			Remedy: "publish figures of the measured calls alone, as many as the plan has",
			Run:    warmupEntersNothing,
		},
		{
			ID: 2, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Every contender gets the same warm-up", Needs: "the requests sent and kernel accounts of CPU time over them",
			Remedy: "ask every contender for the planned untimed calls, and have it make them",
			Side:   sameWarmup,
		},
		{
			ID: 3, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Every contender makes the planned number of measured calls", Needs: "the raw samples of every launch and the plan",
			Remedy: "time the planned number of calls in every launch, and keep all of them",
			Side:   sameCalls,
		},
		{
			ID: 4, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "One seed determines data and weights for every contender", Needs: "the plan's seed and digests of the data and weights that were sent",
			Remedy: "give every contender the weights that the plan's seed makes",
			Side:   oneSeed,
		},
		{
			ID: 5, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Every clock is fine enough for what it times", Needs: "the raw samples and the clock's measured step",
			Remedy: "have the runner read a monotonic clock in nanoseconds",
			Side:   fineClocks,
		},
		{
			ID: 6, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "All contenders hold the same model, or the report names both sizes", Needs: "scores on unit vectors, obtained from each loaded model",
			Remedy: "load the weights as given; where an engine holds fewer parameters, name both sizes beside its figures",
			Side:   sameModel, AnyLaunch: true,
		},
		{
			ID: 7, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "All contenders solve the same task, and no class is left out", Needs: "labels of the timed calls and a reference's answers to the same rows",
			Remedy: "answer each row with the class that the weights give it",
			Side:   sameTask, AnyLaunch: true,
		},
		{
			ID: 8, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "All contenders read inputs of the same width, to the last value", Needs: "labels of rows that each part of the input decides",
			Remedy: "read every input of a row",
			Side:   sameWidth, AnyLaunch: true,
		},
		{
			ID: 9, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Each measured call predicts one row", Needs: "the requests sent and the labels that came back",
			Remedy: "predict as many rows a call as planned",
			Side:   oneRowACall,
		},
		{
			ID: 10, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Calls that look single are not served from a batch", Needs: "timings of calls made alone, each on a row not seen before",
			Remedy: "make each call when it is due, and not all at once",
			Side:   noHiddenBatch,
		},
		{
			ID: 11, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No part of the inference is done before the timer starts", Needs: "outer timings and CPU time of requests with and without calls",
			Remedy: "start the clock before anything is computed",
			Side:   nothingBefore, AnyLaunch: true,
		},
		{
			ID: 12, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No part of the inference is done after the timer stops", Needs: "outer timings and CPU time of short and long bursts",
			Remedy: "stop the clock when the last label is stored",
			Side:   nothingAfter,
		},
		{
			ID: 13, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Nothing is read or written while the timer runs", Needs: "kernel accounts of the contender's reads, writes, faults and sockets",
			Remedy: "read and write nothing while the clock runs",
			Side:   noInputOutput,
		},
		{
			ID: 14, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No tracing of allocations or preloaded hook disturbs a contender", Needs: "the contender's environment and mapped files, as the kernel lists them",
			Remedy: "start contenders without preloaded libraries and without tracing",
			Side:   noTracing,
		},
		{
			ID: 15, Category: audit.Methodology, Severity: audit.Error, Evidence: audit.Measured,
			Title: "The model infers only: asked again, it gives the same scores", Needs: "scores of the same rows, asked for several times",
			Remedy: "switch the model to inference, so that it answers the same every time",
			Side:   inferenceMode,
		},
		{
			ID: 16, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The samples suffice for the precision that was planned", Needs: "the plan and figures of each launch",
			Remedy: "make more launches, until the interval is as narrow as planned",
			Pair:   enoughSamples,
		},
		{
			ID: 17, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Every result file states the number of calls really recorded", Needs: "the raw samples to count",
			Remedy: "state in every result file the number of calls that were recorded",
			Side:   countsAlike,
		},
		{
			ID: 18, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The run ended by its planned rule and not earlier", Needs: "the plan's stop rule and the ledger of all requests",
			Remedy: "let the run end by its planned rule",
			Run:    noEarlyStop,
		},
		{
			ID: 19, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Each mean follows from the samples", Needs: "the raw samples",
			Remedy: "publish the mean of the samples in the bundle",
			Side:   publishedFigure("mean", func(f *audit.PublishedFigures) *float64 { return f.Mean }, func(s stats.Summary) float64 { return s.Mean / 1e3 }),
		},
		{
			ID: 20, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Each standard deviation follows from the samples, with divisor n-1", Needs: "the raw samples",
			Remedy: "divide by n-1",
			Side:   publishedFigure("standard deviation", func(f *audit.PublishedFigures) *float64 { return f.StdDev }, func(s stats.Summary) float64 { return s.StdDev / 1e3 }),
		},
		{
			ID: 21, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Each 95% interval is the mean give or take 1.96 standard errors", Needs: "each side's mean, standard deviation, n and both ends of the interval",
			Remedy: "publish the mean ± 1.96 s/√n",
			Side:   publishedInterval,
		},
		{
			ID: 22, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Each percentile is the sample that its definition picks", Needs: "the raw samples",
			Remedy: "publish sorted[⌊p·n⌋] of all samples",
			Side:   publishedPercentiles,
		},
		{
			ID: 23, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Each throughput is the reciprocal of its mean", Needs: "each side's mean and throughput",
			Remedy: "publish 1e6 over the mean in microseconds",
			Side:   publishedFigure("throughput", func(f *audit.PublishedFigures) *float64 { return f.Throughput }, func(s stats.Summary) float64 { return 1e6 / (s.Mean / 1e3) }),
		},
		{
			ID: 24, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The t-test allows unequal variances", Needs: "t, degrees of freedom, and both sides' mean, deviation and n",
			Remedy: "compute t and its degrees of freedom as Welch does",
			Pair:   publishedWelch,
		},
		{
			ID: 25, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Each claimed difference has p below 0.05, and no p is printed as 0", Needs: "the p-value of each claimed difference",
			Remedy: "call different what differs beyond chance, and print a p-value or a bound on it that is above 0",
			Pair:   significant,
		},
		{
			ID: 26, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Cohen's d follows from both means and the pooled deviation", Needs: "Cohen's d, and both sides' mean and deviation",
			Remedy: "divide the difference of the means by √((s1²+s2²)/2)",
			Pair:   publishedCohen,
		},
		{
			ID: 27, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Each effect size has the name that its value earns", Needs: "Cohen's d and the name given to the effect",
			Remedy: "name effects by 0.2, 0.5 and 0.8, the lower edge included",
			Pair:   effectNamed,
		},
		{
			ID: 28, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Contenders called different have intervals that stay apart", Needs: "both sides' intervals, or the interval of their ratio",
			Remedy: "measure longer, or do not call the two different",
			Pair:   intervalsApartInBundle,
		},
		{
			ID: 29, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Figures have the digits that the measurement supports, no more or fewer", Needs: "figures with all their printed digits, and their intervals",
			Remedy: "round what was computed from all digits, and print as many as the interval supports",
			Run:    fittingDigits,
		},
		{
			ID: 30, Category: audit.Statistics, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "No launch or run was chosen or left out for its result", Needs: "the complete ledger, the plan and the machine's log of earlier runs",
			Remedy: "keep every launch and every run, and name the earlier ones",
			Run:    nothingPicked,
		},
		{
			ID: 31, Category: audit.Code, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "The model and the runner around it carry no ballast", Needs: "the model file, the runner's source and timings of the canonical runner",
			Remedy: "give the contender the suite's model and nothing beside it, or run the engine's canonical runner beside it",
			Side:   noBallast,
		},
		{
			ID: 32, Category: audit.Code, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No accelerator takes part in a CPU comparison", Needs: "kernel accounts of the contender's open devices and CPU time",
			Remedy: "keep accelerators out of a comparison of CPUs",
			Side:   noAccelerator,
		},
		{
			ID: 33, Category: audit.Code, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No contender records gradients or other training data as it infers", Needs: "the runner's source, or timings of the canonical runner and memory over time",
			Remedy: "switch the recording of gradients off",
			Side:   noTrainingRecords,
		},
		{
			ID: 34, Category: audit.Code, Severity: audit.Error, Evidence: audit.Measured,
			Title: "The model's state is settled: other rows in between change no score", Needs: "scores of the same rows before and after many others",
			Remedy: "freeze whatever the model keeps from row to row",
			Side:   settledState,
		},
		{
			ID: 35, Category: audit.Code, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No contender compiles code at run time without saying so", Needs: "the contender's executable mappings over time",
			Remedy: "name a contender that compiles at run time as one, and let it finish before timing",
			Side:   noCompilation,
		},
		{
			ID: 36, Category: audit.Code, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Every engine is the standard one, byte for byte", Needs: "digests of the engine's files, its lock file, and source and build log of own engines",
			Remedy: "install the engine from a lock file with hashes and change none of its files; of an own engine put source and build record into the bundle",
			Side:   standardEngine,
		},
		{
			ID: 37, Category: audit.Code, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Every compiled contender is an optimised build", Needs: "the runner's source and build log, and the digest of what ran",
			Remedy: "build with the compiler's release profile, and keep the log",
			Side:   optimisedBuild,
		},
		{
			ID: 38, Category: audit.Code, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "No contender is tuned beyond an ordinary release build", Needs: "the build log and the build information in the binary",
			Remedy: "build with the default release profile: no LTO, no profile data, no native CPU",
			Side:   ordinaryBuild,
		},
		{
			ID: 39, Category: audit.Code, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Durations come from clocks that nobody can set back", Needs: "outer and inner timings beside wall-clock and monotonic readings",
			Remedy: "take durations from a monotonic clock",
			Side:   monotonicTime,
		},
		{
			ID: 40, Category: audit.Code, Severity: audit.Error, Evidence: audit.Measured,
			Title: "The measured loop is not specialised for the benchmark", Needs: "CPU time of bursts of growing length, and the runner's source",
			Remedy: "make as many calls as asked, each by the engine's ordinary way",
			Side:   plainLoop,
		},
		{
			ID: 41, Category: audit.Code, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Training inputs are what the dataset's rule makes", Needs: "the training inputs or their digest, and the dataset's rule and seed",
			Remedy: "fit on the dataset that the plan names, unchanged",
			Run:    trainingInputs,
		},
		{
			ID: 42, Category: audit.Code, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Training labels are what the dataset's rule makes", Needs: "the training labels or their digest, and the dataset's rule and seed",
			Remedy: "fit on the dataset that the plan names, unchanged",
			Run:    trainingLabels,
		},
		{
			ID: 43, Category: audit.Code, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The fit used the planned number of training rows", Needs: "the fit's entry in the ledger and the digest of what it read",
			Remedy: "fit on all rows of the dataset that the plan names",
			Run:    trainingCount,
		},
		{
			ID: 44, Category: audit.Code, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The repeatedly timed row is what the dataset's rule makes", Needs: "the bytes of the row that each contender was sent",
			Remedy: "send the row that the dataset's rule makes",
			Side:   classicRow,
		},
		{
			ID: 45, Category: audit.Code, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Every contender computes in 32-bit floats", Needs: "the model files and labels of rows next to the decision boundary",
			Remedy: "compute in 32-bit floats, weights included",
			Side:   singlePrecision, AnyLaunch: true,
		},
		{
			ID: 46, Category: audit.Data, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Training data has the shape of the plan", Needs: "the training data",
			Remedy: "fit on rows of the model's width, with a label each",
			Run:    trainingShape,
		},
		{
			ID: 47, Category: audit.Data, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Every inference input has the shape that its request states", Needs: "the inference inputs and the requests that name them",
			Remedy: "send files that hold the rows that the request speaks of",
			Side:   requestShape,
		},
		{
			ID: 48, Category: audit.Data, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "All input values lie in the range stated for them", Needs: "the training data and the inference inputs",
			Remedy: "scale training values to [0, 1] and draw the others from [-1, 1]",
			Run:    valuesInRange,
		},
		{
			ID: 49, Category: audit.Data, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Every label, given or returned, names one of the classes", Needs: "the training labels and the labels of the timed calls",
			Remedy: "answer with one of the model's classes",
			Side:   labelsInRange, AnyLaunch: true,
		},
		{
			ID: 50, Category: audit.Data, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Inputs, weights, scores and times are finite throughout", Needs: "the inputs, weights, scores and raw samples",
			Remedy: "find what makes a NaN or an infinity",
			Side:   allFinite,
		},
		{
			ID: 51, Category: audit.Data, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The model was fitted, and well, before the first launch", Needs: "the weights, the training data and the ledger of the fit",
			Remedy: "fit the model before the first launch, by the settings of the plan, until it is better than a constant answer",
			Run:    modelFitted,
		},
		{
			ID: 52, Category: audit.Data, Severity: audit.Error, Evidence: audit.Measured,
			Title: "The weights matter: with other weights the answers change", Needs: "the weights, and answers after other weights were loaded",
			Remedy: "compute answers from the weights that are loaded",
			Side:   weightsMatter,
		},
		{
			ID: 53, Category: audit.Data, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Every timed answer is right", Needs: "labels of the timed calls and a reference's answers to the same rows",
			Remedy: "answer each row with the class that the weights give it",
			Side:   answersValid, AnyLaunch: true,
		},
		{
			ID: 54, Category: audit.Data, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Each launch keeps one process and one loaded model throughout", Needs: "the ledger of requests, and kernel accounts of the process and its reads",
			Remedy: "load the model once a launch, and serve every request from it",
			Side:   oneModel,
		},
		{
			ID: 55, Category: audit.Data, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No call changes the model", Needs: "scores early and late in a launch, and digests of the weight file",
			Remedy: "change no weight between requests",
			Side:   modelUnchanged,
		},
		{
			ID: 56, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "All contenders run on the same type of processor core", Needs: "the processor and allowed cores recorded at every launch",
			Remedy: "pin all contenders to the same CPUs, or to CPUs of one kind",
			Side:   sameProcessor,
		},
		{
			ID: 57, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "All contenders run on the same machine, in the same stretch of time", Needs: "the machine, boot and clock readings recorded at every launch",
			Remedy: "measure all contenders in one run, on one machine, without restarting it",
			Run:    sameMachine,
		},
		{
			ID: 58, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "The processor keeps its speed, for all contenders alike", Needs: "timings of a fixed loop throughout the run, and governor or frequency",
			Remedy: "measure on a machine that nobody else uses, with the governor `performance`",
			Run:    noThrottling,
		},
		{
			ID: 59, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "The machine does not slow down by warming up", Needs: "timings of a fixed loop from first to last, and throttle counters",
			Remedy: "let the machine warm up before the run, cool it better, or have it to yourself",
			Run:    noThermalDrift,
		},
		{
			ID: 60, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Memory suffices and nothing is swapped", Needs: "kernel accounts of memory and swap during the run",
			Remedy: "free memory until nothing is swapped",
			Run:    enoughMemory,
		},
		{
			ID: 61, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Each engine is a stable release, current when the run was made", Needs: "the installed engine's metadata and its release date",
			Remedy: "install a release of the last two years and write its date into the lock file, as `# released YYYY-MM-DD` below its hashes",
			Side:   currentEngine,
		},
		{
			ID: 62, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Each language runtime was still supported when the run was made", Needs: "the runtime's version, from its file or build information",
			Remedy: "use a version of the language that is still maintained",
			Side:   currentRuntime,
		},
		{
			ID: 63, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Each compiler is a stable release, named in full", Needs: "the build log and the compiler's mark in each binary",
			Remedy: "build with a released compiler",
			Side:   stableCompilers,
		},
		{
			ID: 64, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Compiled contenders carry no more debug information than a release does", Needs: "the compiled binaries or a listing of their sections",
			Remedy: "build with the release profile, without debug information",
			Side:   noDebugSymbols,
		},
		{
			ID: 65, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Each contender's linear algebra library is named and its own", Needs: "the contender's mapped files, lock file and environment",
			Remedy: "install the engine with its own numerical library, and set no variable that chooses another",
			Side:   ownLibraries,
		},
		{
			ID: 66, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Nothing else keeps the contenders' cores busy", Needs: "kernel accounts of all processes and of stolen time during the run",
			Remedy: "stop what else runs, or measure on a machine that nobody else uses",
			Run:    noOtherLoad,
		},
		{
			ID: 67, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No contender collects garbage inside a burst", Needs: "kernel accounts of the contender's threads, memory and faults",
			Remedy: "keep what a call needs between calls, so that nothing has to be collected",
			Side:   noCollections,
		},
		{
			ID: 68, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Nothing is compiled while measurements run", Needs: "the processes alive during bursts and digests of what ran, first and last",
			Remedy: "build before the run, and start no other program in it",
			Side:   noCompiling,
		},
		{
			ID: 69, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Each contender uses the planned threads, and no helper process", Needs: "kernel accounts of CPU time by thread and process, and the allowed cores",
			Remedy: "use as many threads as the suite says, on the CPUs that are given",
			Side:   plannedThreads,
		},
		{
			ID: 70, Category: audit.Environment, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Each contender's cores and memory lie on one NUMA node", Needs: "the machine's nodes, the allowed cores and where memory pages lay",
			Remedy: "pin contenders to CPUs of one NUMA node before they allocate memory",
			Side:   oneNode,
		},
		{
			ID: 71, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Repeated runs agree on each ratio within 10%", Needs: "three runs, or the figures of each launch",
			Remedy: "measure on a steadier machine; with three bundles of the plan (--with) whole runs are compared",
			Run:    rerunsAgree,
		},
		{
			ID: 72, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The seed gives the same data in every launch and when made again", Needs: "digests of the data in every launch, and the dataset's rule and seed",
			Remedy: "make data from the seed once, and send it to everybody",
			Run:    sameData,
		},
		{
			ID: 73, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Equal rows get equal answers in every burst and launch", Needs: "labels and scores of the same rows from several launches",
			Remedy: "answer the same row with the same class and the same scores, always",
			Side:   deterministicAnswers,
		},
		{
			ID: 74, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The printed commands alone repeat the run", Needs: "the suite, the plan's digest and the program that the commands call",
			Remedy: "print the commands that make the run and its audit again, as this program takes them",
			Run:    commandsSuffice,
		},
		{
			ID: 75, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Installed packages are exactly those of a lock file with digests", Needs: "the lock file and the list of what was installed",
			Remedy: "install from a lock file that has every package with its hash",
			Side:   dependenciesPinned,
		},
		{
			ID: 76, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Compiled dependencies are exactly those of a lock file", Needs: "the lock file, the build log and the build information in the binary",
			Remedy: "build with the lock file enforced, and keep log and lock",
			Side:   compiledLocked,
		},
		{
			ID: 77, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "The environment is recorded completely, as it was observed", Needs: "the environment record and what was observed at every launch",
			Remedy: "record versions and machine as the programs and the kernel give them",
			Run:    environmentRecorded,
		},
		{
			ID: 78, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The comparison has been run on another machine too", Needs: "a bundle of the same plan from another machine",
			Remedy: "run the same suite on another machine and audit with --with BUNDLE",
			Run:    runsElsewhere,
		},
		{
			ID: 79, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "On another machine each ratio comes out within a factor of 2", Needs: "a bundle of the same plan from another machine",
			Remedy: "run the same suite on another machine and audit with --with BUNDLE; where the ratio differs, find what makes it depend on the machine, or claim it for that machine alone",
			Run:    ratiosCarryOver,
		},
		{
			ID: 80, Category: audit.Reproducibility, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "Nothing is built for, or looks at, one particular processor", Needs: "the runner's source, build log and binary digests",
			Remedy: "build for the architecture's baseline, and ask no processor for its name",
			Side:   notTuned,
		},
		{
			ID: 81, Category: audit.Plausibility, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Each framework's cost per call is plausible for its kind", Needs: "the cost in processor cycles, from the raw samples and a fixed loop",
			Remedy: "find out why a call costs so much, or so little, and mend or explain the runner",
			Side:   frameworkCost,
		},
		{
			ID: 82, Category: audit.Plausibility, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Each compiled engine's cost per call is plausible for the model's size", Needs: "the cost in processor cycles, from the raw samples and a fixed loop",
			Remedy: "find out why a call costs so much, or so little, and mend or explain the runner",
			Side:   compiledCost,
		},
		{
			ID: 83, Category: audit.Plausibility, Severity: audit.Warning, Evidence: audit.Measured,
			Title: "No call costs below 100 ns unless its work is shown", Needs: "the raw samples, and timings at several model sizes",
			Remedy: "measure a larger model, or show by the other points that the work is done in so little time",
			Side:   notBelowFloorOfClocks,
		},
		{
			ID: 84, Category: audit.Plausibility, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No call of a small model costs above 1 ms", Needs: "the raw samples, and timings at several model sizes",
			Remedy: "take out of the timed part what is no inference",
			Side:   notAboveMillisecond,
		},
		{
			ID: 85, Category: audit.Plausibility, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Timings at other model sizes explain the ratio", Needs: "timings of both sides at several model sizes",
			Remedy: "publish the ratio that the samples give, and find what makes the suite's own size an exception",
			Pair:   ratioExplained,
		},
		{
			ID: 86, Category: audit.Plausibility, Severity: audit.Warning, Evidence: audit.Measured,
			Title: "The ratio is at most 100 unless both sides are shown sound", Needs: "timings of each side, and of the slower one's canonical runner",
			Remedy: "find what slows the slower one, or show by its canonical runner that nothing does",
			Pair:   notAboveHundred,
		},
		{
			ID: 87, Category: audit.Plausibility, Severity: audit.Warning, Evidence: audit.Measured,
			Title: "Compiled beats interpreted at least twofold unless its build is shown sound", Needs: "timings of both sides, and the compiled one's build log",
			Remedy: "show that the compiled one is an optimised build whose calls cost little",
			Pair:   compiledAhead,
		},
		{
			ID: 88, Category: audit.Plausibility, Severity: audit.Warning, Evidence: audit.Recomputed,
			Title: "p50, p95 and p99 rise in this order", Needs: "each side's p50, p95 and p99, with digits enough to tell them apart",
			Remedy: "time with a clock that tells calls apart, and publish all of its times",
			Side:   percentilesRise,
		},
		{
			ID: 89, Category: audit.Plausibility, Severity: audit.Warning, Evidence: audit.Recomputed,
			Title: "Each mean lies near its median", Needs: "each side's mean and p50",
			Remedy: "find what makes some calls so slow, or measure on a quieter machine",
			Side:   meanNearMedian,
		},
		{
			ID: 90, Category: audit.Plausibility, Severity: audit.Warning, Evidence: audit.Recomputed,
			Title: "Each standard deviation is less than half its mean", Needs: "each side's mean and standard deviation",
			Remedy: "measure on a quieter machine; on one that is shared, a tick of the clock is enough to fail this for an engine below a microsecond",
			Side:   lowVariation,
		},
		{
			ID: 91, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No contender is slowed by its runner or its surroundings", Needs: "the runner's source, timings of the canonical runner and kernel accounts",
			Remedy: "run the engine by its canonical runner, in the same surroundings as the others, and let nothing in it wait",
			Side:   nobodySlowed,
		},
		{
			ID: 92, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Inspected,
			Title: "No contender is specially favoured, this project's engine included", Needs: "digests of every engine and timings of the canonical runner",
			Remedy: "run the engine as it is published, own engines from the sources in the bundle",
			Side:   nobodyFavoured,
		},
		{
			ID: 93, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Vector instructions give the faster side no hidden advantage", Needs: "timings of both sides at several model sizes, and their environments",
			Remedy: "let both sides use vectors, or publish beside the pair both costs per multiply-add and the ratio at equal ones",
			Pair:   vectorsAlike,
		},
		{
			ID: 94, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Every answer is computed when asked for, never looked up", Needs: "labels of the timed calls, and timings on new rows and other weights",
			Remedy: "compute each answer from its row and the weights that were loaded",
			Side:   computed,
		},
		{
			ID: 95, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No debug build is compared with an optimised one", Needs: "build logs and digests of every binary, interpreters included",
			Remedy: "compare release builds, interpreters included",
			Pair:   sameGrade, Alone: releaseGrade,
		},
		{
			ID: 96, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Measured,
			Title: "Both sides run on the same class of device", Needs: "kernel accounts of each contender's open devices and CPU time",
			Remedy: "compare on CPUs alone",
			Pair:   sameDevice,
		},
		{
			ID: 97, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Both sides of each comparison predict as many rows a call", Needs: "the requests sent and the labels that came back",
			Remedy: "compare calls of as many rows",
			Pair:   sameBatch,
		},
		{
			ID: 98, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Measured,
			Title: "No training time is counted as inference", Needs: "the ledger of requests, and outer timings of long bursts",
			Remedy: "fit before the first launch, and never within one",
			Side:   noTraining,
		},
		{
			ID: 99, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "The slow tail is published beside the typical call", Needs: "a table of results with each side's slow tail, p99 at least",
			Remedy: "publish p95, p99 and the maximum of every contender in its result file and in a table",
			Side:   tailShown,
		},
		{
			ID: 100, Category: audit.Bias, Severity: audit.Error, Evidence: audit.Recomputed,
			Title: "Every limit of the comparison is stated with its results", Needs: "a text beside the figures, where limits would be stated",
			Remedy: "state every limit in the report's section on limits",
			Run:    limitsStated,
		},
	}
}

// RulingOf is what came of a point for a contender, for checks that rest on others.
// Points about the pair or the run ignore the contender.
func RulingOf(c *audit.Case, id int, contender *audit.Contender) audit.Ruling {
	k := ByID(id)
	if k == nil {
		return audit.Skips("a check of point %d", id)
	}
	name := ""
	if k.Side != nil {
		name = contender.Name
	}
	return c.Once(id, name, func() audit.Ruling { return k.Judge(c, contender) })
}

// Judge is the check's ruling.
func (k Point) Judge(c *audit.Case, contender *audit.Contender) audit.Ruling {
	r := audit.Skips("evidence that its check can read: it broke off")
	c.Guard(fmt.Sprintf("check of point %d", k.ID), func() { r = k.ask(c, contender) })
	if r.Evidence == "" {
		r.Evidence = k.Evidence
	}
	return r
}

func (k Point) ask(c *audit.Case, contender *audit.Contender) audit.Ruling {
	switch {
	case k.Pair != nil:
		return k.Pair(c)
	case k.Run != nil:
		return k.Run(c)
	case len(contender.Finished) == 0 && !k.AnyLaunch:
		return audit.Skips("a finished launch of %s", contender.Name)
	default:
		return k.Side(c, contender)
	}
}
