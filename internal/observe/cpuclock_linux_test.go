package observe

// This file tests the CPU clocks of processes.

import (
	"os"
	"testing"
)

func TestCPUClockTellsWorkFromSleep(t *testing.T) {
	sleeper := child(t, childSleeps)
	before, err := CPUClock(sleeper)
	if err != nil {
		t.Fatal(err)
	}
	burner, err := CPUClock(child(t, childBurns))
	if err != nil {
		t.Fatal(err)
	}
	after, err := CPUClock(sleeper)
	if err != nil {
		t.Fatal(err)
	}
	if burner < burnt {
		t.Errorf("a process that used %v of CPU time has a clock of %v", burnt, burner)
	}
	if slept := after - before; before <= 0 || slept < 0 || burner < 10*slept {
		t.Errorf("while a burner used %v, the clock of a sleeper went from %v to %v", burner, before, after)
	}
}

func TestCPUClockGoesOnlyForwards(t *testing.T) {
	earlier, err := CPUClock(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	later, err := CPUClock(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if earlier <= 0 || later < earlier {
		t.Errorf("%v, then %v", earlier, later)
	}
}

func TestCPUClockOfNobody(t *testing.T) {
	for _, process := range []int{-1, 0, 1 << 28} {
		if used, err := CPUClock(process); err == nil {
			t.Errorf("process %d: %v", process, used)
		}
	}
}

func BenchmarkCPUClock(b *testing.B) {
	for b.Loop() {
		if _, err := CPUClock(os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}
