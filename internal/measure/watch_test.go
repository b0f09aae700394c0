package measure

// This file tests what a run writes down beside its samples, on a stage: every
// request, the digests of all files, and the answers to its questions.

import (
	"slices"
	"testing"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/suite"
)

func TestEveryRequestAndFileIsWrittenDown(t *testing.T) {
	r := rehearse(t, "witnessed", once, constant("a", 1000), constant("b", 1500))
	b := r.perform(t)
	files, err := b.Inputs(1)
	if err != nil {
		t.Fatal(err)
	}
	known := map[int32]evidence.InputsFile{}
	for _, file := range files {
		known[file.Number] = file
		if file.Drawn != holdsDrawn {
			continue
		}
		// Who has the nonce makes the same file again.
		again := protocol.EncodeInputs(draw.Inputs("witnessed", int(file.Number), int(file.Attempt), int(file.Values)))
		if digest(again) != file.SHA256 || int64(len(again)) != file.Bytes {
			t.Errorf("file %d is another when it is drawn again", file.Number)
		}
	}
	for _, name := range []string{"a", "b"} {
		for _, row := range ended(b, name) {
			requests, err := b.Requests(row.Launch, name)
			if err != nil {
				t.Fatal(err)
			}
			made, kept := 0, 0
			for _, done := range r.stage.all {
				if done.launch == row.Launch {
					made++
				}
			}
			for _, request := range requests {
				if request.Op != protocol.OpInfer {
					if request.ModelSHA256 == "" {
						t.Errorf("a load without a digest: %+v", request)
					}
					continue
				}
				kept++
				file, there := known[request.Inputs]
				if need := int64(4 * ((request.Rows-1)*request.Hop + request.Dim)); !there || file.Bytes < need {
					t.Errorf("%s: file %d has %d bytes, %d are due", request.Phase, request.Inputs, file.Bytes, need)
				}
				if request.Want && request.Labels != request.Calls {
					t.Errorf("%s: %d labels of %d calls", request.Phase, request.Labels, request.Calls)
				}
				if !request.Checked && request.Phase != evidence.PhaseHard && file.Drawn != holdsBoundary {
					t.Errorf("%s over a file of %s rows was not checked", request.Phase, file.Drawn)
				}
			}
			if made != kept || kept == 0 {
				t.Errorf("launch %d: %d requests were made and %d written down", row.Launch, made, kept)
			}
		}
	}
}

func TestTheOrderOfBurstsIsDrawnAgain(t *testing.T) {
	r := rehearse(t, "order", once, constant("a", 1000), constant("b", 1500))
	b := r.perform(t)
	looked := 0
	for at, samples := range rounds(t, b) {
		slices.SortFunc(samples, func(a, b evidence.Sample) int { return int(*a.StartNanoseconds - *b.StartNanoseconds) })
		samples = samples[1:] // What opens the round is not drawn.
		if len(samples) != 2 {
			continue // A long round has more bursts than launches.
		}
		// Before they are shuffled, bursts stand in the order in which launches began.
		order := []int32{1, 2}
		draw.Turns("order", 1, int(at.round)).Shuffle(2, func(i, j int) { order[i], order[j] = order[j], order[i] })
		if samples[0].Launch != order[0] || samples[1].Launch != order[1] {
			t.Errorf("round %d: launches %d and %d, drawn again %v", at.round, samples[0].Launch, samples[1].Launch, order)
		}
		looked++
	}
	if looked < 10 {
		t.Errorf("only %d rounds were looked at", looked)
	}
}

// answersOf makes a run of one replicate in which the scores of a contender are
// tampered with, and returns what is written down of them.
func answersOf(t *testing.T, tamper func(p *actor, request protocol.InferRequest, reply *protocol.Infer) error) *evidence.Bundle {
	t.Helper()
	odd := constant("odd", 1000)
	odd.tamper = tamper
	return rehearse(t, "answers", once, odd, constant("b", 1500)).perform(t)
}

func TestScoresOfAnHonestContenderStayAsTheyAre(t *testing.T) {
	b := answersOf(t, nil)
	asked := map[evidence.ProbeScores]int{}
	for _, row := range b.Scores {
		asked[row.Asked]++
		if row.Difference != 0 || row.SameAsFirst == (row.Asked == evidence.ScoresFirst || row.Asked == evidence.ScoresUnit) {
			t.Errorf("%+v", row)
		}
	}
	for _, due := range []evidence.ProbeScores{evidence.ScoresFirst, evidence.ScoresSecond, evidence.ScoresThird, evidence.ScoresLast, evidence.ScoresReordered, evidence.ScoresUnit} {
		if asked[due] != 2 {
			t.Errorf("%s was asked %d times of two contenders", due, asked[due])
		}
	}
}

func TestScoresThatMoveShow(t *testing.T) {
	b := answersOf(t, func(p *actor, _ protocol.InferRequest, reply *protocol.Infer) error {
		for i := range reply.Scores {
			reply.Scores[i] += float32(p.performed%7) * 1e-6 // within the tolerance
		}
		return nil
	})
	moved := 0
	for _, row := range b.Scores {
		if row.Difference > 0 {
			moved++
			if row.Contender != "odd" || row.SameAsFirst || len(row.Float32) == 0 {
				t.Errorf("%+v", row)
			}
		}
	}
	if moved < 3 {
		t.Errorf("%d answers differ from the first", moved)
	}
}

func TestHardRowsAreCounted(t *testing.T) {
	b := answersOf(t, func(_ *actor, request protocol.InferRequest, reply *protocol.Infer) error {
		if request.Rows == 16 && request.Calls == 20 {
			for i := range reply.Labels {
				reply.Labels[i] = 1
			}
		}
		return nil
	})
	if len(b.HardRows) != 2 {
		t.Fatalf("%d rows", len(b.HardRows))
	}
	for _, row := range b.HardRows {
		wrong := row.WrongByClass[0] + row.WrongByClass[1]
		always := slices.IndexFunc(row.Suspects, func(s evidence.Suspect) bool { return s.Corner == "always 1" })
		switch {
		case len(row.Labels) != 20 || len(row.Expected) != 20 || len(row.Blocks) != 1:
			t.Errorf("%+v", row)
		case row.Contender == "b" && wrong != 0:
			t.Errorf("an honest contender has %d wrong", wrong)
		case row.Contender == "odd" && (wrong == 0 || row.Suspects[always].Same != 20 || row.Suspects[always].SameWhereWrong != wrong):
			t.Errorf("always 1: %+v", row)
		}
	}
}

func TestTheDearQuestionsAreAsked(t *testing.T) {
	r := rehearse(t, "questions", func(plan *suite.Plan) { plan.Probes.DeepReplicates = 2 }, constant("a", 1000), constant("b", 1500))
	b := r.perform(t)
	for _, row := range ended(b, "a") {
		counts := map[evidence.Phase]int{}
		for _, sample := range samplesIn(t, b, row) {
			counts[sample.Phase]++
		}
		want := map[evidence.Phase]int{
			evidence.PhaseLone: 3, evidence.PhaseLoneEmpty: 3, evidence.PhaseEager: 2, evidence.PhaseEagerHeavy: 2, evidence.PhaseUnwarmed: 1,
			evidence.PhaseWarmed: 1, evidence.PhaseMultiple(1): 1, evidence.PhaseMultiple(2): 1, evidence.PhaseMultiple(4): 1,
		}
		for phase, due := range want {
			if row.Replicate > 2 {
				due = 0
			}
			if counts[phase] != due {
				t.Errorf("replicate %d: %d samples of %s, want %d", row.Replicate, counts[phase], phase, due)
			}
		}
		if counts[evidence.PhaseHard] != 1 {
			t.Errorf("replicate %d: %d requests of hard rows", row.Replicate, counts[evidence.PhaseHard])
		}
	}
}

// An engine on a device of its own is asked how much of a call is copies, one on a CPU
// is not.
func TestTransferIsAskedOfDevices(t *testing.T) {
	device := constant("b", 8000)
	device.device = "cuda:0"
	r := rehearse(t, "transfer", nil, constant("a", 1000), device)
	b := r.perform(t)
	asked := map[string]int{}
	for launch, row := range launchesOf(b) {
		switch transfer := b.Observations[launch].TransferNanosecondsPerCall; {
		case transfer == 0:
		case transfer < 1900 || transfer > 2100:
			t.Errorf("launch %d of %s copies for %v ns a call, and 2000 are due", launch, row.Contender, transfer)
		default:
			asked[row.Contender]++
		}
	}
	if asked["a"] != 0 || asked["b"] != r.Plan.Probes.DeepReplicates {
		t.Errorf("launches with a transfer: %v; %d of b are due", asked, r.Plan.Probes.DeepReplicates)
	}
}
