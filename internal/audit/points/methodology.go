package points

// This file judges the points of the category methodology: that both sides did the
// same, were asked the same, and were timed over nothing else.

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"cupel/internal/audit"
	"cupel/internal/audit/results"
	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/reference"
	"cupel/internal/stats"
	"cupel/model"
)

// warmupEntersNothing: what is published is of the measured calls, and of all.
func warmupEntersNothing(c *audit.Case) audit.Ruling {
	var rulings []audit.Ruling
	judged := 0
	for _, contender := range c.Contenders {
		figures, launch := results.Of(c, contender)
		if figures == nil {
			continue
		}
		judged++
		switch {
		case launch == nil:
			rulings = append(rulings, audit.Fails("%s: the result file names no launch that counts", contender.Name))
		case len(missingCalls(launch.Calls, c.Bundle.Plan.Classic.Iterations)) > 0:
			rulings = append(rulings, audit.Fails("%s: launch %d has %s", contender.Name, launch.Number, missingCalls(launch.Calls, c.Bundle.Plan.Classic.Iterations)))
		case !audit.Recomputes(figures.Mean, launch.Calls.Summary.Mean/1e3):
			rulings = append(rulings, audit.Fails("%s: the published mean, %s us, is not that of the measured calls of launch %d, %v us", contender.Name, results.ShownNumber(figures.Mean), launch.Number, launch.Calls.Summary.Mean/1e3))
		}
	}
	if judged == 0 {
		return audit.Skips("result files with figures")
	}
	if fault := results.SummaryFault(c); fault != "" {
		rulings = append(rulings, audit.Fails("%s: %s", audit.SummaryFile, fault))
	}
	if len(rulings) > 0 {
		return audit.All(rulings...)
	}
	return audit.Passes("the means of all %d result files are those of the %d measured calls, and the figures of %s are theirs and those of the rounds", judged, c.Bundle.Plan.Classic.Iterations, audit.SummaryFile)
}

// missingCalls says how many calls there are where they are not as many as planned.
func missingCalls(f audit.CallFacts, planned int) string {
	if f.Summary.N == planned {
		return ""
	}
	return fmt.Sprintf("%d measured calls where the plan has %d", f.Summary.N, planned)
}

// sameWarmup: the planned untimed calls are asked for, and made.
func sameWarmup(c *audit.Case, contender *audit.Contender) audit.Ruling {
	plan := c.Bundle.Plan.Classic
	for _, launch := range contender.Finished {
		for _, sample := range launch.Bursts(evidence.PhaseRequest) {
			if int(sample.Warmup) != plan.Warmup {
				return audit.Fails("launch %d was asked for %d untimed calls where the plan has %d", launch.Number, sample.Warmup, plan.Warmup)
			}
		}
		asked := true
		launch.EachRequest(evidence.PhaseRequest, func(request evidence.Request) { asked = asked && int(request.Warmup) == plan.Warmup })
		if !asked {
			return audit.Fails("a request of launch %d does not ask for the planned %d untimed calls", launch.Number, plan.Warmup)
		}
	}
	growth := contender.PerLaunch(warmupGrowth)
	if len(growth) == 0 {
		return audit.Skips("bursts with and without many untimed calls (phases %s, %s)", evidence.PhaseWarmed, evidence.PhaseUnwarmed)
	}
	median := stats.Median(growth)
	r := audit.Passes("%d untimed calls were asked for in every launch, and an untimed call takes %.2f times the CPU time of a timed one", plan.Warmup, median)
	most := mostWarmup * float64(c.Bundle.Plan.Threads)
	switch {
	case audit.TooFew(growth, leastWarmup, most):
		r = audit.NotTold(growth, fmt.Sprintf("an untimed call takes %.2f times the CPU time of a timed one", median))
	case audit.Below(growth, leastWarmup) || audit.Beyond(growth, most):
		r = audit.Fails("an untimed call takes %.2f times the CPU time of a timed one, so they are not made as asked", median)
	}
	return r.With("CPU time of an untimed call over the cost of a timed one", "%.3f", median)
}

// leastWarmup and mostWarmup bound the CPU time of an untimed call, as a share of
// what a timed one costs.
const (
	leastWarmup = 0.5
	mostWarmup  = 2
)

// warmupGrowth is the CPU time of an untimed call over the cost of a timed one.
func warmupGrowth(l *audit.Launch) float64 {
	with, without := l.Bursts(evidence.PhaseWarmed), l.Bursts(evidence.PhaseUnwarmed)
	calls := audit.MedianOf(with, func(s evidence.Sample) (float64, bool) { return float64(s.Warmup), true })
	return (audit.MedianOf(with, audit.CPUOf) - audit.MedianOf(without, audit.CPUOf)) / calls / l.Cost()
}

// sameCalls: as many samples, and as many labels, as planned.
func sameCalls(c *audit.Case, contender *audit.Contender) audit.Ruling {
	plan := c.Bundle.Plan
	for _, launch := range contender.Finished {
		if missing := missingCalls(launch.Calls, plan.Classic.Iterations); missing != "" {
			return audit.Fails("launch %d has %s", launch.Number, missing)
		}
		if len(launch.Requests) == 0 {
			return audit.Skips("the requests of launch %d with the number of labels that came back", launch.Number)
		}
		labels := 0
		launch.EachRequest(evidence.PhaseRequest, func(request evidence.Request) { labels += int(request.Labels) })
		if labels != plan.Classic.Iterations*plan.Batch {
			return audit.Fails("launch %d gave %d labels for %d calls of %d", launch.Number, labels, plan.Classic.Iterations, plan.Batch)
		}
	}
	return audit.Passes("each of %d launches has %d timed calls and as many labels", len(contender.Finished), plan.Classic.Iterations)
}

// oneSeed: data and weights made again from the plan's seed are those that were sent.
func oneSeed(c *audit.Case, contender *audit.Contender) audit.Ruling {
	material, err := c.Material()
	if err != nil {
		return audit.Skips("a fit that an auditor can make again: %v", err)
	}
	fitted := c.FittedRow()
	if fitted == nil {
		return audit.Fails("the ledger has no row of the fit")
	}
	for name, sum := range material.SHA256 {
		if recorded, there := fitted.SHA256[name]; there && recorded != sum {
			return audit.Fails("%s that the plan's seed %d makes has the digest %.12s, the ledger says %.12s", name, c.Bundle.Plan.Seed, sum, recorded)
		}
	}
	if contender.Statement == nil {
		return audit.Skips("the statement of %s, which names its model's format", contender.Name)
	}
	due, there := material.SHA256[audit.ModelFile(contender.Statement.Format)]
	if !there {
		return audit.Fails("no model of the format %q can be made of the plan's", contender.Statement.Format)
	}
	sent := 0
	for _, launch := range contender.Finished {
		for _, request := range launch.Requests {
			if request.Op != "load" || request.Model != suiteModel {
				continue
			}
			if sent++; request.ModelSHA256 != due {
				return audit.Fails("launch %d was given a model with the digest %.12s; the plan's seed makes %.12s", launch.Number, request.ModelSHA256, due)
			}
		}
	}
	if sent == 0 {
		return audit.Skips("the requests that load the model, with its digest")
	}
	if r := audit.All(c.NonceKept(), c.DrawnRows(), c.HardRowsDrawn(contender)); r.Status != audit.Pass {
		return r
	}
	return audit.Passes("seed %d makes the data and the %s file that all %d launches were given", c.Bundle.Plan.Seed, contender.Statement.Format, len(contender.Finished)).
		With("digest of the model sent", "%.16s", due)
}

// suiteModel is what requests call the suite's own model.
const suiteModel = "model"

// fineClocks: both clocks tell times that are much shorter than a call.
func fineClocks(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const (
		coarsest    = 100 // ns, of the harness
		coarsestOwn = 50  // ns, or a hundredth of p50 where that is more
		leastValues = 10  // or as many as the clock has steps between least and p99
		twoValues   = 2
	)
	step := c.Bundle.Environment.Calibration.ClockStepNanoseconds
	if step <= 0 {
		return audit.Skips("the measured step of the harness's clock")
	}
	gap := contender.Median(func(l *audit.Launch) float64 { return float64(l.Calls.SmallestGap) })
	distinct := contender.Median(func(l *audit.Launch) float64 { return float64(l.Calls.Distinct) })
	// The quieter a machine with a clock of 10 ns is, the fewer times has an engine of 60.
	steps := contender.Median(func(l *audit.Launch) float64 { return (l.Calls.Summary.P99 - l.Calls.Summary.Min) / float64(step) })
	due := min(leastValues, max(twoValues, steps))
	allowed := max(coarsestOwn, contender.Median(func(l *audit.Launch) float64 { return l.Calls.Summary.P50 })/100)
	r := audit.Passes("the harness's clock has steps of %d ns, the contender's of %.0f ns", step, gap)
	switch {
	case step > coarsest:
		r = audit.Fails("the harness's clock has steps of %d ns; at most %d are fine enough", step, coarsest)
	case gap > allowed:
		r = audit.Fails("the contender's clock has steps of %.0f ns; at most %.0f are fine enough", gap, allowed)
	case !(distinct >= due):
		r = audit.Fails("the contender's times have %.0f different values; %.0f or more are due", distinct, math.Ceil(due))
	}
	return r.With("step of the contender's clock", "%.0f ns", gap).With("different times in a launch", "%.0f", distinct)
}

// sameModel: the scores of unit vectors give back the weights that were sent.
func sameModel(c *audit.Case, contender *audit.Contender) audit.Ruling {
	// Other weights are found out by their answers first, and no launch is finished then.
	if r := labelsRight(contender); r.Status != audit.Pass {
		return r
	}
	fitted, err := c.Model()
	if err != nil {
		return audit.Skips("the suite's model, in the bundle or made again: %v", err)
	}
	if contender.Statement == nil {
		return audit.Skips("a statement of %s", contender.Name)
	}
	if fitted.Architecture.Kind != model.LogisticRegression {
		return sameScores(c, contender, fitted)
	}
	asked, worst, coarsest := 0, 0.0, 0.0
	for _, launch := range contender.Finished {
		unit := launch.Scores[evidence.ScoresUnit]
		if unit == nil {
			continue
		}
		asked++
		off, lost, err := unitError(fitted, unit)
		if err != nil {
			return audit.Fails("launch %d: %v", launch.Number, err)
		}
		worst, coarsest = max(worst, off), max(coarsest, lost)
	}
	if asked == 0 {
		return audit.Skips("scores of unit vectors, which give the weights back")
	}
	const most = 1e-4
	// Probabilities of the built-in models hide 3e-6 of it, with ten classes 2e-5.
	if !(coarsest <= most) {
		return audit.Skips("scores that tell the weights: in 32 bits, probabilities such as this model's hide %.2g of the largest one", coarsest)
	}
	if !(worst <= most) {
		return audit.Fails("a weight given back by scores of unit vectors is off by %.2g of the largest one; at most %.0e is rounding", worst, most).With("largest error of a weight", "%.3g", worst)
	}
	return namesSizes(c, contender).With("largest error of a weight, of the largest", "%.3g", worst).With("hidden by rounding of probabilities", "%.3g", coarsest)
}

// namesSizes: an equivalent model of fewer parameters is named beside the figures.
func namesSizes(c *audit.Case, contender *audit.Contender) audit.Ruling {
	full, held := int64(c.Bundle.Plan.Model.Parameters()), contender.Statement.Parameters
	if held >= full {
		return audit.Passes("the model that it holds has the weights that were sent, %d parameters", full)
	}
	for _, line := range strings.Split(c.Published.Report, "\n") {
		words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" ,.;:()|*", r) })
		if slices.Contains(words, contender.Name) && slices.Contains(words, fmt.Sprint(held)) && slices.Contains(words, fmt.Sprint(full)) {
			return audit.Passes("it holds an equivalent model of %d parameters where the suite's has %d, which gives the same answers; the report says so", held, full)
		}
	}
	return audit.Fails("it holds %d parameters where the suite's model has %d, and the report does not say so beside its figures", held, full)
}

// unitError is by how much the weights that unit vectors give back are off, and how
// much of them the scale of the scores does not show, as shares of the largest weight.
func unitError(m *model.Model, unit *evidence.Scores) (off, hidden float64, err error) {
	inputs, outputs := m.Architecture.Inputs(), m.Architecture.Outputs()
	scores, err := floatsOf(unit)
	if err != nil {
		return 0, 0, err
	}
	if unit.Rows != inputs+1 {
		return 0, 0, fmt.Errorf("scores of %d rows where zeros and %d unit vectors were due", unit.Rows, inputs)
	}
	// Of a row with a single 1 a model of one layer gives bias and weight, which is
	// read off rather than computed: a width of thousands has as many such rows.
	layer := m.Layers[0]
	expected := make([]float64, outputs)
	zero := logDifferences(m.ScoresFloat64(make([]float32, inputs)))
	largest := 0.0
	for at := range unit.Rows {
		for output := range expected {
			expected[output] = float64(layer.Bias[output])
			if at > 0 {
				expected[output] += float64(layer.Weight[output*inputs+at-1])
			}
		}
		due := logDifferences(expected)
		got, err := asLogDifferences(unit.Scale, scores[at*unit.Outputs:(at+1)*unit.Outputs])
		if err != nil {
			return 0, 0, err
		}
		if len(got) != len(due) {
			return 0, 0, fmt.Errorf("scores of a model with %d outputs where one with %d is due", unit.Outputs, outputs)
		}
		for i, lost := range lostToRounding(unit.Scale, due) {
			hidden = max(hidden, lost)
			if error := math.Abs(got[i] - due[i]); math.IsNaN(error) {
				off = math.Inf(1)
			} else if error > lost {
				off = max(off, error)
			}
			if at > 0 {
				largest = max(largest, math.Abs(due[i]-zero[i]))
			}
		}
	}
	return off / largest, hidden / largest, nil
}

// logDifferences are scores less that of output 0; a single one is what it is.
func logDifferences(logits []float64) []float64 {
	if len(logits) == 1 {
		return logits
	}
	differences := make([]float64, len(logits)-1)
	for i := range differences {
		differences[i] = logits[i+1] - logits[0]
	}
	return differences
}

// asLogDifferences brings a contender's scores to the same scale. Of a probability of 0
// they are infinite.
func asLogDifferences(scale string, scores []float64) ([]float64, error) {
	switch protocol.Scale(scale) {
	case protocol.Logits:
		return logDifferences(scores), nil
	case protocol.Probability:
	default:
		return nil, fmt.Errorf("scores of the scale %q", scale)
	}
	if len(scores) == 1 {
		scores = []float64{1 - scores[0], scores[0]}
	}
	var differences []float64
	for _, p := range scores[1:] {
		differences = append(differences, math.Log(p/scores[0]))
	}
	return differences, nil
}

// lostToRounding is what a scale of 32 bits may take from each of the differences that
// are due. It goes by the probabilities that are due and not by those that came back:
// of a 0 among these, any weight would be rounding.
func lostToRounding(scale string, due []float64) []float64 {
	const halfStep = 1.0 / (1 << 24)
	lost := make([]float64, len(due))
	if protocol.Scale(scale) != protocol.Probability {
		return lost
	}
	total := 1.0
	for _, difference := range due {
		total += math.Exp(difference)
	}
	for i, difference := range due {
		lost[i] = 4 * halfStep * total / min(1, math.Exp(difference))
	}
	return lost
}

// floatsOf are the scores that came back.
func floatsOf(s *evidence.Scores) ([]float64, error) {
	if s.Rows < 0 || s.Outputs < 1 || len(s.Float32)/4/s.Outputs != s.Rows || len(s.Float32) != 4*s.Rows*s.Outputs {
		return nil, fmt.Errorf("%d bytes of scores are no %d rows of %d", len(s.Float32), s.Rows, s.Outputs)
	}
	values := make([]float64, s.Rows*s.Outputs)
	for i := range values {
		values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(s.Float32[4*i:])))
	}
	return values, nil
}

// sameScores judges a model whose weights can't be read off scores, by the scores of
// the fixed rows.
func sameScores(c *audit.Case, contender *audit.Contender, fitted *model.Model) audit.Ruling {
	if held, full := contender.Statement.Parameters, int64(fitted.Architecture.Parameters()); held != full {
		return audit.Fails("it says that its model holds %d parameters where the suite's has %d", held, full)
	}
	return scoresRight(c, contender, fitted)
}

// scoresRight: every launch gave the fixed rows, drawn again here, the scores that
// float64 gives them, to within the protocol's tolerance.
func scoresRight(c *audit.Case, contender *audit.Contender, fitted *model.Model) audit.Ruling {
	answers, inputs := reference.New(fitted), map[string]*reference.Inputs{}
	rows := c.Bundle.Plan.Probes.FixedRows
	for _, launch := range contender.Finished {
		first, err := firstScores(c, launch)
		if err != nil {
			return audit.Fails("%v", err)
		}
		nonce, told := c.NonceIn(launch.Replicate)
		if first == nil || !told {
			return audit.Skips("scores of fixed rows in launch %d, and the nonce that these are drawn from", launch.Number)
		}
		if inputs[nonce] == nil {
			width := fitted.Architecture.Inputs()
			inputs[nonce] = answers.Inputs(draw.Fixed(nonce, rows*width), rows, width)
		}
		scale := protocol.Scale(first.Scale)
		if scale != protocol.Logits && scale != protocol.Probability {
			return audit.Fails("launch %d: scores of the scale %q", launch.Number, first.Scale)
		}
		scores, err := floatsOf(first)
		if err != nil {
			return audit.Fails("launch %d: %v", launch.Number, err)
		}
		if err := inputs[nonce].CheckScores(scale, narrowed(scores)); err != nil {
			return audit.Fails("launch %d: scores of the fixed rows, drawn again: %v", launch.Number, err)
		}
	}
	return audit.Passes("the scores of %d fixed rows, drawn again, are those that float64 gives in all %d launches", rows, len(contender.Finished))
}

// firstScores are what a launch answered to the fixed rows, nil where it was not
// asked. Scores of another number of rows are an error: of none they would be like any
// others.
func firstScores(c *audit.Case, l *audit.Launch) (*evidence.Scores, error) {
	first := l.Scores[evidence.ScoresFirst]
	if planned := c.Bundle.Plan.Probes.FixedRows; first != nil && (first.Rows != planned || planned < 1) {
		return nil, fmt.Errorf("launch %d gave scores of %d rows where the plan has %d", l.Number, first.Rows, planned)
	}
	return first, nil
}

// narrowed are values as 32-bit floats, which they came as.
func narrowed(values []float64) []float32 {
	narrow := make([]float32, len(values))
	for i, value := range values {
		narrow[i] = float32(value)
	}
	return narrow
}

// sameTask: labels are right, of every class.
func sameTask(c *audit.Case, contender *audit.Contender) audit.Ruling {
	if r := labelsRight(contender); r.Status != audit.Pass {
		return r
	}
	share, classes := audit.HardShare(contender)
	if len(classes) == 0 {
		return audit.Skips("labels of rows near the decision boundary")
	}
	if r := c.HardRowsDrawn(contender); r.Status == audit.Fail {
		return r
	}
	for class, count := range classes {
		if count == 0 {
			return audit.Fails("class %d is the right answer to none of the rows near the boundary: a constant answer would not show", class)
		}
	}
	r := audit.Passes("every label that was checked is right, and of rows near the boundary, with every class among them, %.1f%% are wrong", 100*share)
	if share > audit.MostHardWrong {
		r = audit.Fails("%.1f%% of the labels of rows near the boundary are wrong%s", 100*share, audit.Suspects(contender))
	}
	return r.With("wrong labels near the boundary", "%.1f%%", 100*share)
}

// labelsRight: no launch gave a wrong label, and labels were checked in every one.
func labelsRight(contender *audit.Contender) audit.Ruling {
	for _, launch := range contender.Launches {
		if launch.Ended != nil && launch.Ended.Outcome == evidence.Wrong {
			return audit.Fails("launch %d: %s", launch.Number, launch.Ended.Reason)
		}
	}
	if len(contender.Finished) == 0 {
		return audit.Skips("a finished launch of %s", contender.Name)
	}
	for _, launch := range contender.Finished {
		if launch.Ended.LabelsChecked <= 0 {
			return audit.Fails("no label of launch %d was checked", launch.Number)
		}
		for _, request := range launch.Requests {
			// Rows near the boundary are judged by how many are wrong.
			if request.Op == "infer" && request.Phase != "" && request.Phase != evidence.PhaseHard && !request.Checked {
				return audit.Fails("launch %d: an answer to a request of the phase %q was not found right", launch.Number, request.Phase)
			}
		}
	}
	return audit.Passes("every answer was found right")
}

// sameWidth: requests have the suite's width, and every block of inputs decides
// labels that are right.
func sameWidth(c *audit.Case, contender *audit.Contender) audit.Ruling {
	width := int32(c.Bundle.Plan.Model.Inputs())
	requests := 0
	for _, launch := range contender.Finished {
		for _, request := range launch.Requests {
			if request.Op != "infer" || request.Model != suiteModel {
				continue
			}
			if requests++; request.Dim != width {
				return audit.Fails("launch %d: a request of %d inputs where the suite has %d", launch.Number, request.Dim, width)
			}
		}
	}
	if r := labelsRight(contender); r.Status != audit.Pass {
		return r
	}
	if requests == 0 {
		return audit.Skips("the requests with their widths")
	}
	if r := c.HardRowsDrawn(contender); r.Status == audit.Fail {
		return r
	}
	share, _ := audit.HardShare(contender)
	if math.IsNaN(share) {
		return audit.Skips("labels of rows near the decision boundary")
	}
	blocks := hardBlocks(contender)
	if blocks == nil {
		return audit.Skips("how many labels of rows near the boundary each block of inputs decides")
	}
	least := math.MaxInt
	for at, decided := range blocks {
		if weighsNothing(c, at) {
			continue
		}
		if decided == 0 {
			return audit.Skips("a row near the boundary that inputs %d to %d decide", reference.BlockInputs*at, reference.BlockInputs*(at+1)-1)
		}
		least = min(least, decided)
	}
	if share > audit.MostHardWrong {
		return audit.Fails("%.1f%% of the labels of rows near the boundary are wrong%s", 100*share, audit.Suspects(contender))
	}
	return audit.Passes("all %d requests have %d inputs, and each block of 16 that has a weight decides right labels, %d or more", requests, width, least)
}

// weighsNothing reports whether the model has no weight in a block of inputs, such as
// those of pixels that are 0 in every row it was fitted on: no row can show that they
// are read.
func weighsNothing(c *audit.Case, block int) bool {
	fitted, err := c.Model()
	if err != nil || len(fitted.Layers) == 0 {
		return false
	}
	first := fitted.Layers[0]
	from, to := reference.BlockInputs*block, min(reference.BlockInputs*(block+1), first.In)
	for output := range first.Out {
		for input := from; input < to; input++ {
			if first.Weight[output*first.In+input] != 0 {
				return false
			}
		}
	}
	return from < to
}

// hardBlocks is how many labels each block of inputs decides, over all launches.
func hardBlocks(contender *audit.Contender) []int {
	var blocks []int
	for _, launch := range contender.Launches {
		if launch.Hard == nil {
			continue
		}
		for len(blocks) < len(launch.Hard.Blocks) {
			blocks = append(blocks, 0)
		}
		for i, count := range launch.Hard.Blocks {
			blocks[i] += count
		}
	}
	return blocks
}

// oneRowACall: requests ask for the planned rows a call, and as many labels come back.
func oneRowACall(c *audit.Case, contender *audit.Contender) audit.Ruling {
	batch := int32(c.Bundle.Plan.Batch)
	requests := 0
	for _, launch := range contender.Finished {
		for _, request := range launch.Requests {
			if request.Op != "infer" || request.Phase == "" {
				continue
			}
			requests++
			// Rows near the boundary are judged one by one, whatever the batch.
			batch := batch
			if request.Phase == evidence.PhaseHard {
				batch = 1
			}
			if request.Batch != batch {
				return audit.Fails("launch %d: a request of the phase %q with %d rows a call where the plan has %d", launch.Number, request.Phase, request.Batch, batch)
			}
			if request.Want && request.Labels != request.Calls*batch {
				return audit.Fails("launch %d: %d labels for %d calls of %d rows", launch.Number, request.Labels, request.Calls, batch)
			}
		}
	}
	if requests == 0 {
		return audit.Skips("the requests with their batches and the number of labels that came back")
	}
	return audit.Passes("all %d timed requests have %s a call, with a label each", requests, audit.Plural(int(batch), "row"))
}

// noHiddenBatch: a call that is made alone takes no more than one among others, and
// one of the classic protocol no less.
func noHiddenBatch(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const (
		most  = 3
		fixed = 5_000 // ns: what wakes up for a single call
	)
	cost := contender.Cost()
	lone := contender.PerLaunch(func(l *audit.Launch) float64 {
		return l.PhaseMedian(evidence.PhaseLone, audit.OuterOf) - l.PhaseMedian(evidence.PhaseLoneEmpty, audit.OuterOf)
	})
	if len(lone) == 0 || math.IsNaN(cost) {
		return audit.Skips("requests of one call and of none, in turns (phases %s, %s)", evidence.PhaseLone, evidence.PhaseLoneEmpty)
	}
	limit := most*cost + fixed
	r := audit.Passes("a call made alone takes %.2f us, one among others %.2f us", stats.Median(lone)/1e3, cost/1e3)
	switch {
	case audit.TooFew(lone, math.Inf(-1), limit):
		r = audit.NotTold(lone, fmt.Sprintf("a call made alone takes %.2f us", stats.Median(lone)/1e3))
	case audit.Beyond(lone, limit):
		r = audit.Fails("a call made alone takes %.2f us where one among others takes %.2f us: they are made together", stats.Median(lone)/1e3, cost/1e3)
	}
	// The classic protocol's calls are made on one row and are not chained.
	return audit.All(r.With("time of a call made alone", "%.0f ns, at most %.0f", stats.Median(lone), limit), contender.Holds("classic-calls"))
}

// nothingBefore: answers can't be there before the clock starts, nor does reading
// take longer for a larger model.
func nothingBefore(c *audit.Case, contender *audit.Contender) audit.Ruling {
	if r := labelsRight(contender); r.Status != audit.Pass {
		return r
	}
	return audit.All(contender.Holds("outer-clock"), shortBursts(c, contender), eager(c, contender))
}

// shortBursts judges the contender's clock in bursts too short for the harness's.
// With several threads, and while the host takes more time, no account tells; the
// claim's ratio is then that of the outer clock wherever the two differ, so a lie in
// short bursts gains nothing.
func shortBursts(c *audit.Case, contender *audit.Contender) audit.Ruling {
	why, due := noAccount(c, contender)
	comparison := c.Comparison()
	if check := contender.Check("short-bursts"); why == "" || check != nil && check.Judged || comparison == nil {
		return contender.Holds("short-bursts")
	}
	if contender != c.Sides[0] && contender != c.Sides[1] {
		return audit.Skips("%s", due)
	}
	return audit.Passes("%s, so short bursts can't be held against long ones; the claim's ratio is from %s, which the outer clock confirms or gives", why, comparison.Source)
}

// noAccount says why the time on CPUs is no measure of a contender's short bursts, and
// what would make it one; nothing where it is one.
func noAccount(c *audit.Case, contender *audit.Contender) (why, due string) {
	robbed := !slices.ContainsFunc(contender.Finished, func(l *audit.Launch) bool { return !l.Robbed() })
	switch {
	case c.Bundle.Plan.Threads != 1:
		return "with several threads the time on CPUs is no measure of the time that passes", "a plan with one thread"
	case robbed:
		return fmt.Sprintf("the host took more than %.0f%% of every launch's time", 100*audit.MostSteal),
			fmt.Sprintf("a launch of which the host took at most %.0f%% of the time", 100*audit.MostSteal)
	}
	return "", ""
}

// eager compares the CPU time of requests without calls under two models.
func eager(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const most = 0.10
	ratios := contender.PerLaunch(func(l *audit.Launch) float64 {
		return math.Log(l.PhaseMedian(evidence.PhaseEagerHeavy, audit.CPUOf) / l.PhaseMedian(evidence.PhaseEager, audit.CPUOf))
	})
	if len(ratios) > 0 {
		median := math.Exp(stats.Median(ratios))
		r := audit.Passes("a request without calls takes %.3f times the CPU time under a model with many times the arithmetic", median)
		switch {
		case audit.TooFew(ratios, math.Inf(-1), math.Log1p(most)):
			r = audit.NotTold(ratios, r.Detail)
		case audit.Beyond(ratios, math.Log1p(most)):
			r = audit.Fails("a request without calls takes %.3f times the CPU time under a model with many times the arithmetic: it computes what was not asked for", median)
		}
		return r.With("reading under the heavier model", "%.3f times", median)
	}
	if c.Canonical(contender) {
		return audit.Passes("it holds no heavier model, and its runner is this program's own")
	}
	if check := contender.Check("reading"); check != nil && check.Judged {
		return contender.Holds("reading")
	}
	return audit.Skips("requests without calls under a model of more arithmetic (phase %s)", evidence.PhaseEagerHeavy)
}

// nothingAfter: the harness's clock and the kernel's see no more than the contender's.
func nothingAfter(c *audit.Case, contender *audit.Contender) audit.Ruling {
	rulings := []audit.Ruling{contender.Holds("outer-clock"), shortBursts(c, contender)}
	if c.Bundle.Plan.Threads == 1 {
		rulings = append(rulings, contender.Holds("cpu-clock"))
	}
	return audit.All(rulings...)
}

// noInputOutput: the timed part of long bursts reads and writes nothing.
func noInputOutput(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const (
		mostCalls = 0.01
		mostBytes = 0.1
	)
	var rulings []audit.Ruling
	judge := func(what string, of account, most float64) {
		values := contender.PerLaunch(func(l *audit.Launch) float64 { return timed(l, c, of) })
		if len(values) == 0 {
			rulings = append(rulings, audit.Skips("the kernel's accounts of %s, over long bursts and the empty requests beside them", what))
			return
		}
		median := stats.Median(values)
		r := audit.Passes("%s: %.4f a call", what, median)
		if median > most {
			r = audit.Fails("%s: %.4f a call; at most %v is allowed", what, median, most)
		}
		rulings = append(rulings, r.With(what, "%.5f a call", median))
	}
	judge("reads and writes", ioCalls, mostCalls)
	judge("bytes beyond request, inputs and reply", ioBytes, mostBytes)
	judge("major faults", majorFaults, 0)
	rulings = append(rulings, noSockets(contender))
	return audit.All(rulings...)
}

// account is what the kernel counted over a request, beyond what the request itself
// asks for.
type account func(*audit.Case, evidence.Request) (float64, bool)

func ioCalls(_ *audit.Case, request evidence.Request) (float64, bool) {
	if request.ReadCalls == nil || request.WriteCalls == nil {
		return 0, false
	}
	return float64(*request.ReadCalls + *request.WriteCalls), true
}

// replyWords is how much longer a reply with calls is than one without, beside its
// labels: their field's name and the digits of a time. Of an engine with some hundred
// calls in a burst that was 0.13 bytes a call. Who writes as little in each call is seen
// by how often it writes.
const replyWords = 64

// ioBytes leaves out the request's line, the file of rows, and the reply.
func ioBytes(c *audit.Case, request evidence.Request) (float64, bool) {
	file, known := c.Inputs[request.Inputs]
	if request.ReadBytes == nil || request.WrittenBytes == nil || !known {
		return 0, false
	}
	read := *request.ReadBytes - int64(request.RequestBytes) - file.Bytes
	bytes := float64(read+*request.WrittenBytes) - 4.0/3*float64(request.Labels)
	if request.Calls > 0 {
		bytes -= replyWords
	}
	return bytes, true
}

func majorFaults(_ *audit.Case, request evidence.Request) (float64, bool) {
	return audit.OptionalTime(request.MajorFaults)
}

func minorFaults(_ *audit.Case, request evidence.Request) (float64, bool) {
	return audit.OptionalTime(request.MinorFaults)
}

// timed is what a call of a launch's long bursts has of something, by the accounts
// of long bursts less those of the empty requests of the same rounds, which read as
// much.
func timed(l *audit.Launch, c *audit.Case, of account) float64 {
	empty := map[int32]float64{}
	l.EachRequest(evidence.PhaseEmpty, func(request evidence.Request) {
		if value, ok := of(c, request); ok {
			empty[request.Round] = value
		}
	})
	var values []float64
	for _, phase := range []evidence.Phase{evidence.PhaseLong, evidence.PhaseNear} {
		l.EachRequest(phase, func(request evidence.Request) {
			value, ok := of(c, request)
			beside, paired := empty[request.Round]
			if ok && paired && request.Calls > 0 {
				values = append(values, (value-beside)/float64(request.Calls))
			}
		})
	}
	if len(values) == 0 {
		return math.NaN()
	}
	return stats.Median(values)
}

// noSockets: no launch has a socket open or has sent anything, as far as looked at. Pairs
// are no network: asyncio and tokio make one to wake themselves.
func noSockets(contender *audit.Contender) audit.Ruling {
	looks := 0
	for _, launch := range contender.Finished {
		for _, moment := range []evidence.Moment{evidence.MomentSteady, evidence.MomentLast} {
			look := launch.Look(moment)
			if look == nil {
				continue
			}
			looks++
			if open := beyondPairs(look.Sockets); len(open) > 0 {
				return audit.Fails("launch %d has a socket open (%s)", launch.Number, open[0].Family)
			}
			if look.Network.Own && look.Network.ReceivedBytes+look.Network.SentBytes > 0 {
				return audit.Fails("launch %d has received or sent %d bytes over a network", launch.Number, look.Network.ReceivedBytes+look.Network.SentBytes)
			}
		}
	}
	if looks == 0 {
		return audit.Skips("looks at the open files of the processes")
	}
	return audit.Passes("no socket is open")
}

// beyondPairs are the sockets that may lead out of the process: all but an even number of
// unnamed ones, each counted once however often it is open. One end alone is a
// connection to somebody. Two such connections look like a pair; that what they lead to
// computes is seen by the CPU time that is missing (work-elsewhere), and confined
// contenders can't connect.
func beyondPairs(sockets []evidence.Socket) []evidence.Socket {
	var pairs, others []evidence.Socket
	seen := map[int64]bool{}
	for _, socket := range sockets {
		switch {
		case seen[socket.Inode]:
		case socket.Family == "unix" && socket.Unnamed:
			pairs = append(pairs, socket)
		default:
			others = append(others, socket)
		}
		seen[socket.Inode] = true
	}
	if len(pairs)%2 != 0 {
		others = append(others, pairs...)
	}
	return others
}

// tracers are variables that load hooks or trace allocations, by their beginnings.
var tracers = []string{
	"LD_PRELOAD", "LD_AUDIT", "LD_PROFILE", "LD_DEBUG", "DYLD_INSERT", "MALLOC_", "GLIBC_TUNABLES", "PYTHONMALLOC", "PYTHONTRACEMALLOC",
	"PYTHONDEVMODE", "GODEBUG", "HEAPPROFILE", "CPUPROFILE", "TCMALLOC_", "ASAN_OPTIONS", "VALGRIND_",
}

// noTracing: nothing is preloaded, and calls make no page faults.
func noTracing(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const most = 0.01
	looks := 0
	for _, launch := range contender.Finished {
		for _, look := range launch.Inspections {
			looks++
			for _, variable := range look.Environment {
				if slices.ContainsFunc(tracers, func(begin string) bool { return strings.HasPrefix(variable.Name, begin) }) {
					return audit.Fails("launch %d has %s in its environment", launch.Number, variable.Name)
				}
			}
		}
	}
	if looks == 0 {
		return audit.Skips("looks at the processes' environment and code")
	}
	faults := contender.PerLaunch(func(l *audit.Launch) float64 { return timed(l, c, minorFaults) })
	if len(faults) == 0 {
		return audit.Skips("the kernel's accounts of page faults over long bursts")
	}
	r := audit.Passes("nothing is preloaded or traced, and a call makes %.5f page faults", stats.Median(faults))
	if stats.Median(faults) > most {
		r = audit.Fails("a call makes %.4f page faults; at most %v is allowed", stats.Median(faults), most)
	}
	return audit.All(r.With("page faults a call", "%.5f", stats.Median(faults)), closed(c, contender))
}

// inferenceMode: the same rows asked three times get the same scores, and the model's.
func inferenceMode(c *audit.Case, contender *audit.Contender) audit.Ruling {
	fitted, err := c.Model()
	if err != nil {
		return audit.Skips("the suite's model, in the bundle or made again: %v", err)
	}
	return audit.All(sameAgain(c, contender, evidence.ScoresSecond, evidence.ScoresThird), scoresRight(c, contender, fitted))
}

// mostScoreChange is by how much a score may differ when the same row is asked
// again. Bits may depend on where memory lies.
const mostScoreChange = 1e-6

// sameAgain: scores asked for later are those of the first time.
func sameAgain(c *audit.Case, contender *audit.Contender, later ...evidence.ProbeScores) audit.Ruling {
	worst, compared := 0.0, 0
	for _, launch := range contender.Finished {
		first, err := firstScores(c, launch)
		if err != nil {
			return audit.Fails("%v", err)
		}
		for _, asked := range later {
			again := launch.Scores[asked]
			if first == nil || again == nil {
				continue
			}
			difference, err := scoreChange(first, again)
			if err != nil {
				return audit.Fails("launch %d: %v", launch.Number, err)
			}
			compared++
			worst = max(worst, difference)
		}
	}
	if compared == 0 {
		return audit.Skips("scores of the same rows, asked for again")
	}
	r := audit.Passes("scores of the same rows differ by %.1g at most, over %d askings", worst, compared)
	if !(worst <= mostScoreChange) {
		r = audit.Fails("scores of the same rows differ by %.3g; at most %.0e is rounding", worst, mostScoreChange)
	}
	return r.With("largest change of a score", "%.3g", worst)
}

// scoreChange is the largest difference of two answers, relative to the score where
// that is above 1, from the scores themselves and not from what the run says of
// them.
func scoreChange(first, again *evidence.Scores) (float64, error) {
	if again.SameAsFirst && len(again.Float32) == 0 {
		return 0, nil
	}
	a, err := floatsOf(first)
	if err != nil {
		return 0, err
	}
	b, err := floatsOf(again)
	if err != nil {
		return 0, err
	}
	if len(a) != len(b) {
		return 0, fmt.Errorf("%d scores the first time and %d again", len(a), len(b))
	}
	worst := 0.0
	for i := range a {
		difference := math.Abs(a[i]-b[i]) / max(1, math.Abs(a[i]))
		if math.IsNaN(difference) {
			return math.Inf(1), nil
		}
		worst = max(worst, difference)
	}
	return worst, nil
}
