package observe

// This file measures how fast one core reads memory.

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"cupel/internal/evidence"
)

const (
	// maxReadingTime bounds the preparation and the measurement together; each gets
	// half.
	maxReadingTime = 100 * time.Millisecond
	// maxBufferBytes bounds the buffer.
	maxBufferBytes = 256 << 20
	// minBufferBytes is the size of the buffer where the caches are small or their size
	// is unknown.
	minBufferBytes = 64 << 20
	// cacheMultiple is the size of the buffer in units of the largest cache. At 2, the
	// cache holds little of the buffer when the loop returns to its start.
	cacheMultiple = 2
	// blockBytes is read between two readings of the clock.
	blockBytes = 8 << 20
	wordBytes  = int(unsafe.Sizeof(uint64(0)))
	// pageBytes is the step between the writes that make the kernel allocate pages.
	// Real pages may be larger.
	pageBytes = 4096
)

// MemoryBandwidth measures how many bytes a second one core reads sequentially from
// memory. This is the lower bound for every engine whose weights do not fit into a
// cache. The buffer is twice as large as the largest cache and at most 256 MiB;
// preparation and measurement take about 100 ms. MemoryBandwidth fails when ctx has
// ended or memory is short. Other load on the core lowers the figure, so call it while
// the machine is idle.
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

// readMemory reads a buffer of whole blocks until the time is over, and at least one
// block.
func readMemory(ctx context.Context, size int64, limit time.Duration) (reading evidence.MemoryReading, err error) {
	buffer, release, err := allocate(size)
	if err != nil {
		return reading, fmt.Errorf("%d bytes: %w", size, err)
	}
	defer release()
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

// makeReal writes to every page. The kernel maps all pages that were only read to one
// page of zeros, which a cache holds. makeReal returns the part that it wrote before
// the deadline, at least one block.
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

// sumWords has eight independent sums, so that loads and not additions limit the speed.
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

// keep prevents the compiler from removing the computation of its argument.
//
//go:noinline
func keep(uint64) {}
