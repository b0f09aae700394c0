package audit

// This file judges the points of the category data: that rows, labels and weights
// are what they should be, and stay so.

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"cupel/internal/dataset"
	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/model"
)

// trainingShape: as many rows as the dataset has, each of the model's width, with a
// label each. The digest is over rows and labels of that shape.
func trainingShape(c *Case) ruling {
	material, err := c.Material()
	if material == nil {
		return skips("a dataset that this program can make: %v", err)
	}
	train, plan := material.Set.Train, c.Bundle.Plan.Model
	if train.Dim != plan.Inputs() {
		return fails("%s has rows of %d values where the model has %d inputs", c.Bundle.Plan.Dataset, train.Dim, plan.Inputs())
	}
	if len(train.X) != train.Rows()*train.Dim {
		return fails("%d values are no %d rows of %d", len(train.X), train.Rows(), train.Dim)
	}
	row := c.fittedRow()
	if row == nil || row.SHA256[trainingData] == "" {
		return skips("the digest of the training data in the ledger")
	}
	if row.TrainingRows != train.Rows() {
		return fails("the fit used %d rows where %s has %d", row.TrainingRows, c.Bundle.Plan.Dataset, train.Rows())
	}
	if row.SHA256[trainingData] != material.SHA256[trainingData] {
		return fails("the training data has the digest %.12s; %d rows of %d values with a label each, as %s has them, have %.12s", row.SHA256[trainingData], train.Rows(), train.Dim, c.Bundle.Plan.Dataset, material.SHA256[trainingData])
	}
	return passes("the training data has the digest of %d rows of %d values, with a label each", train.Rows(), train.Dim).
		with("shape", "%d x %d", train.Rows(), train.Dim).with("digest of the training data", "%.16s", row.SHA256[trainingData])
}

// requestShape: every file that was sent holds the rows that the request speaks of,
// and the classic one a row a call's worth and no more.
func requestShape(c *Case, contender *Contender) ruling {
	requests := 0
	for _, launch := range contender.Finished {
		for _, request := range launch.Requests {
			if request.Op != "infer" || request.Inputs == 0 {
				continue
			}
			file, known := c.Inputs[request.Inputs]
			if !known {
				return fails("launch %d was sent a file of rows, number %d, of which nothing is recorded", launch.Number, request.Inputs)
			}
			requests++
			if fault := c.shapeFault(request, file); fault != nil {
				return fails("launch %d: %v", launch.Number, fault)
			}
		}
	}
	if requests == 0 {
		return skips("the requests with the sizes of the files that were sent")
	}
	return passes("the files of all %d requests hold the rows that these speak of", requests)
}

func (c *Case) shapeFault(request evidence.Request, file evidence.InputsFile) error {
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
func valuesInRange(c *Case) ruling {
	material, err := c.Material()
	if material == nil {
		return skips("a dataset that this program can make: %v", err)
	}
	low, high := bounds(material.Set.Train.X)
	classicLow, classicHigh := bounds(material.Set.ClassicRow)
	if !(min(low, classicLow) >= 0 && max(high, classicHigh) <= 1) {
		return fails("values of the training data and the classic row lie in [%v, %v]", min(low, classicLow), max(high, classicHigh))
	}
	if r := c.trainingData("values"); r.status != Pass {
		return r
	}
	due := c.classicDigest(material)
	for _, file := range c.inputFiles() {
		if file.Drawn == "classic" && file.SHA256 != due {
			return fails("file %d, the classic row, is not what the rule makes, so its values may lie anywhere", file.Number)
		}
	}
	r := c.drawnInRange()
	return r.with("training values", "[%v, %v]", low, high)
}

// drawnInRange draws some files again to see their range; that all are of the same
// generator is what their digests show.
func (c *Case) drawnInRange() ruling {
	const looked = 16
	if r := c.drawnRows(); r.status != Pass {
		return r
	}
	seen := 0
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, file := range c.inputFiles() {
		if file.Drawn != drawnKind || seen == looked {
			continue
		}
		seen++
		nonce, _ := c.nonceIn(c.filesOf[file.Number])
		fileLow, fileHigh := bounds(draw.Inputs(nonce, int(file.Number), int(file.Attempt), int(file.Values)))
		low, high = min(low, fileLow), max(high, fileHigh)
	}
	if !(low >= -1 && high <= 1) {
		return fails("drawn values lie in [%v, %v]; [-1, 1] is due", low, high)
	}
	return passes("training data and classic row lie in [0, 1], drawn rows in [-1, 1]").with("drawn values", "[%.6f, %.6f]", low, high)
}

func bounds(values []float32) (low, high float32) {
	low, high = float32(math.Inf(1)), float32(math.Inf(-1))
	for _, value := range values {
		// A NaN stays, so no bound holds.
		low, high = min(low, value), max(high, value)
	}
	return low, high
}

// inputFiles are all files of rows that were sent, by number.
func (c *Case) inputFiles() []evidence.InputsFile {
	files := make([]evidence.InputsFile, 0, len(c.Inputs))
	for _, file := range c.Inputs {
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b evidence.InputsFile) int { return int(a.Number) - int(b.Number) })
	return files
}

// labelsInRange: training labels and those that came back are classes of the model.
func labelsInRange(c *Case, contender *Contender) ruling {
	material, err := c.Material()
	if material == nil {
		return skips("a dataset that this program can make: %v", err)
	}
	classes := material.Set.Train.Classes
	for i, label := range material.Set.Train.Labels {
		if int(label) >= classes {
			return fails("the label of training row %d is %d of %d classes", i, label, classes)
		}
	}
	if r := c.trainingData("labels"); r.status != Pass {
		return r
	}
	labels := 0
	for _, launch := range contender.Launches {
		if launch.Hard == nil {
			continue
		}
		for _, label := range launch.Hard.Labels {
			if labels++; int(label) >= classes {
				return fails("launch %d answered with class %d of %d", launch.Number, label, classes)
			}
		}
	}
	if labels == 0 {
		return skips("labels as they came back")
	}
	// Of the others the harness compared each with the reference's, which is a class.
	if r := labelsRight(contender); r.status != Pass {
		return r
	}
	return passes("training labels, %s that are kept, and all that the reference confirmed are of %d classes", plural(labels, "answer"), classes)
}

// allFinite: no NaN and no infinity in inputs, weights, scores and times.
func allFinite(c *Case, contender *Contender) ruling {
	if r := c.finiteModel(); r.status != Pass {
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
				return fails("launch %d: %v", launch.Number, err)
			}
			scores += len(values)
			if slices.ContainsFunc(values, notFinite) {
				return fails("launch %d gave a score that is no number, asked for %s", launch.Number, asked.Asked)
			}
		}
		if launch.Samples == nil {
			continue
		}
		times += len(launch.Samples.Calls) + len(launch.Samples.Bursts)
		if slices.ContainsFunc(launch.Samples.Calls, func(nanoseconds int64) bool { return nanoseconds < 0 }) {
			return fails("launch %d has a call of negative time", launch.Number)
		}
		for _, sample := range launch.Samples.Bursts {
			if sample.InnerNanoseconds < 0 || sample.OuterNanoseconds != nil && *sample.OuterNanoseconds <= 0 {
				return fails("launch %d has a request of the phase %s with a time that can't be", launch.Number, sample.Phase)
			}
		}
	}
	if scores == 0 {
		return skips("scores as they came back")
	}
	return passes("training data, weights, %d scores and %d times are finite", scores, times)
}

func notFinite(value float64) bool { return math.IsNaN(value) || math.IsInf(value, 0) }

// finiteModel: the training data and the weights that were sent are finite.
func (c *Case) finiteModel() ruling {
	material, err := c.Material()
	if material == nil {
		return skips("a dataset that this program can make: %v", err)
	}
	low, high := bounds(material.Set.Train.X)
	if notFinite(float64(low)) || notFinite(float64(high)) {
		return fails("the training data has a value that is no number")
	}
	fitted, err := c.model()
	if errors.Is(err, model.ErrWeights) {
		return fails("the model that was sent: %v", err)
	}
	if err != nil {
		return skips("the suite's model, in the bundle or made again: %v", err)
	}
	for _, layer := range fitted.Layers {
		for _, values := range [][]float32{layer.Weight, layer.Bias} {
			low, high := bounds(values)
			if len(values) > 0 && (notFinite(float64(low)) || notFinite(float64(high))) {
				return fails("the model has a weight that is no number")
			}
		}
	}
	return passes("training data and weights are finite")
}

// mostJudged is how many rows a model is judged on by float64: all of the synthetic
// ones, and as many of the others as a point about being fitted at all needs.
const mostJudged = 2000

// modelFitted: the model is what the plan's fit makes, is better than a constant
// answer, and was there before the first launch.
func modelFitted(c *Case) ruling {
	row := c.fittedRow()
	if row == nil {
		return fails("the ledger has no row of the fit")
	}
	if started := c.firstRow(evidence.EventStarted); started != nil && started.Sequence < row.Sequence {
		return fails("the first launch started before the model was fitted")
	}
	material, err := c.Material()
	if material == nil || errors.Is(err, errTooCostly) || material.Model == nil {
		return skips("a fit that an auditor can make again: %v", err)
	}
	for name, sum := range material.SHA256 {
		if recorded, there := row.SHA256[name]; there && recorded != sum {
			return fails("%s has the digest %.12s; the plan's fit makes %.12s", name, recorded, sum)
		}
	}
	loss, constant := lossOf(material.Model, material.Set.Train)
	if !(loss < constant) {
		return fails("the training loss is %.4f nats, the best constant answer's %.4f", loss, constant)
	}
	judged := material.Set.Test
	if judged.Rows() == 0 {
		judged = material.Set.Train
	}
	accuracy := material.Model.Accuracy(model.Examples{X: judged.X, Dim: judged.Dim, Labels: judged.Labels})
	r := passes("the plan's fit, made again, gives the digests of the model that was sent; its training loss is %.4f nats where a constant answer has %.4f, and %.2f%% of its answers are right", loss, constant, 100*accuracy)
	if accuracy < c.Bundle.Plan.Accuracy {
		r = fails("%.2f%% of the model's answers are right; the suite asks for %.2f%%", 100*accuracy, 100*c.Bundle.Plan.Accuracy)
	}
	return r.with("training loss", "%.4f nats", loss).with("the best constant answer's", "%.4f nats", constant).with("accuracy", "%.4f", accuracy)
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
func weightsMatter(c *Case, contender *Contender) ruling {
	material, err := c.Material()
	if material == nil {
		return skips("a dataset that this program can make: %v", err)
	}
	fitted, err := c.model()
	if err != nil {
		return skips("the suite's model, in the bundle or made again: %v", err)
	}
	varying, weighed := weighedInputs(fitted, material.Set.Train)
	if 2*weighed < varying {
		return fails("%d of %d inputs that vary have a weight other than zero; half of them is the least", weighed, varying)
	}
	asked := 0
	for _, launch := range contender.Finished {
		if refusedWeights(launch) {
			return fails("launch %d: %s", launch.Number, refusal)
		}
		for _, request := range launch.Requests {
			if request.Phase != evidence.PhaseAltered {
				continue
			}
			if asked++; !request.Checked {
				return fails("launch %d: with other weights loaded, an answer is not the one that they give", launch.Number)
			}
		}
		for _, request := range launch.Requests {
			if request.Op == "load" && request.Model == alteredModel && request.ModelSHA256 == c.sentModel(launch) {
				return fails("launch %d: the model with other weights has the digest of the suite's", launch.Number)
			}
		}
	}
	if asked == 0 {
		return skips("answers under a model with other weights (phase %s)", evidence.PhaseAltered)
	}
	return passes("%d of %d inputs that vary have a weight, and answers follow other weights in all %s", weighed, varying, plural(asked, "request")).
		with("inputs with a weight", "%d of %d", weighed, varying)
}

// alteredModel is what requests call the model with other weights.
const alteredModel = "altered"

// sentModel is the digest of the suite's model as it was sent to a launch.
func (c *Case) sentModel(launch *Launch) string {
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
func answersValid(c *Case, contender *Contender) ruling {
	if r := labelsRight(contender); r.status != Pass {
		return r
	}
	if r := c.hardRowsDrawn(contender); r.status == Fail {
		return r
	}
	checked, hard, wrong := 0, 0, 0
	for _, launch := range contender.Finished {
		checked += launch.Ended.LabelsChecked
		if launch.Hard == nil {
			continue
		}
		if len(launch.Hard.Labels) != len(launch.Hard.Expected) {
			return fails("launch %d has %d labels of rows near the boundary where %d are due", launch.Number, len(launch.Hard.Labels), len(launch.Hard.Expected))
		}
		for i, expected := range launch.Hard.Expected {
			if hard++; launch.Hard.Labels[i] != expected {
				wrong++
			}
		}
	}
	if hard == 0 {
		return skips("labels of rows near the decision boundary")
	}
	r := passes("all %d labels that were checked are the reference's, and so are all of %d rows near the boundary", checked, hard)
	if wrong > 0 {
		r = fails("%d of %d labels of rows near the boundary are not the reference's%s", wrong, hard, suspects(contender))
	}
	return r.with("wrong labels near the boundary", "%d of %d", wrong, hard)
}

// oneModel: one process, which loads no model while headline rounds last and reads
// no more than it is sent.
func oneModel(c *Case, contender *Contender) ruling {
	const slack = 4096
	looks, accounts := 0, 0
	for _, launch := range contender.Finished {
		fault, count := sameProcess(launch)
		if fault != "" {
			return fails("launch %d: %s", launch.Number, fault)
		}
		looks += count
		first, last := roundsOf(launch)
		for at := first; at <= last; at++ {
			request := launch.Requests[at]
			if request.Op == "load" {
				return fails("launch %d loaded the model %q between its rounds", launch.Number, request.Model)
			}
			file, known := c.Inputs[request.Inputs]
			if request.ReadBytes == nil || !known {
				continue
			}
			accounts++
			if read, due := *request.ReadBytes, int64(request.RequestBytes)+file.Bytes+slack; read > due {
				return fails("launch %d read %d bytes in a request of the phase %s; request and inputs have %d", launch.Number, read, request.Phase, due-slack)
			}
		}
	}
	if looks == 0 {
		return skips("two looks or more at a launch's process")
	}
	if accounts == 0 {
		return skips("the kernel's accounts of what was read in long bursts")
	}
	return passes("each launch is one process, loads no model between its rounds, and reads no more than it is sent in %s", plural(accounts, "request"))
}

// sameProcess says where looks at a launch found another process than the first one
// did.
func sameProcess(launch *Launch) (fault string, looks int) {
	var first *evidence.Inspection
	for _, moment := range []evidence.Moment{evidence.MomentLoaded, evidence.MomentSteady, evidence.MomentLast} {
		look := launch.look(moment)
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
func roundsOf(launch *Launch) (first, last int) {
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
func modelUnchanged(c *Case, contender *Contender) ruling {
	looks := 0
	for _, launch := range contender.Finished {
		for _, moment := range []evidence.Moment{evidence.MomentLoaded, evidence.MomentSteady, evidence.MomentLast} {
			look := launch.look(moment)
			if look == nil || look.WeightsSHA256 == "" {
				continue
			}
			looks++
			due := loadedBy(launch, moment)
			if due == "" {
				return skips("the request of launch %d that loads a model", launch.Number)
			}
			if look.WeightsSHA256 != due {
				return fails("launch %d: the file of weights that was given to it has the digest %.12s at the moment %q; it was sent as %.12s", launch.Number, look.WeightsSHA256, moment, due)
			}
		}
	}
	if looks == 0 {
		return skips("the digest of the file of weights, read again while the process lives")
	}
	r := c.sameAgain(contender, evidence.ScoresLast)
	if r.status == Pass {
		r.detail += fmt.Sprintf("; the file of weights was as it was sent in %s", plural(looks, "look"))
	}
	return r
}

// loadedBy is the digest of the model that a launch was given last: at its end of
// all, before that of the first, which is the suite's.
func loadedBy(launch *Launch, moment evidence.Moment) string {
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
