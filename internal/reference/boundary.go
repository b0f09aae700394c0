package reference

// This file holds rows at the decision boundary and the verdict on a contender's
// labels of them. At random rows the classes lie so far apart that an engine which
// computes with half the digits is hardly ever wrong. Here two classes lie closer
// together than coarse weights can tell, and still far apart for float32 in any
// order of summation.

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"cupel/internal/protocol"
)

// The margin of a boundary row is the difference of its two highest logits,
// relative to the magnitude of what was summed up for them (see magnitudes).
// Honest float32 sums err by some 3e-8 of it, float16 weights by some 1e-5.
const (
	aimedMargin    = 2e-6
	smallestMargin = 1.5e-6
	largestMargin  = 3e-6
	// otherClassesMargin is by how much any third class is further off at least, so
	// that rounding can't bring it into play.
	otherClassesMargin = 10 * largestMargin
)

// band says how far from the boundary rows are to lie, in units of its own.
type band struct {
	aimed, smallest, largest, otherClasses float64
	// unit is that of a row at which the search has looked.
	unit func(b *boundarySearch, logits []float64, home, rival int) float64
	// mixes has rows be mixes of two drawn ones, where they have different labels.
	mixes bool
}

// atRounding is the band of boundary rows.
var atRounding = band{
	aimed: aimedMargin, smallest: smallestMargin, largest: largestMargin, otherClasses: otherClassesMargin,
	unit: func(b *boundarySearch, _ []float64, home, rival int) float64 {
		return b.magnitudes.of(b.wide, b.scratch, home, rival)
	},
}

// leastMagnitude is what magnitudes count as at least. It keeps the margin above
// 1.5e-6, so that an engine which compares float32 probabilities, near 1/2 and
// 6e-8 apart, still sees it.
const leastMagnitude = 1

// The search for a row: how often a segment is halved before another one is drawn,
// how often the way across a linear boundary is doubled, and how many segments are
// drawn in vain, since the last row that was found, before the search ends.
const (
	maxHalvings  = 60
	maxDoublings = 40
	maxDraws     = 10_000
)

// ErrNoBoundary is the error for a model whose label hardly depends on its inputs.
var ErrNoBoundary = errors.New("no rows at the decision boundary were found")

// Boundary is rows at the decision boundary, with their labels on record.
type Boundary struct {
	// Values is rows x inputs, row-major (hop = inputs), each in [-1, 1].
	Values []float32
	// Labels has one entry per row: the label in float64.
	Labels []byte
}

// BoundaryRows draws n rows from [-1, 1]^inputs and moves them to the boundary of
// two classes, on either side equally often (for each pair of classes the numbers
// differ by 1 at most), in random order. The same state of random gives the same
// rows, on processors of the same kind: elsewhere float64 sums may round otherwise.
// A model without a boundary within reach gives ErrNoBoundary. Only one goroutine at
// a time may use random.
//
// A row of a logistic regression is moved along the difference of the weights of
// its two highest classes until its label changes; the row wanted lies in between
// and is found by halving. Of an MLP two drawn rows with different labels are the
// ends. Every step looks at the row as float32, so that rounding it changes
// nothing.
func (r *Reference) BoundaryRows(random *rand.Rand, n int) (*Boundary, error) {
	inputs := r.network.inputs
	found := &Boundary{Values: make([]float32, n*inputs), Labels: make([]byte, n)}
	search := newBoundarySearch(r.network, random, atRounding)
	// Sides alternate as rows are found, which a contender could know.
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
	// wide is the row at work in float64; from and to are the segment's ends.
	wide     []float64
	from, to []float32
	// lead is, for a pair of classes, lower first, how many more rows were found on
	// the lower one's side: -1, 0 or 1.
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

// leadOf is how many more rows lie on home's side of its boundary with rival.
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

// drawSegment makes b.from a drawn row, of class home, and b.to one of another
// class, if there is one.
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

// logits are valid until the next call.
func (b *boundarySearch) logits(row []float32) []float64 {
	for i, value := range row {
		b.wide[i] = float64(value)
	}
	return b.network.logits(b.wide, b.scratch)
}

// cross moves b.from along the difference of the weights of rival and home, within
// [-1, 1], until it has another label, and writes it into b.to.
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

// direction is the difference of the weights of a logistic regression's classes
// rival and home, and the square of its length.
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

// halve writes into row the point between b.from, of class home, and b.to that has
// home ahead by the aimed margin, where side is 1, or behind by it, where side is
// -1. It returns the other of the two highest classes there.
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

// outlook is how a row lies, seen from one class.
type outlook struct {
	// rival is the highest of the other classes, margin by how much it lies lower, in
	// the band's unit.
	rival  int
	margin float64
	// others is by how much the highest third class lies below both, in the same
	// unit; without one it is +Inf.
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

// nextBest is the highest class but home.
func nextBest(logits []float64, home int) int {
	best := -1
	for class, logit := range logits {
		if class != home && (best < 0 || logit > logits[best]) {
			best = class
		}
	}
	return best
}

// BoundaryResult is how a contender did on boundary rows.
type BoundaryResult struct {
	// Checked is the number of its labels, Wrong that of those which are not the
	// label on record.
	Checked, Wrong int
}

// wrongShareAllowed is far above what float32 gets wrong, which is nothing, and
// below what anything coarser does, which is a third to a half.
const wrongShareAllowed = 0.25

// Err is an ImprecisionError where more than a quarter of the labels are wrong,
// otherwise nil. A few dozen labels at least are needed for it to mean something.
func (r BoundaryResult) Err() error {
	if float64(r.Wrong) > wrongShareAllowed*float64(r.Checked) {
		return &ImprecisionError{r}
	}
	return nil
}

// ImprecisionError says that labels of boundary rows are wrong so often that the
// contender computed with less than float32, or with other weights.
type ImprecisionError struct{ BoundaryResult }

func (e *ImprecisionError) Error() string {
	return fmt.Sprintf("%d of %d labels at the decision boundary are wrong, more than a quarter: computed with less than float32, or with other weights", e.Wrong, e.Checked)
}

// Check compares labels, the Calls x Batch ones of a reply to request, whose
// inputs are the boundary rows alone, with those on record. It follows the calls
// along the labels that came back. A chained request should have no warm-up: a
// contender that is wrong in it begins elsewhere, and is then wrong by chance.
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
