package provision

// This file writes the log of an installation and reads the progress from it.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"cupel/internal/spawn"
)

// buildLog keeps what the installing programs print.
type buildLog struct {
	path     string
	progress Progress

	mutex sync.Mutex
	file  *os.File
	lines []string
	// step matches a line that begins a new step, with the step's name as its group.
	// total is how many steps are expected.
	step  *regexp.Regexp
	seen  map[string]bool
	total int
	// fault is the first error that kept a line out of the file.
	fault error
}

const keptLines = 12

func newBuildLog(path string, progress Progress) (*buildLog, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &buildLog{path: path, progress: progress, file: file}, nil
}

// expect sets which of the following lines are steps, and how many there will be.
func (l *buildLog) expect(step *regexp.Regexp, total int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.step, l.total, l.seen = step, total, map[string]bool{}
}

func (l *buildLog) add(line string) {
	// These lines name package indexes, whose addresses may hold passwords. The log
	// becomes published evidence.
	if strings.HasPrefix(line, "Looking in ") || strings.TrimSpace(line) == "" {
		return
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if _, err := fmt.Fprintln(l.file, line); err != nil && l.fault == nil {
		l.fault = err
	}
	l.lines = append(l.lines, line)
	l.lines = l.lines[max(0, len(l.lines)-keptLines):]
	if l.step == nil {
		return
	}
	if match := l.step.FindStringSubmatch(line); match != nil {
		l.seen[match[1]] = true
		l.progress(match[1], min(len(l.seen), l.total), l.total)
	}
}

func (l *buildLog) last() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.lines
}

// Close closes the file. It fails where the log is incomplete, because the log is
// evidence.
func (l *buildLog) Close() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if err := errors.Join(l.fault, l.file.Close()); err != nil {
		return fmt.Errorf("log of the installation: %w", err)
	}
	return nil
}

// run runs a program in dir and logs what it prints. The program and its children end
// with ctx.
func (l *buildLog) run(ctx context.Context, dir string, env []string, name string, arguments ...string) error {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	// A daemon that a tool leaves behind can keep the pipe open for ever.
	command.WaitDelay = 2 * time.Second
	command.Cancel = func() error { return spawn.KillGroup(command.Process.Pid) }
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(reader)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			l.add(lines.Text())
		}
		if lines.Err() != nil {
			l.add(fmt.Sprintf("[cut by cupel: %v]", lines.Err()))
		}
		io.Copy(io.Discard, reader)
	}()
	err := spawn.Start(command, nil)
	if err == nil {
		err = command.Wait()
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	writer.Close()
	<-read
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
