package observe

// This file tests the waiting time of a thread of this process.

import (
	"runtime"
	"testing"
	"time"
)

func TestThreadWaitOfAFixture(t *testing.T) {
	root := fixture(t, map[string]string{"proc/thread-self/schedstat": "100 20 3\n"})
	if waited, err := threadWait(root); err != nil || waited != 20*time.Nanosecond {
		t.Errorf("%v, %v", waited, err)
	}
	for _, text := range []string{"", "100 20\n", "100 x 3\n"} {
		root := fixture(t, map[string]string{"proc/thread-self/schedstat": text})
		if waited, err := threadWait(root); err == nil {
			t.Errorf("%q: %v", text, waited)
		}
	}
}

func TestThreadWaitOfThisThread(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := ThreadWait()
	if err != nil {
		t.Fatal(err)
	}
	if after, err := ThreadWait(); err != nil || before < 0 || after < before {
		t.Errorf("%v, then %v, %v", before, after, err)
	}
}

func BenchmarkThreadWait(b *testing.B) {
	for b.Loop() {
		if _, err := ThreadWait(); err != nil {
			b.Fatal(err)
		}
	}
}
