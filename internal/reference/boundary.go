package reference

// This file holds boundary rows (rows at the decision boundary) and the verdict on a
// contender's labels of them. At random rows the classes lie so far apart that an engine
// with half the digits is hardly ever wrong. At a boundary row two classes lie closer
// together than coarse weights can distinguish, but far enough apart for float32 with any
// order of summation.

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"cupel/internal/protocol"
)

// The margin of a boundary row is the difference of its two highest logits, relative to the
// magnitude of the terms in their sums (see magnitudes). Honest float32 sums err by about
// 3e-8 of it, float16 weights by about 1e-5.
const (
	aimedMargin    = 2e-6
	smallestMargin = 1.5e-6
	largestMargin  = 3e-6
	// otherClassesMargin is the least distance of any third class, so that rounding cannot
	// make it the highest.
	otherClassesMargin = 10 * largestMargin
)

// band is the range of distances from the boundary in which rows are searched.
type band struct {
	aimed, smallest, largest, otherClasses float64
	// unit returns the unit of the band's distances at a row.
	unit func(b *boundarySearch, logits []float64, home, rival int) float64
	// mixes takes rows between two drawn rows with different labels, also for a linear
	// model.
	mixes bool
}

// atRounding is the band of boundary rows.
var atRounding = band{
	aimed: aimedMargin, smallest: smallestMargin, largest: largestMargin, otherClasses: otherClassesMargin,
	unit: func(b *boundarySearch, _ []float64, home, rival int) float64 {
		return b.magnitudes.of(b.wide, b.scratch, home, rival)
	},
}

// leastMagnitude is the lower bound of a magnitude. It keeps the margin above 1.5e-6, so
// that an engine can still see it when it compares float32 probabilities, which near 1/2
// are 6e-8 apart.
const leastMagnitude = 1

// Bounds of the search for a row: how often a segment is halved before another one is
// drawn, how often the step across a linear boundary is doubled, and how many segments may
// fail after the last success before the search ends.
const (
	maxHalvings  = 60
	maxDoublings = 40
	maxDraws     = 10_000
)

// ErrNoBoundary is the error for a model whose label hardly depends on its inputs.
var ErrNoBoundary = errors.New("no rows at the decision boundary were found")

// Boundary has boundary rows with their correct labels.
type Boundary struct {
	// Values is rows x inputs, row-major (hop = inputs). Each value is in [-1, 1].
	Values []float32
	// Labels has the label in float64 for each row.
	Labels []byte
}

// BoundaryRows draws n rows from [-1, 1]^inputs and moves them to the boundary of two
// classes. They lie on both sides equally often (for each pair of classes the numbers
// differ by at most 1), in random order. The same state of random gives the same rows on
// processors of the same kind; on others, float64 sums may round differently. A model
// without a boundary within reach gives ErrNoBoundary. random is not safe for concurrent
// use.
//
// A row of a logistic regression is moved along the difference of the weights of its two
// highest classes until its label changes. The wanted row lies in between and is found by
// halving. For an MLP, the ends are two drawn rows with different labels. Each step
// evaluates the row as float32, so that rounding it changes nothing.
func (r *Reference) BoundaryRows(random *rand.Rand, n int) (*Boundary, error) {
	inputs := r.network.inputs
	found := &Boundary{Values: make([]float32, n*inputs), Labels: make([]byte, n)}
	search := newBoundarySearch(r.network, random, atRounding)
	// The search alternates sides, which a contender could exploit. Random places prevent
	// that.
	for _, place := range random.Perm(n) {
		label, err := search.find(found.Values[place*inputs : (place+1)*inputs])
		if err != nil {
			return nil, err
		}
		found.Labels[place] = byte(label)
	}
	return found, nil
}

// boundarySearch finds boundary rows of one network, one after the other.
type boundarySearch struct {
	network    network
	random     *rand.Rand
	band       band
	scratch    scratch
	magnitudes *magnitudes
	// wide is the current row in float64. from and to are the ends of the segment.
	wide     []float64
	from, to []float32
	// lead has for each pair of classes, lower first, how many more rows were found on the
	// lower class's side: -1, 0 or 1.
	lead map[[2]int]int
}

func newBoundarySearch(n network, random *rand.Rand, within band) *boundarySearch {
	return &boundarySearch{
		network: n, random: random, band: within, scratch: n.newScratch(), magnitudes: newMagnitudes(n),
		wide: make([]float64, n.inputs), from: make([]float32, n.inputs), to: make([]float32, n.inputs),
		lead: map[[2]int]int{},
	}
}

// find writes one boundary row into row and returns its label.
func (b *boundarySearch) find(row []float32) (label int, err error) {
	for range maxDraws {
		home, crossed := b.drawSegment()
		if !crossed {
			continue
		}
		side := 1 - 2*b.random.IntN(2)
		rival, found := b.halve(row, home, side)
		if found && side*b.leadOf(home, rival) > 0 {
			side = -side
			rival, found = b.halve(row, home, side)
		}
		if !found || side*b.leadOf(home, rival) > 0 {
			continue
		}
		b.count(home, rival, side)
		if side > 0 {
			return home, nil
		}
		return rival, nil
	}
	return 0, fmt.Errorf("%w in %d draws: the model's labels do not depend on its inputs enough", ErrNoBoundary, maxDraws)
}

// leadOf returns how many more rows lie on home's side of its boundary with rival.
func (b *boundarySearch) leadOf(home, rival int) int {
	if home < rival {
		return b.lead[[2]int{home, rival}]
	}
	return -b.lead[[2]int{rival, home}]
}

func (b *boundarySearch) count(home, rival, side int) {
	if home < rival {
		b.lead[[2]int{home, rival}] += side
	} else {
		b.lead[[2]int{rival, home}] -= side
	}
}

// drawSegment sets b.from to a drawn row, with class home, and b.to to a row with another
// class. crossed is false if it finds no such row.
func (b *boundarySearch) drawSegment() (home int, crossed bool) {
	b.draw(b.from)
	logits := b.logits(b.from)
	home = judged(logits).label
	linear := len(b.network.layers) == 1
	if !linear || b.band.mixes {
		b.draw(b.to)
		if crossed = judged(b.logits(b.to)).label != home; crossed || !linear {
			return home, crossed
		}
		logits = b.logits(b.from)
	}
	return home, b.cross(home, nextBest(logits, home))
}

func (b *boundarySearch) draw(row []float32) {
	for i := range row {
		row[i] = 2*b.random.Float32() - 1
	}
}

// logits returns the logits of a row. They are valid until the next call.
func (b *boundarySearch) logits(row []float32) []float64 {
	for i, value := range row {
		b.wide[i] = float64(value)
	}
	return b.network.logits(b.wide, b.scratch)
}

// cross moves b.from along the difference of the weights of rival and home, within [-1, 1],
// until its label changes, and writes the result into b.to.
func (b *boundarySearch) cross(home, rival int) bool {
	logits := b.logits(b.from)
	direction, square := b.direction(home, rival)
	if square == 0 {
		return false
	}
	step := 2 * (logits[home] - logits[rival]) / square
	for range maxDoublings {
		for i, value := range b.from {
			b.to[i] = float32(min(1, max(-1, float64(value)+step*direction[i])))
		}
		if judged(b.logits(b.to)).label != home {
			return true
		}
		step *= 2
	}
	return false
}

// direction returns the difference of the weights of a logistic regression's classes rival
// and home, and the square of its length.
func (b *boundarySearch) direction(home, rival int) (difference []float64, square float64) {
	only := b.network.layers[0]
	difference = make([]float64, b.network.inputs)
	// Class 0 of a model with one output has no weights.
	add := func(class int, sign float64) {
		if output := class - (b.network.classes() - b.network.outputs()); output >= 0 {
			for i, weight := range only.row(output) {
				difference[i] += sign * weight
			}
		}
	}
	add(rival, 1)
	add(home, -1)
	for _, value := range difference {
		square += value * value
	}
	return difference, square
}

// halve writes into row a point between b.from, with class home, and b.to. At that point
// home leads by the wanted margin if side is 1, and trails by it if side is -1. It returns
// the other one of the two highest classes there.
func (b *boundarySearch) halve(row []float32, home, side int) (rival int, found bool) {
	low, high := 0.0, 1.0
	for range maxHalvings {
		middle := (low + high) / 2
		for i := range row {
			row[i] = float32((1-middle)*float64(b.from[i]) + middle*float64(b.to[i]))
		}
		at := b.look(row, home)
		margin := float64(side) * at.margin
		if margin >= b.band.smallest && margin <= b.band.largest {
			return at.rival, at.others >= b.band.otherClasses
		}
		if at.margin > float64(side)*b.band.aimed {
			low = middle
		} else {
			high = middle
		}
	}
	return 0, false
}

// outlook describes the position of a row relative to one class.
type outlook struct {
	// rival is the highest of the other classes. margin is how much lower it lies, in the
	// band's unit.
	rival  int
	margin float64
	// others is how much lower than both the highest third class lies, in the same unit. It
	// is +Inf without a third class.
	others float64
}

func (b *boundarySearch) look(row []float32, home int) outlook {
	logits := b.logits(row)
	rival := nextBest(logits, home)
	unit := b.band.unit(b, logits, home, rival)
	at := outlook{rival: rival, margin: (logits[home] - logits[rival]) / unit, others: math.Inf(1)}
	lower := min(logits[home], logits[rival])
	for class, logit := range logits {
		if class != home && class != rival {
			at.others = min(at.others, (lower-logit)/unit)
		}
	}
	return at
}

// nextBest returns the highest class except home.
func nextBest(logits []float64, home int) int {
	best := -1
	for class, logit := range logits {
		if class != home && (best < 0 || logit > logits[best]) {
			best = class
		}
	}
	return best
}

// BoundaryResult is the result of a contender on boundary rows.
type BoundaryResult struct {
	// Checked is the number of compared labels. Wrong is the number of those that differ
	// from the correct label.
	Checked, Wrong int
}

// wrongShareAllowed is far above the share that float32 gets wrong, which is 0. It is below
// the share of any coarser arithmetic, which is a third to a half.
const wrongShareAllowed = 0.25

// Err returns an ImprecisionError if more than a quarter of the labels are wrong, and else
// nil. It needs at least a few dozen labels to be meaningful.
func (r BoundaryResult) Err() error {
	if float64(r.Wrong) > wrongShareAllowed*float64(r.Checked) {
		return &ImprecisionError{r}
	}
	return nil
}

// ImprecisionError says that too many labels of boundary rows are wrong: the contender
// computed with less than float32, or with other weights.
type ImprecisionError struct{ BoundaryResult }

func (e *ImprecisionError) Error() string {
	return fmt.Sprintf("%d of %d labels at the decision boundary are wrong, more than a quarter: computed with less than float32, or with other weights", e.Wrong, e.Checked)
}

// Check compares labels, the Calls x Batch labels of a reply to request, with the correct
// ones. The inputs of request are exactly the boundary rows. Check follows the calls along
// the received labels. A chained request should have no warm-up: a contender that is wrong
// during warm-up starts at another row, and its labels are then wrong by chance.
func (b *Boundary) Check(request protocol.InferRequest, labels []byte) BoundaryResult {
	path := newPath(request)
	for range request.Warmup {
		path.next(int(b.Labels[path.lastOfCall()]))
	}
	path.endWarmUp()
	result := BoundaryResult{Checked: len(labels)}
	for call := range request.Calls {
		given := labels[call*request.Batch : (call+1)*request.Batch]
		for i, label := range given {
			if label != b.Labels[(path.row+i)%request.Rows] {
				result.Wrong++
			}
		}
		path.next(int(given[len(given)-1]))
	}
	return result
}
