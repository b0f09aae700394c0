package audit

// This file draws again what a run drew from its nonce.

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"slices"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
	"cupel/internal/reference"
)

// startOrder is the order in which a replicate starts n contenders.
func startOrder(nonce string, replicate, n int) []int { return draw.Order(nonce, replicate, n) }

// DrawnKind is what files of rows are called that nonce and number alone give back.
const DrawnKind = "rows"

// maxDrawn is how many values are drawn again at most: a run of ten minutes has a
// tenth of it.
const maxDrawn = 1 << 30

// maxValues is how many values one file has that is drawn again, manyValues how many
// those have of which several are drawn at once: each takes 8 bytes.
const (
	maxValues  = 1 << 26
	manyValues = 1 << 22
)

// DrawnRows draws every file of rows again, once a bundle, and compares digests.
func (c *Case) DrawnRows() Ruling { return c.drawnAgain() }

func (c *Case) drawRows() Ruling {
	if missing := c.nonceMissing(); missing != nil {
		return *missing
	}
	var files []evidence.InputsFile
	total := int64(0)
	for _, file := range c.InputFiles() {
		if file.Drawn != DrawnKind {
			continue
		}
		if file.Values < 0 || file.Values > maxValues || file.Attempt < 0 {
			return Fails("file %d of rows has %d values by draw %d, which no run draws", file.Number, file.Values, file.Attempt)
		}
		files = append(files, file)
		total += file.Values
	}
	if len(files) == 0 {
		return Skips("the digests of the rows that were sent")
	}
	if total > maxDrawn {
		return Skips("fewer drawn values than %d, which are drawn again", total)
	}
	if at := slices.Index(c.drawnWrong(files), true); at >= 0 {
		return Fails("file %d of rows is not what the run's nonce gives", files[at].Number)
	}
	if r := c.timedOverDrawn(); r.Status != Pass {
		return r
	}
	return Passes("all %d files of drawn rows are what the run's nonce gives", len(files))
}

// drawnWrong says of each file whether it is not what the nonce gives.
func (c *Case) drawnWrong(files []evidence.InputsFile) []bool {
	wrong := make([]bool, len(files))
	judge := func(i int) {
		nonce, _ := c.NonceIn(c.FilesOf[files[i].Number])
		wrong[i] = !drawnRight(nonce, files[i])
	}
	var small, large []int
	for i, file := range files {
		if file.Values > manyValues {
			large = append(large, i)
		} else {
			small = append(small, i)
		}
	}
	InParallel(len(small), func(i int) { judge(small[i]) })
	for _, i := range large {
		judge(i)
	}
	return wrong
}

func drawnRight(nonce string, file evidence.InputsFile) bool {
	hash := sha256.New()
	for values := range draw.InputsInPieces(nonce, int(file.Number), int(file.Attempt), int(file.Values)) {
		hash.Write(Encoded(values))
	}
	return hex.EncodeToString(hash.Sum(nil)) == file.SHA256
}

// timedOverDrawn: what is timed is asked over rows that the nonce gives, whatever
// their file is called. The classic row is the dataset's, and rows near the boundary
// are found by the model.
func (c *Case) timedOverDrawn() Ruling {
	for _, launch := range c.Launches {
		for _, request := range launch.Requests {
			if request.Op != protocol.OpInfer || request.Phase == "" || request.Phase == evidence.PhaseHard || request.Phase == evidence.PhaseRequest {
				continue
			}
			file, known := c.Inputs[request.Inputs]
			switch {
			case known && file.Drawn != DrawnKind:
				return Fails("launch %d: a request of the phase %q is over file %d, of the kind %q, which no nonce gives", launch.Number, request.Phase, file.Number, file.Drawn)
			case !known && launch.Finished():
				return Skips("the digest of the rows of a request of the phase %q of launch %d", request.Phase, launch.Number)
			}
		}
	}
	return Passes("every timed request is over drawn rows")
}

// hardDraw is a replicate's rows near the boundary, drawn again: the digest of their
// file, the label of each, and where the way over them begins and how it goes on.
type hardDraw struct {
	sha256      string
	labels      []byte
	first, step int
}

// hardKind is what files of rows near the boundary are called.
const hardKind = "hard"

// hardAgain draws the rows near the boundary of a replicate again, once.
func (c *Case) hardAgain(replicate int, nonce string) (*hardDraw, error) {
	if made := c.hardDrawn[replicate]; made != nil {
		return made, nil
	}
	fitted, err := c.Model()
	if err != nil {
		return nil, err
	}
	n := c.Bundle.Plan.Probes.HardRows
	random := draw.Stream(nonce, "hard", replicate)
	rows, err := reference.New(fitted).HardRows(random, n)
	if err != nil {
		return nil, err
	}
	made := &hardDraw{sha256: Digest(Encoded(rows.Values)), labels: rows.Labels}
	made.first, made.step = random.IntN(n), random.IntN(protocol.MaxStep)
	c.hardDrawn[replicate] = made
	return made, nil
}

// hardRowsDrawn: the rows near the boundary that a contender was asked about are those
// that the nonce and the model give, and so is the label that each of them should have.
func (c *Case) HardRowsDrawn(contender *Contender) Ruling {
	asked := 0
	for _, launch := range contender.Finished {
		nonce, told := c.NonceIn(launch.Replicate)
		if launch.Hard == nil || !told {
			continue
		}
		asked++
		if r := c.hardOf(launch, nonce); r.Status != Pass {
			return r
		}
	}
	if asked == 0 {
		return Skips("rows near the boundary, and the nonce that these are drawn from")
	}
	return Passes("the rows near the boundary of %s, and their labels, are those that the nonce and the model give", Plural(asked, "launch"))
}

func (c *Case) hardOf(launch *Launch, nonce string) Ruling {
	plan, hard := c.Bundle.Plan.Probes, launch.Hard
	switch {
	case hard.Rows != plan.HardRows || hard.Calls != plan.HardCalls:
		return Fails("launch %d was asked for %d labels of %d rows near the boundary; the plan has %d of %d", launch.Number, hard.Calls, hard.Rows, plan.HardCalls, plan.HardRows)
	case len(hard.Labels) != hard.Calls || len(hard.Expected) != hard.Calls:
		return Fails("launch %d has %d labels of rows near the boundary and %d that are due; the plan has %d calls", launch.Number, len(hard.Labels), len(hard.Expected), plan.HardCalls)
	case hard.Rows < 1 || hard.Rows > maxValues/max(1, c.Bundle.Plan.Model.Inputs()):
		return Skips("fewer rows near the boundary than %d, which are drawn again", hard.Rows)
	}
	drawn, err := c.hardAgain(launch.Replicate, nonce)
	if err != nil {
		return Skips("rows near the boundary that can be drawn again: %v", err)
	}
	file, known := c.Inputs[int32(hard.Inputs)]
	switch {
	case !known:
		return Skips("the digest of the rows near the boundary of launch %d", launch.Number)
	case file.Drawn == hardKind && file.SHA256 == drawn.sha256 && hard.First == drawn.first && hard.Step == drawn.step:
	case c.Bundle.Environment.Architecture != runtime.GOARCH:
		// They are found by sums whose last bit is the processor's kind's.
		return Skips("an auditor on a processor of the kind %s, which draws rows near the boundary to the same bit", c.Bundle.Environment.Architecture)
	default:
		return Fails("launch %d: its rows near the boundary are not those that the nonce and the model give", launch.Number)
	}
	request := protocol.InferRequest{Rows: hard.Rows, Batch: 1, First: &hard.First, Step: &hard.Step, Calls: hard.Calls, Want: true}
	for call, at := range reference.Visited(request, nil, hard.Labels) {
		if due := drawn.labels[at]; hard.Expected[call] != due {
			return Fails("launch %d: of rows near the boundary the label %d is said to be due in call %d; it is %d", launch.Number, hard.Expected[call], call+1, due)
		}
	}
	return Passes("drawn as the nonce gives them")
}
