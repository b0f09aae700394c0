package audit

// This file draws again what a run drew from its nonce.

import (
	"cmp"
	"runtime"
	"slices"
	"sync"

	"cupel/internal/draw"
	"cupel/internal/evidence"
)

// startOrder is the order in which a replicate starts n contenders.
func startOrder(nonce string, replicate, n int) []int { return draw.Order(nonce, replicate, n) }

// drawnKind is what files of rows are called that nonce and number alone give back.
const drawnKind = "rows"

// maxDrawn is how many values are drawn again at most: a run of ten minutes has a
// tenth of it.
const maxDrawn = 1 << 30

// drawnRows draws every file of rows again, once a bundle, and compares digests.
func (c *Case) drawnRows() ruling { return c.drawnAgain() }

func (c *Case) drawRows() ruling {
	row := c.firstRow(evidence.EventNonce)
	if row == nil {
		return skips("the run's nonce, which an interrupted run never tells")
	}
	var files []evidence.InputsFile
	total := int64(0)
	for _, file := range c.Inputs {
		if file.Drawn == drawnKind {
			files = append(files, file)
			total += max(file.Values, 0)
		}
	}
	if len(files) == 0 {
		return skips("the digests of the rows that were sent")
	}
	if total > maxDrawn {
		return skips("fewer drawn values than %d, which are drawn again", total)
	}
	slices.SortFunc(files, func(a, b evidence.InputsFile) int { return cmp.Compare(a.Number, b.Number) })
	wrong := make([]bool, len(files))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				wrong[i] = !drawnRight(row.Nonce, files[i])
			}
		})
	}
	for i := range files {
		next <- i
	}
	close(next)
	workers.Wait()
	if at := slices.Index(wrong, true); at >= 0 {
		return fails("file %d of rows is not what the run's nonce gives", files[at].Number)
	}
	return passes("all %d files of drawn rows are what the run's nonce gives", len(files))
}

func drawnRight(nonce string, file evidence.InputsFile) bool {
	const maxValues = 1 << 28
	if file.Values < 0 || file.Values > maxValues || file.Attempt < 0 {
		return false
	}
	return digest(encoded(draw.Inputs(nonce, int(file.Number), int(file.Attempt), int(file.Values)))) == file.SHA256
}
