package points

// This file judges the points of the category data: that rows, labels and weights
// are what they should be, and stay so.

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"cupel/internal/audit"
	"cupel/internal/dataset"
	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/model"
)

// trainingShape: as many rows as the dataset has, each of the model's width, with a
// label each. The digest is over rows and labels of that shape.
func trainingShape(c *audit.Case) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	train, plan := material.Set.Train, c.Bundle.Plan.Model
	if train.Dim != plan.Inputs() {
		return audit.Fails("%s has rows of %d values where the model has %d inputs", c.Bundle.Plan.Dataset, train.Dim, plan.Inputs())
	}
	if len(train.X) != train.Rows()*train.Dim {
		return audit.Fails("%d values are no %d rows of %d", len(train.X), train.Rows(), train.Dim)
	}
	row := c.FittedRow()
	if row == nil || row.SHA256[audit.TrainingData] == "" {
		return audit.Skips("the digest of the training data in the ledger")
	}
	if row.TrainingRows != train.Rows() {
		return audit.Fails("the fit used %d rows where %s has %d", row.TrainingRows, c.Bundle.Plan.Dataset, train.Rows())
	}
	if row.SHA256[audit.TrainingData] != material.SHA256[audit.TrainingData] {
		return audit.Fails("the training data has the digest %.12s; %d rows of %d values with a label each, as %s has them, have %.12s", row.SHA256[audit.TrainingData], train.Rows(), train.Dim, c.Bundle.Plan.Dataset, material.SHA256[audit.TrainingData])
	}
	return audit.Passes("the training data has the digest of %d rows of %d values, with a label each", train.Rows(), train.Dim).
		With("shape", "%d x %d", train.Rows(), train.Dim).With("digest of the training data", "%.16s", row.SHA256[audit.TrainingData])
}

// requestShape: every file that was sent holds the rows that the request speaks of,
// and the classic one a row a call's worth and no more.
func requestShape(c *audit.Case, contender *audit.Contender) audit.Ruling {
	requests := 0
	for _, launch := range contender.Finished {
		for _, request := range launch.Requests {
			if request.Op != "infer" || request.Inputs == 0 {
				continue
			}
			file, known := c.Inputs[request.Inputs]
			if !known {
				return audit.Fails("launch %d was sent a file of rows, number %d, of which nothing is recorded", launch.Number, request.Inputs)
			}
			requests++
			if fault := shapeFault(c, request, file); fault != nil {
				return audit.Fails("launch %d: %v", launch.Number, fault)
			}
		}
	}
	if requests == 0 {
		return audit.Skips("the requests with the sizes of the files that were sent")
	}
	return audit.Passes("the files of all %d requests hold the rows that these speak of", requests)
}

func shapeFault(c *audit.Case, request evidence.Request, file evidence.InputsFile) error {
	const float32Bytes = 4
	if file.Bytes != float32Bytes*file.Values {
		return fmt.Errorf("file %d has %d bytes for %d values", file.Number, file.Bytes, file.Values)
	}
	least := (int64(request.Rows)-1)*int64(request.Hop) + int64(request.Dim)
	if request.Rows < 1 || request.Hop < 0 || request.Dim < 1 || file.Values < least {
		return fmt.Errorf("file %d has %d values where %d rows of %d, %d apart, take %d", file.Number, file.Values, request.Rows, request.Dim, request.Hop, least)
	}
	if request.Phase == evidence.PhaseRequest && int(request.Rows) != c.Bundle.Plan.Classic.Rows {
		return fmt.Errorf("the calls that are timed one by one are over %d rows where the plan has %d", request.Rows, c.Bundle.Plan.Classic.Rows)
	}
	return nil
}

// valuesInRange: training values and the classic row lie in [0, 1], drawn values in
// [-1, 1]. The digests say that what was used is what is looked at here.
func valuesInRange(c *audit.Case) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	low, high := bounds(material.Set.Train.X)
	classicLow, classicHigh := bounds(material.Set.ClassicRow)
	if !(min(low, classicLow) >= 0 && max(high, classicHigh) <= 1) {
		return audit.Fails("values of the training data and the classic row lie in [%v, %v]", min(low, classicLow), max(high, classicHigh))
	}
	if r := trainingData(c, "values"); r.Status != audit.Pass {
		return r
	}
	due := classicDigest(c, material)
	for _, file := range c.InputFiles() {
		if file.Drawn == "classic" && file.SHA256 != due {
			return audit.Fails("file %d, the classic row, is not what the rule makes, so its values may lie anywhere", file.Number)
		}
	}
	r := drawnInRange(c)
	return r.With("training values", "[%v, %v]", low, high)
}

// drawnInRange draws some files again to see their range; that all are of the same
// generator is what their digests show.
func drawnInRange(c *audit.Case) audit.Ruling {
	const looked = 16
	if r := c.DrawnRows(); r.Status != audit.Pass {
		return r
	}
	seen := 0
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, file := range c.InputFiles() {
		if file.Drawn != audit.DrawnKind || seen == looked {
			continue
		}
		seen++
		nonce, _ := c.NonceIn(c.FilesOf[file.Number])
		fileLow, fileHigh := bounds(draw.Inputs(nonce, int(file.Number), int(file.Attempt), int(file.Values)))
		low, high = min(low, fileLow), max(high, fileHigh)
	}
	if !(low >= -1 && high <= 1) {
		return audit.Fails("drawn values lie in [%v, %v]; [-1, 1] is due", low, high)
	}
	return audit.Passes("training data and classic row lie in [0, 1], drawn rows in [-1, 1]").With("drawn values", "[%.6f, %.6f]", low, high)
}

func bounds(values []float32) (low, high float32) {
	low, high = float32(math.Inf(1)), float32(math.Inf(-1))
	for _, value := range values {
		// A NaN stays, so no bound holds.
		low, high = min(low, value), max(high, value)
	}
	return low, high
}

// labelsInRange: training labels and those that came back are classes of the model.
func labelsInRange(c *audit.Case, contender *audit.Contender) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	classes := material.Set.Train.Classes
	for i, label := range material.Set.Train.Labels {
		if int(label) >= classes {
			return audit.Fails("the label of training row %d is %d of %d classes", i, label, classes)
		}
	}
	if r := trainingData(c, "labels"); r.Status != audit.Pass {
		return r
	}
	labels := 0
	for _, launch := range contender.Launches {
		if launch.Hard == nil {
			continue
		}
		for _, label := range launch.Hard.Labels {
			if labels++; int(label) >= classes {
				return audit.Fails("launch %d answered with class %d of %d", launch.Number, label, classes)
			}
		}
	}
	if labels == 0 {
		return audit.Skips("labels as they came back")
	}
	// Of the others the harness compared each with the reference's, which is a class.
	if r := labelsRight(contender); r.Status != audit.Pass {
		return r
	}
	return audit.Passes("training labels, %s that are kept, and all that the reference confirmed are of %d classes", audit.Plural(labels, "answer"), classes)
}

// allFinite: no NaN and no infinity in inputs, weights, scores and times.
func allFinite(c *audit.Case, contender *audit.Contender) audit.Ruling {
	if r := finiteModel(c); r.Status != audit.Pass {
		return r
	}
	scores, times := 0, 0
	for _, launch := range contender.Finished {
		for _, asked := range launch.Scores {
			if len(asked.Float32) == 0 {
				continue
			}
			values, err := floatsOf(asked)
			if err != nil {
				return audit.Fails("launch %d: %v", launch.Number, err)
			}
			scores += len(values)
			if slices.ContainsFunc(values, notFinite) {
				return audit.Fails("launch %d gave a score that is no number, asked for %s", launch.Number, asked.Asked)
			}
		}
		if launch.Samples == nil {
			continue
		}
		times += len(launch.Samples.Calls) + len(launch.Samples.Bursts)
		if slices.ContainsFunc(launch.Samples.Calls, func(nanoseconds int64) bool { return nanoseconds < 0 }) {
			return audit.Fails("launch %d has a call of negative time", launch.Number)
		}
		for _, sample := range launch.Samples.Bursts {
			if sample.InnerNanoseconds < 0 || sample.OuterNanoseconds != nil && *sample.OuterNanoseconds <= 0 {
				return audit.Fails("launch %d has a request of the phase %s with a time that can't be", launch.Number, sample.Phase)
			}
		}
	}
	if scores == 0 {
		return audit.Skips("scores as they came back")
	}
	return audit.Passes("training data, weights, %d scores and %d times are finite", scores, times)
}

func notFinite(value float64) bool { return math.IsNaN(value) || math.IsInf(value, 0) }

// finiteModel: the training data and the weights that were sent are finite.
func finiteModel(c *audit.Case) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	low, high := bounds(material.Set.Train.X)
	if notFinite(float64(low)) || notFinite(float64(high)) {
		return audit.Fails("the training data has a value that is no number")
	}
	fitted, err := c.Model()
	if errors.Is(err, model.ErrWeights) {
		return audit.Fails("the model that was sent: %v", err)
	}
	if err != nil {
		return audit.Skips("the suite's model, in the bundle or made again: %v", err)
	}
	for _, layer := range fitted.Layers {
		for _, values := range [][]float32{layer.Weight, layer.Bias} {
			low, high := bounds(values)
			if len(values) > 0 && (notFinite(float64(low)) || notFinite(float64(high))) {
				return audit.Fails("the model has a weight that is no number")
			}
		}
	}
	return audit.Passes("training data and weights are finite")
}

// mostJudged is how many rows a model is judged on by float64: all of the synthetic
// ones, and as many of the others as a point about being fitted at all needs.
const mostJudged = 2000

// modelFitted: the model is what the plan's fit makes, is better than a constant
// answer, and was there before the first launch.
func modelFitted(c *audit.Case) audit.Ruling {
	row := c.FittedRow()
	if row == nil {
		return audit.Fails("the ledger has no row of the fit")
	}
	if started := c.FirstRow(evidence.EventStarted); started != nil && started.Sequence < row.Sequence {
		return audit.Fails("the first launch started before the model was fitted")
	}
	material, err := c.Material()
	if material == nil || errors.Is(err, audit.ErrTooCostly) || material.Model == nil {
		return audit.Skips("a fit that an auditor can make again: %v", err)
	}
	for name, sum := range material.SHA256 {
		if recorded, there := row.SHA256[name]; there && recorded != sum {
			return audit.Fails("%s has the digest %.12s; the plan's fit makes %.12s", name, recorded, sum)
		}
	}
	loss, constant := lossOf(material.Model, material.Set.Train)
	if !(loss < constant) {
		return audit.Fails("the training loss is %.4f nats, the best constant answer's %.4f", loss, constant)
	}
	judged := material.Set.Test
	if judged.Rows() == 0 {
		judged = material.Set.Train
	}
	accuracy := material.Model.Accuracy(model.Examples{X: judged.X, Dim: judged.Dim, Labels: judged.Labels})
	r := audit.Passes("the plan's fit, made again, gives the digests of the model that was sent; its training loss is %.4f nats where a constant answer has %.4f, and %.2f%% of its answers are right", loss, constant, 100*accuracy)
	if accuracy < c.Bundle.Plan.Accuracy {
		r = audit.Fails("%.2f%% of the model's answers are right; the suite asks for %.2f%%", 100*accuracy, 100*c.Bundle.Plan.Accuracy)
	}
	return r.With("training loss", "%.4f nats", loss).With("the best constant answer's", "%.4f nats", constant).With("accuracy", "%.4f", accuracy)
}

// lossOf is a model's loss on training rows, evenly spread where there are many, and
// that of the constant answer that is best for the same rows.
func lossOf(m *model.Model, train dataset.Examples) (loss, constant float64) {
	step := (train.Rows() + mostJudged - 1) / mostJudged
	judged := model.Examples{Dim: train.Dim}
	counts := make([]float64, train.Classes)
	for at := 0; at < train.Rows(); at += max(step, 1) {
		judged.X = append(judged.X, train.X[at*train.Dim:(at+1)*train.Dim]...)
		judged.Labels = append(judged.Labels, train.Labels[at])
		counts[train.Labels[at]]++
	}
	for _, count := range counts {
		if share := count / float64(len(judged.Labels)); share > 0 {
			constant -= share * math.Log(share)
		}
	}
	return m.CrossEntropy(judged), constant
}

// weightsMatter: inputs that vary have weights, and other weights give the answers
// that are theirs.
func weightsMatter(c *audit.Case, contender *audit.Contender) audit.Ruling {
	material, err := c.Material()
	if material == nil {
		return audit.Skips("a dataset that this program can make: %v", err)
	}
	fitted, err := c.Model()
	if err != nil {
		return audit.Skips("the suite's model, in the bundle or made again: %v", err)
	}
	varying, weighed := weighedInputs(fitted, material.Set.Train)
	if 2*weighed < varying {
		return audit.Fails("%d of %d inputs that vary have a weight other than zero; half of them is the least", weighed, varying)
	}
	asked := 0
	for _, launch := range contender.Finished {
		if refusedWeights(launch) {
			return audit.Fails("launch %d: %s", launch.Number, refusal)
		}
		for _, request := range launch.Requests {
			if request.Phase != evidence.PhaseAltered {
				continue
			}
			if asked++; !request.Checked {
				return audit.Fails("launch %d: with other weights loaded, an answer is not the one that they give", launch.Number)
			}
		}
		for _, request := range launch.Requests {
			if request.Op == "load" && request.Model == alteredModel && request.ModelSHA256 == sentModel(c, launch) {
				return audit.Fails("launch %d: the model with other weights has the digest of the suite's", launch.Number)
			}
		}
	}
	if asked == 0 {
		return audit.Skips("answers under a model with other weights (phase %s)", evidence.PhaseAltered)
	}
	return audit.Passes("%d of %d inputs that vary have a weight, and answers follow other weights in all %s", weighed, varying, audit.Plural(asked, "request")).
		With("inputs with a weight", "%d of %d", weighed, varying)
}

// alteredModel is what requests call the model with other weights.
const alteredModel = "altered"

// sentModel is the digest of the suite's model as it was sent to a launch.
func sentModel(c *audit.Case, launch *audit.Launch) string {
	at := slices.IndexFunc(launch.Requests, func(r evidence.Request) bool { return r.Op == "load" && r.Model == suiteModel })
	if at < 0 {
		return ""
	}
	return launch.Requests[at].ModelSHA256
}

// weighedInputs counts the inputs that differ between training rows, and those of
// them that have a weight other than zero.
func weighedInputs(m *model.Model, train dataset.Examples) (varying, weighed int) {
	first := m.Layers[0]
	for input := range train.Dim {
		differs := false
		for row := 1; row < train.Rows() && !differs; row++ {
			differs = train.X[row*train.Dim+input] != train.X[input]
		}
		if !differs || input >= first.In {
			continue
		}
		varying++
		for output := range first.Out {
			if first.Weight[output*first.In+input] != 0 {
				weighed++
				break
			}
		}
	}
	return varying, weighed
}

// answersValid: every timed label is the reference's, near the boundary too.
func answersValid(c *audit.Case, contender *audit.Contender) audit.Ruling {
	if r := labelsRight(contender); r.Status != audit.Pass {
		return r
	}
	if r := c.HardRowsDrawn(contender); r.Status == audit.Fail {
		return r
	}
	checked, hard, wrong := 0, 0, 0
	for _, launch := range contender.Finished {
		checked += launch.Ended.LabelsChecked
		if launch.Hard == nil {
			continue
		}
		if len(launch.Hard.Labels) != len(launch.Hard.Expected) {
			return audit.Fails("launch %d has %d labels of rows near the boundary where %d are due", launch.Number, len(launch.Hard.Labels), len(launch.Hard.Expected))
		}
		for i, expected := range launch.Hard.Expected {
			if hard++; launch.Hard.Labels[i] != expected {
				wrong++
			}
		}
	}
	if hard == 0 {
		return audit.Skips("labels of rows near the decision boundary")
	}
	r := audit.Passes("all %d labels that were checked are the reference's, and so are all of %d rows near the boundary", checked, hard)
	if wrong > 0 {
		r = audit.Fails("%d of %d labels of rows near the boundary are not the reference's%s", wrong, hard, audit.Suspects(contender))
	}
	return r.With("wrong labels near the boundary", "%d of %d", wrong, hard)
}

// oneModel: one process, which loads no model while headline rounds last and reads
// no more than it is sent.
func oneModel(c *audit.Case, contender *audit.Contender) audit.Ruling {
	const slack = 4096
	looks, accounts := 0, 0
	for _, launch := range contender.Finished {
		fault, count := sameProcess(launch)
		if fault != "" {
			return audit.Fails("launch %d: %s", launch.Number, fault)
		}
		looks += count
		first, last := roundsOf(launch)
		for at := first; at <= last; at++ {
			request := launch.Requests[at]
			if request.Op == "load" {
				return audit.Fails("launch %d loaded the model %q between its rounds", launch.Number, request.Model)
			}
			file, known := c.Inputs[request.Inputs]
			if request.ReadBytes == nil || !known {
				continue
			}
			accounts++
			if read, due := *request.ReadBytes, int64(request.RequestBytes)+file.Bytes+slack; read > due {
				return audit.Fails("launch %d read %d bytes in a request of the phase %s; request and inputs have %d", launch.Number, read, request.Phase, due-slack)
			}
		}
	}
	if looks == 0 {
		return audit.Skips("two looks or more at a launch's process")
	}
	if accounts == 0 {
		return audit.Skips("the kernel's accounts of what was read in long bursts")
	}
	return audit.Passes("each launch is one process, loads no model between its rounds, and reads no more than it is sent in %s", audit.Plural(accounts, "request"))
}

// sameProcess says where looks at a launch found another process than the first one
// did.
func sameProcess(launch *audit.Launch) (fault string, looks int) {
	var first *evidence.Inspection
	for _, moment := range []evidence.Moment{evidence.MomentLoaded, evidence.MomentSteady, evidence.MomentLast} {
		look := launch.Look(moment)
		if look == nil {
			continue
		}
		if first == nil {
			first = look
			continue
		}
		if looks++; look.Process != first.Process || look.StartTicks != first.StartTicks {
			return fmt.Sprintf("process %d, started at tick %d, was %d, started at %d, before", look.Process, look.StartTicks, first.Process, first.StartTicks), looks
		}
	}
	return "", looks
}

// roundsOf are the places of the first and the last request of a launch's rounds.
func roundsOf(launch *audit.Launch) (first, last int) {
	first, last = 0, -1
	for at, request := range launch.Requests {
		if request.Round > 0 {
			if last < 0 {
				first = at
			}
			last = at
		}
	}
	return first, last
}

// modelUnchanged: the rows of the beginning get the same scores at the end, and the
// file of weights stays as it was sent.
func modelUnchanged(c *audit.Case, contender *audit.Contender) audit.Ruling {
	looks := 0
	for _, launch := range contender.Finished {
		for _, moment := range []evidence.Moment{evidence.MomentLoaded, evidence.MomentSteady, evidence.MomentLast} {
			look := launch.Look(moment)
			if look == nil || look.WeightsSHA256 == "" {
				continue
			}
			looks++
			due := loadedBy(launch, moment)
			if due == "" {
				return audit.Skips("the request of launch %d that loads a model", launch.Number)
			}
			if look.WeightsSHA256 != due {
				return audit.Fails("launch %d: the file of weights that was given to it has the digest %.12s at the moment %q; it was sent as %.12s", launch.Number, look.WeightsSHA256, moment, due)
			}
		}
	}
	if looks == 0 {
		return audit.Skips("the digest of the file of weights, read again while the process lives")
	}
	r := sameAgain(c, contender, evidence.ScoresLast)
	if r.Status == audit.Pass {
		r.Detail += fmt.Sprintf("; the file of weights was as it was sent in %s", audit.Plural(looks, "look"))
	}
	return r
}

// loadedBy is the digest of the model that a launch was given last: at its end of
// all, before that of the first, which is the suite's.
func loadedBy(launch *audit.Launch, moment evidence.Moment) string {
	sum := ""
	for _, request := range launch.Requests {
		if request.Op != "load" {
			continue
		}
		if sum = request.ModelSHA256; moment != evidence.MomentLast {
			return sum
		}
	}
	return sum
}
