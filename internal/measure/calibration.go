package measure

// This file measures the harness itself: what its clocks, pipes and loops cost on
// this machine, the floor beside which every figure is to be seen.

import (
	"context"
	"os"
	"slices"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/observe"
	"cupel/internal/stats"
	"cupel/internal/suite"
)

// Calibrate measures the harness. command starts a contender for the round trips
// of a pipe, on the contenders' CPUs.
func Calibrate(ctx context.Context, command []string, cpus []int) (evidence.Calibration, error) {
	var c evidence.Calibration
	c.ClockNanoseconds, c.ClockStepNanoseconds = clockCosts()
	loop := startCanary(cpus)
	c.CanaryNanoseconds, c.CycleNanoseconds = canaryLevel(loop), cycleLevel(loop)
	c.AccountNanoseconds = accountCost()
	var err error
	if c.Memory, err = observe.MemoryBandwidth(ctx); err != nil {
		return c, err
	}
	c.PipeNanoseconds, err = pipeRoundTrip(ctx, command, cpus)
	return c, err
}

// clockCosts reads the clock over and over: the mean of the distances is what a
// reading takes, and the least above 0 is the clock's step, or that again.
func clockCosts() (nanoseconds float64, step int64) {
	const readings = 20_000
	distances := make([]float64, readings)
	began := time.Now()
	last := time.Since(began)
	for i := range distances {
		now := time.Since(began)
		distances[i], last = float64(now-last), now
	}
	least := int64(0)
	for _, distance := range distances {
		if distance > 0 && (least == 0 || int64(distance) < least) {
			least = int64(distance)
		}
	}
	return stats.Describe(distances).Mean, least
}

func canaryLevel(c *canary) float64 {
	const readings = 500
	taken := make([]time.Duration, readings)
	for i := range taken {
		taken[i] = c.time()
	}
	slices.Sort(taken)
	return float64(taken[readings/10].Nanoseconds())
}

func cycleLevel(c *canary) float64 {
	readings := make([]float64, cycleReadings)
	for i := range readings {
		readings[i] = c.cycle()
	}
	return stats.Median(readings)
}

func accountCost() float64 {
	const accounts = 11
	var taken []float64
	for range accounts {
		began := time.Now()
		if _, err := observe.Process(os.Getpid()); err != nil {
			return 0
		}
		taken = append(taken, float64(time.Since(began).Nanoseconds()))
	}
	return stats.Median(taken)
}

// pipeRoundTrip is the median time of a request that asks for nothing.
func pipeRoundTrip(ctx context.Context, command []string, cpus []int) (float64, error) {
	const trips = 200
	process, err := launch.Start(launch.Spec{Contender: "calibration", Command: command, Threads: 1, CPUs: cpus, Limits: suite.DefaultLimits})
	if err != nil {
		return 0, err
	}
	defer process.End()
	var taken []float64
	for range trips {
		began := time.Now()
		if _, err := process.Hello(ctx); err != nil {
			return 0, err
		}
		taken = append(taken, float64(time.Since(began).Nanoseconds()))
	}
	return stats.Median(taken), nil
}
