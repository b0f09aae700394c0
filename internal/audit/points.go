package audit

// This file holds the 100 points as data: what each one is called, and what it
// takes to judge it. The rules that judge them are elsewhere.

import "slices"

// Category is one of the checklist's eight.
type Category string

// The categories, in the checklist's order.
const (
	Methodology     Category = "methodology"
	Statistics      Category = "statistics"
	Code            Category = "code"
	Data            Category = "data"
	Environment     Category = "environment"
	Reproducibility Category = "reproducibility"
	Plausibility    Category = "plausibility"
	Bias            Category = "bias"
)

// Point is one of the 100.
type Point struct {
	ID       int
	Category Category
	// Title says what holds when the point passes.
	Title string
	// Needs is what a reviewer who has only published files lacks to judge the
	// point, or, where a table can decide it, what the table has to print. It
	// follows the word "needs".
	Needs string
}

// Points returns all 100 by id, in a slice that is the caller's own.
func Points() []Point { return slices.Clone(checklist) }

// checklist is all points, by id.
var checklist = []Point{
	{1, Methodology, "Warm-up calls enter no published figure", "the raw samples with their phases"},
	{2, Methodology, "Every contender gets the same warm-up", "the requests sent and kernel accounts of CPU time over them"},
	{3, Methodology, "Every contender makes the planned number of measured calls", "the raw samples of every launch and the plan"},
	{4, Methodology, "One seed determines data and weights for every contender", "the plan's seed and digests of the data and weights that were sent"},
	{5, Methodology, "Every clock is fine enough for what it times", "the raw samples and the clock's measured step"},
	{6, Methodology, "All contenders hold the same model, or the report names both sizes", "scores on unit vectors, obtained from each loaded model"},
	{7, Methodology, "All contenders solve the same task, and no class is left out", "labels of the timed calls and a reference's answers to the same rows"},
	{8, Methodology, "All contenders read inputs of the same width, to the last value", "labels of rows that each part of the input decides"},
	{9, Methodology, "Each measured call predicts one row", "the requests sent and the labels that came back"},
	{10, Methodology, "Calls that look single are not served from a batch", "timings of calls made alone, each on a row not seen before"},
	{11, Methodology, "No part of the inference is done before the timer starts", "outer timings and CPU time of requests with and without calls"},
	{12, Methodology, "No part of the inference is done after the timer stops", "outer timings and CPU time of short and long bursts"},
	{13, Methodology, "Nothing is read or written while the timer runs", "kernel accounts of the contender's reads, writes, faults and sockets"},
	{14, Methodology, "No tracing of allocations or preloaded hook disturbs a contender", "the contender's environment and mapped files, as the kernel lists them"},
	{15, Methodology, "The model infers only: asked again, it gives the same scores", "scores of the same rows, asked for several times"},

	{16, Statistics, "The samples suffice for the precision that was planned", "the plan and figures of each launch"},
	{17, Statistics, "Every result file states the number of calls really recorded", "the raw samples to count"},
	{18, Statistics, "The run ended by its planned rule and not earlier", "the plan's stop rule and the ledger of all requests"},
	{19, Statistics, "Each mean follows from the samples", "the raw samples"},
	{20, Statistics, "Each standard deviation follows from the samples, with divisor n-1", "the raw samples"},
	{21, Statistics, "Each 95% interval is the mean give or take 1.96 standard errors", "each side's mean, standard deviation, n and both ends of the interval"},
	{22, Statistics, "Each percentile is the sample that its definition picks", "the raw samples"},
	{23, Statistics, "Each throughput is the reciprocal of its mean", "each side's mean and throughput"},
	{24, Statistics, "The t-test allows unequal variances", "t, degrees of freedom, and both sides' mean, deviation and n"},
	{25, Statistics, "Each claimed difference has p below 0.05, and no p is printed as 0", "the p-value of each claimed difference"},
	{26, Statistics, "Cohen's d follows from both means and the pooled deviation", "Cohen's d, and both sides' mean and deviation"},
	{27, Statistics, "Each effect size has the name that its value earns", "Cohen's d and the name given to the effect"},
	{28, Statistics, "Contenders called different have intervals that stay apart", "both sides' intervals, or the interval of their ratio"},
	{29, Statistics, "Figures have the digits that the measurement supports, no more or fewer", "figures with all their printed digits, and their intervals"},
	{30, Statistics, "No launch or run was chosen or left out for its result", "the complete ledger, the plan and the machine's log of earlier runs"},

	{31, Code, "The model and the runner around it carry no ballast", "the model file, the runner's source and timings of the canonical runner"},
	{32, Code, "No accelerator takes part in a CPU comparison", "kernel accounts of the contender's open devices and CPU time"},
	{33, Code, "No contender records gradients or other training data as it infers", "the runner's source, or timings of the canonical runner and memory over time"},
	{34, Code, "The model's state is settled: other rows in between change no score", "scores of the same rows before and after many others"},
	{35, Code, "No contender compiles code at run time without saying so", "the contender's executable mappings over time"},
	{36, Code, "Every engine is the standard one, byte for byte", "digests of the engine's files, its lock file, and source and build log of own engines"},
	{37, Code, "Every compiled contender is an optimised build", "the runner's source and build log, and the digest of what ran"},
	{38, Code, "No contender is tuned beyond an ordinary release build", "the build log and the build information in the binary"},
	{39, Code, "Durations come from clocks that nobody can set back", "outer and inner timings beside wall-clock and monotonic readings"},
	{40, Code, "The measured loop is not specialised for the benchmark", "CPU time of bursts of growing length, and the runner's source"},
	{41, Code, "Training inputs are what the dataset's rule makes", "the training inputs or their digest, and the dataset's rule and seed"},
	{42, Code, "Training labels are what the dataset's rule makes", "the training labels or their digest, and the dataset's rule and seed"},
	{43, Code, "The fit used the planned number of training rows", "the fit's entry in the ledger and the digest of what it read"},
	{44, Code, "The repeatedly timed row is what the dataset's rule makes", "the bytes of the row that each contender was sent"},
	{45, Code, "Every contender computes in 32-bit floats", "the model files and labels of rows next to the decision boundary"},

	{46, Data, "Training data has the shape of the plan", "the training data"},
	{47, Data, "Every inference input has the shape that its request states", "the inference inputs and the requests that name them"},
	{48, Data, "All input values lie in the range stated for them", "the training data and the inference inputs"},
	{49, Data, "Every label, given or returned, names one of the classes", "the training labels and the labels of the timed calls"},
	{50, Data, "Inputs, weights, scores and times are finite throughout", "the inputs, weights, scores and raw samples"},
	{51, Data, "The model was fitted, and well, before the first launch", "the weights, the training data and the ledger of the fit"},
	{52, Data, "The weights matter: with other weights the answers change", "the weights, and answers after other weights were loaded"},
	{53, Data, "Every timed answer is right", "labels of the timed calls and a reference's answers to the same rows"},
	{54, Data, "Each launch keeps one process and one loaded model throughout", "the ledger of requests, and kernel accounts of the process and its reads"},
	{55, Data, "No call changes the model", "scores early and late in a launch, and digests of the weight file"},

	{56, Environment, "All contenders run on the same type of processor core", "the processor and allowed cores recorded at every launch"},
	{57, Environment, "All contenders run on the same machine, in the same stretch of time", "the machine, boot and clock readings recorded at every launch"},
	{58, Environment, "The processor keeps its speed, for all contenders alike", "timings of a fixed loop throughout the run, and governor or frequency"},
	{59, Environment, "The machine does not slow down by warming up", "timings of a fixed loop from first to last, and throttle counters"},
	{60, Environment, "Memory suffices and nothing is swapped", "kernel accounts of memory and swap during the run"},
	{61, Environment, "Each engine is a stable release, current when the run was made", "the installed engine's metadata and its release date"},
	{62, Environment, "Each language runtime was still supported when the run was made", "the runtime's version, from its file or build information"},
	{63, Environment, "Each compiler is a stable release, named in full", "the build log and the compiler's mark in each binary"},
	{64, Environment, "Compiled contenders carry no more debug information than a release does", "the compiled binaries or a listing of their sections"},
	{65, Environment, "Each contender's linear algebra library is named and its own", "the contender's mapped files, lock file and environment"},
	{66, Environment, "Nothing else keeps the contenders' cores busy", "kernel accounts of all processes and of stolen time during the run"},
	{67, Environment, "No contender collects garbage inside a burst", "kernel accounts of the contender's threads, memory and faults"},
	{68, Environment, "Nothing is compiled while measurements run", "the processes alive during bursts and digests of what ran, first and last"},
	{69, Environment, "Each contender uses the planned threads, and no helper process", "kernel accounts of CPU time by thread and process, and the allowed cores"},
	{70, Environment, "Each contender's cores and memory lie on one NUMA node", "the machine's nodes, the allowed cores and where memory pages lay"},

	{71, Reproducibility, "Repeated runs agree on each ratio within 10%", "three runs, or the figures of each launch"},
	{72, Reproducibility, "The seed gives the same data in every launch and when made again", "digests of the data in every launch, and the dataset's rule and seed"},
	{73, Reproducibility, "Equal rows get equal answers in every burst and launch", "labels and scores of the same rows from several launches"},
	{74, Reproducibility, "The printed commands alone repeat the run", "the suite, the plan's digest and the program that the commands call"},
	{75, Reproducibility, "Installed packages are exactly those of a lock file with digests", "the lock file and the list of what was installed"},
	{76, Reproducibility, "Compiled dependencies are exactly those of a lock file", "the lock file, the build log and the build information in the binary"},
	{77, Reproducibility, "The environment is recorded completely, as it was observed", "the environment record and what was observed at every launch"},
	{78, Reproducibility, "The comparison has been run on another machine too", "a bundle of the same plan from another machine"},
	{79, Reproducibility, "On another machine each ratio comes out within a factor of 2", "a bundle of the same plan from another machine"},
	{80, Reproducibility, "Nothing is built for, or looks at, one particular processor", "the runner's source, build log and binary digests"},

	{81, Plausibility, "Each framework's cost per call is plausible for its kind", "the cost in processor cycles, from the raw samples and a fixed loop"},
	{82, Plausibility, "Each compiled engine's cost per call is plausible for the model's size", "the cost in processor cycles, from the raw samples and a fixed loop"},
	{83, Plausibility, "No call costs below 100 ns unless its work is shown", "the raw samples, and timings at several model sizes"},
	{84, Plausibility, "No call of a small model costs above 1 ms", "the raw samples, and timings at several model sizes"},
	{85, Plausibility, "Timings at other model sizes explain the ratio", "timings of both sides at several model sizes"},
	{86, Plausibility, "The ratio is at most 100 unless both sides are shown sound", "timings of each side, and of the slower one's canonical runner"},
	{87, Plausibility, "Compiled beats interpreted at least twofold unless its build is shown sound", "timings of both sides, and the compiled one's build log"},
	{88, Plausibility, "p50, p95 and p99 rise in this order", "each side's p50, p95 and p99, with digits enough to tell them apart"},
	{89, Plausibility, "Each mean lies near its median", "each side's mean and p50"},
	{90, Plausibility, "Each standard deviation is less than half its mean", "each side's mean and standard deviation"},

	{91, Bias, "No contender is slowed by its runner or its surroundings", "the runner's source, timings of the canonical runner and kernel accounts"},
	{92, Bias, "No contender is specially favoured, this project's engine included", "digests of every engine and timings of the canonical runner"},
	{93, Bias, "Vector instructions give the faster side no hidden advantage", "timings of both sides at several model sizes, and their environments"},
	{94, Bias, "Every answer is computed when asked for, never looked up", "labels of the timed calls, and timings on new rows and other weights"},
	{95, Bias, "No debug build is compared with an optimised one", "build logs and digests of every binary, interpreters included"},
	{96, Bias, "Both sides run on the same class of device", "kernel accounts of each contender's open devices and CPU time"},
	{97, Bias, "Both sides of each comparison predict as many rows a call", "the requests sent and the labels that came back"},
	{98, Bias, "No training time is counted as inference", "the ledger of requests, and outer timings of long bursts"},
	{99, Bias, "The slow tail is published beside the typical call", "a table of results with each side's slow tail, p99 at least"},
	{100, Bias, "Every limit of the comparison is stated with its results", "a text beside the figures, where limits would be stated"},
}
