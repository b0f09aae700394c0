package judge_test

// This file holds the tampered bundles for the points of the category data.

import (
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"cupel/internal/dataset"
	"cupel/internal/evidence"
	"cupel/model"
)

var dataCases = []tampering{
	{point: 46, name: "a column left out", change: func(_ *testing.T, s *scene) {
		narrow := dataset.Synthetic(dataset.SyntheticRows, dataset.SyntheticDim-1)
		s.rows(evidence.EventFitted, "", func(row *evidence.LedgerRow) { row.SHA256["training data"] = dataset.Digest(narrow) })
	}},
	{point: 46, name: "fewer rows", change: func(_ *testing.T, s *scene) {
		s.rows(evidence.EventFitted, "", func(row *evidence.LedgerRow) { row.TrainingRows = 999 })
	}},
	{point: 47, name: "two rows of a file that has one", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseHard {
				request.Rows *= 2
			}
		})
	}},
	{point: 47, name: "two rows in the calls that are timed one by one", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.asked("pytorch", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseRequest {
				request.Rows = 2
			}
		})
	}},
	{point: 48, name: "a training value above 1", change: func(_ *testing.T, s *scene) { s.otherData(func(e dataset.Examples) { e.X[5] = 1.004 }) }},
	{point: 48, name: "a classic row of other values", change: func(_ *testing.T, s *scene) {
		for replicate, files := range s.inputs {
			for i := range files {
				if files[i].Drawn == "classic" {
					s.inputs[replicate][i].SHA256 = sha256Of(littleEndian(make([]float32, 784)))
				}
			}
		}
	}},
	{point: 48, name: "drawn rows of other values", change: func(_ *testing.T, s *scene) {
		s.inputs[drawnReplicate][9].SHA256 = sha256Of([]byte("rows with a 2 in them"))
	}},
	{point: 48, name: "rows of other values, under another name", change: func(_ *testing.T, s *scene) { s.renameRows() }},
	{point: 49, name: "a third label of two classes", contender: "go", change: func(_ *testing.T, s *scene) {
		s.hardLabels("go", func(hard *evidence.HardRows) { hard.Labels[3] = 2 })
	}},
	{point: 49, name: "a training label of a third class", change: func(_ *testing.T, s *scene) {
		s.otherData(func(e dataset.Examples) { e.Labels[4] = 2 })
	}},
	{point: 50, name: "a weight that is no number", change: func(_ *testing.T, s *scene) {
		s.otherModel(func(weights []float32) { weights[7] = float32(math.NaN()) })
	}},
	{point: 50, name: "a score that is no number", contender: "go", change: func(_ *testing.T, s *scene) {
		s.scored("go", func(row *evidence.Scores) {
			if len(row.Float32) > 0 {
				binary.LittleEndian.PutUint32(row.Float32[8:], math.Float32bits(float32(math.Inf(1))))
			}
		})
	}},
	{point: 50, name: "a negative time", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		samples := s.edit(s.launchesOf("pytorch")[2])
		samples[indexOf(samples, evidence.PhaseCall)].InnerNanoseconds = -5
	}},
	{point: 51, name: "random weights", change: func(_ *testing.T, s *scene) {
		s.otherModel(func(weights []float32) {
			for i := range weights {
				weights[i] = float32(math.Sin(float64(i)))
			}
		})
	}},
	{point: 51, name: "a fit after the first launch", change: func(_ *testing.T, s *scene) {
		s.ledger[1], s.ledger[2] = s.ledger[2], s.ledger[1]
	}},
	{point: 51, name: "an accuracy that the suite asks for and the model misses", change: func(t *testing.T, s *scene) {
		s.plan.Accuracy = 0.99
		s.planDigest(t)
	}},
	{point: 52, name: "weights of zero", change: func(_ *testing.T, s *scene) { s.otherModel(func(weights []float32) { clear(weights) }) }},
	{point: 52, name: "answers kept from the model before", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Phase == evidence.PhaseAltered {
				request.Checked = false
			}
		})
	}},
	{point: 52, name: "other weights that are the same", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.Op == "load" && request.Model == "altered" {
				request.ModelSHA256 = s.fitted.digests["model.safetensors"]
			}
		})
	}},
	{point: 53, name: "wrong labels that are said to be due", contender: "go", change: func(_ *testing.T, s *scene) { s.excused("go") }},
	{point: 52, name: "other weights refused", contender: "go", change: func(_ *testing.T, s *scene) { s.refuseOtherWeights("go") }},
	{point: 53, name: "every hundredth label flipped", contender: "go", change: func(_ *testing.T, s *scene) {
		s.hardLabels("go", func(hard *evidence.HardRows) { hard.Labels[99] = 1 - hard.Labels[99] })
	}},
	{point: 53, name: "a launch that was found wrong", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.wrong("pytorch", "label 1 where 0 is due") }},
	{point: 54, name: "a process that was started anew", contender: "pytorch", change: func(_ *testing.T, s *scene) {
		s.seen("pytorch", func(look *evidence.Inspection) {
			if look.Moment == evidence.MomentLast {
				look.StartTicks += 500
			}
		})
	}},
	{point: 54, name: "the model loaded in a round", contender: "go", change: func(_ *testing.T, s *scene) {
		done := map[int32]bool{}
		s.asked("go", func(request *evidence.Request) {
			if request.Round == 7 && !done[request.Launch] {
				done[request.Launch] = true
				request.Op, request.Phase, request.Model, request.ModelSHA256 = "load", "", "model", s.fitted.digests["model.safetensors"]
			}
			if request.Round == 7 && request.Phase == "" {
				request.Round = 0
			}
		})
	}},
	{point: 54, name: "the model read again in each burst", contender: "go", change: func(_ *testing.T, s *scene) {
		s.asked("go", func(request *evidence.Request) {
			if request.ReadBytes != nil && request.Round > 0 {
				*request.ReadBytes += 6280
			}
		})
	}},
	{point: 55, name: "scores of no rows", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.noScores("pytorch") }},
	{point: 55, name: "a step of the gradient in each call", contender: "pytorch", change: func(_ *testing.T, s *scene) { s.otherScores("pytorch", evidence.ScoresLast, 0.001) }},
	{point: 55, name: "a file of weights written over", contender: "go", change: func(_ *testing.T, s *scene) {
		s.seen("go", func(look *evidence.Inspection) {
			if look.Moment == evidence.MomentSteady {
				look.WeightsSHA256 = sha256Of([]byte("other weights"))
			}
		})
	}},
}

// otherModel has the bundle hold, and the ledger name, a model of other weights.
func (s *scene) otherModel(change func(weights []float32)) {
	text, err := model.ToSafetensors(s.fitted.model)
	if err != nil {
		panic(err)
	}
	weights := s.fitted.model.Layers[0].Weight
	at := bytes.Index(text, littleEndian(weights[:16]))
	changed := append([]float32{}, weights...)
	change(changed)
	copy(text[at:], littleEndian(changed))
	s.files[filepath.Join(evidence.ModelDir, "model.safetensors")] = text
	s.rows(evidence.EventFitted, "", func(row *evidence.LedgerRow) { row.SHA256["model.safetensors"] = sha256Of(text) })
}

// A model that is no better than a constant answer is no fitted one.
func TestTheScenesModelIsFitted(t *testing.T) {
	s := honest(t)
	data := dataset.Synthetic(dataset.SyntheticRows, dataset.SyntheticDim)
	loss := s.fitted.model.CrossEntropy(model.Examples{X: data.X, Dim: data.Dim, Labels: data.Labels})
	if !(loss < 0.3250) {
		t.Errorf("a loss of %v", loss)
	}
}

// refuseOtherWeights has a contender refuse the model with other weights.
func (s *scene) refuseOtherWeights(contender string) {
	for _, launch := range s.launchesOf(contender) {
		s.requests[launch] = slices.DeleteFunc(s.editRequests(launch), func(r evidence.Request) bool { return r.Phase == evidence.PhaseAltered })
		s.replace(launch, slices.DeleteFunc(s.edit(launch), func(sample evidenceSample) bool { return sample.Phase == evidence.PhaseAltered }))
	}
}
