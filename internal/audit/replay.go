package audit

// This file draws again what a run drew from its nonce.

import (
	"runtime"
	"slices"
	"sync"

	"cupel/internal/draw"
	"cupel/internal/evidence"
	"cupel/internal/protocol"
)

// startOrder is the order in which a replicate starts n contenders.
func startOrder(nonce string, replicate, n int) []int { return draw.Order(nonce, replicate, n) }

// drawnKind is what files of rows are called that nonce and number alone give back.
const drawnKind = "rows"

// maxDrawn is how many values are drawn again at most: a run of ten minutes has a
// tenth of it.
const maxDrawn = 1 << 30

// maxValues is how many values one file has that is drawn again, manyValues how many
// those have of which several are drawn at once: each takes 8 bytes.
const (
	maxValues  = 1 << 26
	manyValues = 1 << 22
)

// drawnRows draws every file of rows again, once a bundle, and compares digests.
func (c *Case) drawnRows() ruling { return c.drawnAgain() }

func (c *Case) drawRows() ruling {
	if missing := c.nonceMissing(); missing != nil {
		return *missing
	}
	var files []evidence.InputsFile
	total := int64(0)
	for _, file := range c.inputFiles() {
		if file.Drawn != drawnKind {
			continue
		}
		if file.Values < 0 || file.Values > maxValues || file.Attempt < 0 {
			return fails("file %d of rows has %d values by draw %d, which no run draws", file.Number, file.Values, file.Attempt)
		}
		files = append(files, file)
		total += file.Values
	}
	if len(files) == 0 {
		return skips("the digests of the rows that were sent")
	}
	if total > maxDrawn {
		return skips("fewer drawn values than %d, which are drawn again", total)
	}
	if at := slices.Index(c.drawnWrong(files), true); at >= 0 {
		return fails("file %d of rows is not what the run's nonce gives", files[at].Number)
	}
	if r := c.timedOverDrawn(); r.status != Pass {
		return r
	}
	return passes("all %d files of drawn rows are what the run's nonce gives", len(files))
}

// drawnWrong says of each file whether it is not what the nonce gives.
func (c *Case) drawnWrong(files []evidence.InputsFile) []bool {
	wrong := make([]bool, len(files))
	judge := func(i int) {
		nonce, _ := c.nonceIn(c.filesOf[files[i].Number])
		wrong[i] = !drawnRight(nonce, files[i])
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				judge(i)
			}
		})
	}
	var large []int
	for i, file := range files {
		if file.Values > manyValues {
			large = append(large, i)
			continue
		}
		next <- i
	}
	close(next)
	workers.Wait()
	for _, i := range large {
		judge(i)
	}
	return wrong
}

func drawnRight(nonce string, file evidence.InputsFile) bool {
	return digest(encoded(draw.Inputs(nonce, int(file.Number), int(file.Attempt), int(file.Values)))) == file.SHA256
}

// timedOverDrawn: what is timed is asked over rows that the nonce gives, whatever
// their file is called. The classic row is the dataset's, and rows near the boundary
// are found by the model.
func (c *Case) timedOverDrawn() ruling {
	for _, launch := range c.Launches {
		for _, request := range launch.Requests {
			if request.Op != protocol.OpInfer || request.Phase == "" || request.Phase == evidence.PhaseHard || request.Phase == evidence.PhaseRequest {
				continue
			}
			file, known := c.Inputs[request.Inputs]
			switch {
			case known && file.Drawn != drawnKind:
				return fails("launch %d: a request of the phase %q is over file %d, of the kind %q, which no nonce gives", launch.Number, request.Phase, file.Number, file.Drawn)
			case !known && launch.Finished():
				return skips("the digest of the rows of a request of the phase %q of launch %d", request.Phase, launch.Number)
			}
		}
	}
	return passes("every timed request is over drawn rows")
}
