package observe

// This file tests the measurement of memory bandwidth, except its figure.

import (
	"context"
	"errors"
	"testing"
	"time"

	"cupel/internal/evidence"
)

func TestMemoryBandwidth(t *testing.T) {
	reading, err := MemoryBandwidth(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", reading)
	if reading.BytesPerSecond <= 0 || reading.FastestBytesPerSecond < reading.BytesPerSecond {
		t.Errorf("%+v", reading)
	}
	if reading.BufferBytes > maxBufferBytes || reading.BufferBytes < blockBytes || reading.Bytes%blockBytes != 0 {
		t.Errorf("%d bytes of a buffer of %d", reading.Bytes, reading.BufferBytes)
	}
}

func TestBytesAreCounted(t *testing.T) {
	// With no time left, one block is prepared and one is read.
	reading, err := readMemory(t.Context(), 3*blockBytes, 0)
	if err != nil {
		t.Fatal(err)
	}
	if reading.Bytes != blockBytes || reading.BufferBytes != blockBytes {
		t.Errorf("%+v", reading)
	}
	var sum evidence.MemoryReading
	addBlock(&sum, 4*time.Millisecond)
	addBlock(&sum, 2*time.Millisecond)
	if want := (evidence.MemoryReading{Bytes: 16 << 20, Nanoseconds: 6_000_000, FastestBytesPerSecond: (8 << 20) / 0.002}); sum != want {
		t.Errorf("%+v, want %+v", sum, want)
	}
}

func TestEveryWordIsRead(t *testing.T) {
	for _, length := range []int{0, 1, 7, 8, 9, 64, 100} {
		words := make([]uint64, length)
		var want uint64
		for i := range words {
			words[i] = 1 << (i % 60)
			want += words[i]
		}
		if got := sumWords(words); got != want {
			t.Errorf("the sum of %d words is %d, want %d", length, got, want)
		}
	}
}

func TestMemoryBandwidthOfAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := MemoryBandwidth(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
