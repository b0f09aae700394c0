package observe

// This file tests how long this process has waited for a CPU.

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestOwnWaitIsOfAllThreads(t *testing.T) {
	own := fmt.Sprintf("proc/%d/task/", os.Getpid())
	root := fixture(t, map[string]string{own + "1/schedstat": "100 20 3\n", own + "2/schedstat": "100 3 1\n"})
	if waited, err := ownWait(root); err != nil || waited != 23*time.Nanosecond {
		t.Errorf("%v, %v", waited, err)
	}
	// A kernel without such accounts has a file of zeros or none.
	root = fixture(t, map[string]string{own + "1/schedstat": "100 20 3\n", own + "2/stat": ""})
	if waited, err := ownWait(root); err == nil {
		t.Errorf("a thread of which nothing is told: %v", waited)
	}
}

func TestOwnWaitOfThisProcess(t *testing.T) {
	before, err := OwnWait()
	if err != nil {
		t.Fatal(err)
	}
	if after, err := OwnWait(); err != nil || before < 0 || after < before {
		t.Errorf("%v, then %v, %v", before, after, err)
	}
}

func BenchmarkOwnWait(b *testing.B) {
	for b.Loop() {
		if _, err := OwnWait(); err != nil {
			b.Fatal(err)
		}
	}
}
