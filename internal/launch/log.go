package launch

// This file keeps what a contender writes to stderr.

import (
	"bytes"
	"fmt"
	"os"
	"sync"
)

const (
	maxLogBytes  = 1 << 20
	maxTailBytes = 4 << 10
)

// tail writes a log to a file, cut at maxLogBytes, and remembers its end.
type tail struct {
	mutex   sync.Mutex
	file    *os.File
	written int
	end     []byte
}

func newTail(path string) (*tail, error) {
	if path == "" {
		return &tail{}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("log: %w", err)
	}
	return &tail{file: file}, nil
}

// Write never fails: a full disk must not end a contender that logs.
func (t *tail) Write(data []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.end = append(t.end, data...)
	t.end = t.end[max(0, len(t.end)-maxTailBytes):]
	if t.file == nil || t.written > maxLogBytes {
		return len(data), nil
	}
	if t.written+len(data) > maxLogBytes {
		t.file.Write(data[:maxLogBytes-t.written])
		fmt.Fprintf(t.file, "\n[cut by cupel: a log may have %d bytes]\n", maxLogBytes)
		t.written = maxLogBytes + 1
		return len(data), nil
	}
	t.file.Write(data)
	t.written += len(data)
	return len(data), nil
}

// Close closes the file.
func (t *tail) Close() error {
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

// maxTailLines is how many lines of a log's end are shown, each cut at 200 bytes.
const maxTailLines = 10

// lastLines returns the last lines that are not blank.
func (t *tail) lastLines() []string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var lines []string
	for line := range bytes.Lines(t.end) {
		if shown := oneLine(string(line[:min(len(line), 200)])); shown != "" {
			lines = append(lines, shown)
		}
	}
	return lines[max(0, len(lines)-maxTailLines):]
}

// lastLine returns the last line that is not blank.
func (t *tail) lastLine() string {
	lines := t.lastLines()
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}
