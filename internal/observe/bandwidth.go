package observe

// This file measures how fast one core reads memory.

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

const (
	// maxReadingTime bounds the measurement with its preparation, half for each.
	maxReadingTime = 100 * time.Millisecond
	// maxBufferBytes bounds the memory.
	maxBufferBytes = 256 << 20
	// minBufferBytes is what is read where the caches are small or hidden.
	minBufferBytes = 64 << 20
	// cacheMultiple is how often the buffer holds the largest cache, so that little
	// of it is still there when it comes round again.
	cacheMultiple = 2
	// blockBytes is read between two looks at the clock.
	blockBytes = 8 << 20
	wordBytes  = int(unsafe.Sizeof(uint64(0)))
	// pageBytes is the step in which memory is made real; pages may be larger.
	pageBytes = 4096
)

// MemoryBandwidth measures how many bytes a second one core reads from memory one
// after the other: the floor under every engine whose weights fit no cache. It
// reads a buffer twice as large as the largest cache, of at most 256 MiB, for some
// 100 ms together with its preparation. It fails when ctx has ended or there is no
// memory. A core that is shared makes it slower, so it is to be called when nothing
// else runs.
func MemoryBandwidth(ctx context.Context) (evidence.MemoryReading, error) {
	cache := largestCache(Describe().Caches)
	size := min(max(cacheMultiple*cache, minBufferBytes), maxBufferBytes)
	reading, err := readMemory(ctx, size-size%blockBytes, maxReadingTime)
	if err != nil {
		return evidence.MemoryReading{}, fmt.Errorf("memory bandwidth: %w", err)
	}
	reading.CacheBytes = cache
	return reading, nil
}

// readMemory reads a buffer of whole blocks until the time is over, one block at
// least.
func readMemory(ctx context.Context, size int64, limit time.Duration) (reading evidence.MemoryReading, err error) {
	// Outside the heap, so that the collector neither waits for it nor keeps it.
	buffer, err := unix.Mmap(-1, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return reading, fmt.Errorf("%d bytes: %w", size, err)
	}
	defer unix.Munmap(buffer)
	adviseHugePages(buffer)

	began := time.Now()
	ready, err := makeReal(ctx, buffer, began.Add(limit/2))
	if err != nil {
		return reading, err
	}
	words := unsafe.Slice((*uint64)(unsafe.Pointer(&ready[0])), len(ready)/wordBytes)
	reading.BufferBytes = int64(len(ready))
	var sum uint64
	for deadline, at := time.Now().Add(limit/2), 0; ; at = (at + blockBytes/wordBytes) % len(words) {
		if err := ctx.Err(); err != nil {
			return reading, err
		}
		from := time.Now()
		sum += sumWords(words[at : at+blockBytes/wordBytes])
		to := time.Now()
		addBlock(&reading, to.Sub(from))
		if to.After(deadline) {
			break
		}
	}
	reading.BytesPerSecond = float64(reading.Bytes) / (float64(reading.Nanoseconds) / 1e9)
	keep(sum)
	return reading, nil
}

func addBlock(reading *evidence.MemoryReading, took time.Duration) {
	took = max(took, 1)
	reading.Bytes += blockBytes
	reading.Nanoseconds += took.Nanoseconds()
	reading.FastestBytesPerSecond = max(reading.FastestBytesPerSecond, blockBytes/took.Seconds())
}

// makeReal writes to every page, because the kernel lends all pages that have only
// been read the same page of zeros, which a cache holds. It returns the part that
// it got to before the deadline, one block at least.
func makeReal(ctx context.Context, buffer []byte, deadline time.Time) ([]byte, error) {
	for start := 0; start < len(buffer); start += blockBytes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if start > 0 && time.Now().After(deadline) {
			return buffer[:start], nil
		}
		for at := start; at < start+blockBytes; at += pageBytes {
			buffer[at] = 1
		}
	}
	return buffer, nil
}

// sumWords has eight sums, so that the loads and not the additions set the pace.
func sumWords(words []uint64) uint64 {
	var a, b, c, d, e, f, g, h uint64
	for ; len(words) >= 8; words = words[8:] {
		eight := words[:8:8]
		a += eight[0]
		b += eight[1]
		c += eight[2]
		d += eight[3]
		e += eight[4]
		f += eight[5]
		g += eight[6]
		h += eight[7]
	}
	for _, word := range words {
		a += word
	}
	return a + b + c + d + e + f + g + h
}

// keep makes the compiler believe that a value is needed.
//
//go:noinline
func keep(uint64) {}
