package measure

// This file holds the canary: a fixed loop of the harness's own, timed on the
// contenders' core. Where a virtual machine hides frequency, temperature, stolen
// time and neighbours, the canary shows them.

import (
	"runtime"
	"slices"
	"time"

	"cupel/internal/spawn"
)

// canarySteps makes the loop last some ten microseconds, like a short burst.
const canarySteps = 6000

// wakeFor is how long the core is kept busy before a round.
const wakeFor = 60 * time.Microsecond

// canary is a thread of its own on the contenders' core.
type canary struct {
	turn chan func()
	done chan struct{}
	// table is what the loop reads; left keeps the loop from being left out.
	table [4096]uint64
	left  uint64
}

// startCanary starts the thread. It lives as long as the process: ending it would
// end contenders that the same thread has started, were there any.
func startCanary(cpus []int) *canary {
	c := &canary{turn: make(chan func()), done: make(chan struct{})}
	go func() {
		runtime.LockOSThread()
		// A core that can't be had leaves the canary where the kernel puts it.
		_, _ = spawn.Pin(cpus)
		for work := range c.turn {
			work()
			c.done <- struct{}{}
		}
	}()
	return c
}

// do lets the canary's thread do something.
func (c *canary) do(work func()) {
	c.turn <- work
	<-c.done
}

// time lets the canary run once.
func (c *canary) time() time.Duration {
	var took time.Duration
	c.do(func() {
		// The thread has just woken: the first loop is like a burst's warm-up.
		c.loop()
		began := time.Now()
		c.loop()
		took = time.Since(began)
	})
	return took
}

// wake keeps the core busy for a moment.
func (c *canary) wake() {
	c.do(func() {
		for began := time.Now(); time.Since(began) < wakeFor; {
			c.loop()
		}
	})
}

// cycleSteps makes the chain last some ten microseconds, of cyclesPerStep cycles
// each: a multiplication of integers takes three on current processors, an addition
// one.
const (
	cycleSteps    = 5000
	cyclesPerStep = 4
)

// cycle times a chain of dependent instructions once and returns what a cycle takes, in
// nanoseconds. It shows the clock's rate, which a virtual machine may hide.
func (c *canary) cycle() float64 {
	var took time.Duration
	c.do(func() {
		c.chain()
		began := time.Now()
		c.chain()
		took = time.Since(began)
	})
	return float64(took.Nanoseconds()) / (cycleSteps * cyclesPerStep)
}

func (c *canary) chain() {
	x := c.left
	for range cycleSteps {
		x = x*0x5851f42d4c957f2d + 0x14057b7ef767814f
	}
	c.left = x
}

// loop keeps all of a core's units busy with values from its nearest cache. It is
// slower where the clock is, and also where somebody else's work shares the core's
// units, which a chain of dependent instructions would not notice: on a virtual
// machine the sibling thread of a core may belong to another guest.
func (c *canary) loop() {
	t := &c.table
	a, b, d, e, f, g := c.left, c.left+1, c.left+2, c.left+3, c.left+4, c.left+5
	for i := range canarySteps {
		a += t[i%len(t)] ^ b
		b ^= d << 3
		d += e
		e ^= f + 7
		f += t[i*7%len(t)]
		g += a ^ e
	}
	c.left = a + b + d + e + f + g
}

// canaryReadings are what the canary has shown in a cell of late.
type canaryReadings struct {
	core core
	// last are the last readings, of made in all.
	last []time.Duration
	made int
	// level is the fast level, which is found anew when due readings were made.
	level time.Duration
	due   int
}

// canaryWindow is how many of the last readings the fast level is found from, canaryLeast
// how many there are at least.
const (
	canaryWindow = 4096
	canaryLeast  = 100
)

// read reads the canary once.
func (c *canaryReadings) read() time.Duration {
	took := c.core.time()
	if len(c.last) < canaryWindow {
		c.last = append(c.last, took)
	} else {
		c.last[c.made%canaryWindow] = took
	}
	c.made++
	return took
}

// acquaint reads the canary until there is a fast level to wait for.
func (c *canaryReadings) acquaint() {
	for c.made < canaryLeast {
		c.read()
	}
}

// fastest is the canary's fast level of late: the 2% quantile, found anew now and
// then.
func (c *canaryReadings) fastest() time.Duration {
	const anew = 500
	if c.level == 0 || c.made >= c.due {
		sorted := slices.Sorted(slices.Values(c.last))
		c.level, c.due = sorted[len(sorted)/50], c.made+anew
	}
	return c.level
}
