package launch

// This file is the transport of JSON lines over stdin and stdout.

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"cupel/internal/protocol"
)

// pipe is a transport over a contender's stdin and stdout, a line for each request and
// each reply.
type pipe struct {
	stdin, stdout *os.File
	replies       *bufio.Reader
	// overdue says that work which outlasted its deadline still uses the pipe.
	overdue bool
}

// newPipe returns a pipe and the contender's ends of it.
func newPipe() (p *pipe, childIn, childOut *os.File, err error) {
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, nil, nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		childIn.Close()
		in.Close()
		return nil, nil, nil, err
	}
	return &pipe{stdin: in, stdout: out, replies: bufio.NewReaderSize(out, 1<<16)}, childIn, childOut, nil
}

// send implements transport.
func (p *pipe) send(request any, deadline time.Time) error {
	text, err := encode(request)
	if err != nil {
		return err
	}
	err = p.stdin.SetWriteDeadline(deadline)
	if errors.Is(err, os.ErrNoDeadline) {
		return p.beside(context.Background(), deadline, func() error { _, err := p.stdin.Write(text); return err })
	}
	if err != nil {
		return err
	}
	_, err = p.stdin.Write(text)
	return err
}

// beside does work in a goroutine of its own and leaves it there at the deadline. It is
// for Windows, whose pipes have no deadlines. Work that is left ends with the contender,
// whose launch has failed; the pipe does no more work.
func (p *pipe) beside(ctx context.Context, deadline time.Time, work func() error) error {
	if p.overdue {
		return os.ErrDeadlineExceeded
	}
	done := make(chan error, 1)
	go func() { done <- work() }()
	over := time.NewTimer(time.Until(deadline))
	defer over.Stop()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		p.overdue = true
		return ctx.Err()
	case <-over.C:
		p.overdue = true
		return os.ErrDeadlineExceeded
	}
}

// exchange implements transport.
func (p *pipe) exchange(ctx context.Context, request any, deadline time.Time, asleep bool) (reply []byte, took time.Duration, err error) {
	text, err := encode(request)
	if err != nil {
		return nil, 0, err
	}
	err = errors.Join(p.stdout.SetReadDeadline(deadline), p.stdin.SetWriteDeadline(deadline))
	if errors.Is(err, os.ErrNoDeadline) {
		return p.exchangeBeside(ctx, text, deadline)
	}
	if err != nil {
		return nil, 0, err
	}
	stop := context.AfterFunc(ctx, func() { p.stdout.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	await := func() {}
	if asleep {
		await = func() { awaitReply(ctx, p.stdout, deadline) }
	}
	return p.roundTrip(text, await)
}

// roundTrip sends a line and reads the reply once await has returned.
func (p *pipe) roundTrip(text []byte, await func()) (reply []byte, took time.Duration, err error) {
	sent := time.Now()
	_, sendErr := p.stdin.Write(text)
	await()
	reply, err = readLine(p.replies)
	took = time.Since(sent)
	if err == nil && sendErr != nil {
		err = &unreadError{sendErr}
	}
	return reply, took, err
}

// exchangeBeside is exchange where pipes have no deadlines.
func (p *pipe) exchangeBeside(ctx context.Context, text []byte, deadline time.Time) ([]byte, time.Duration, error) {
	type replied struct {
		reply []byte
		took  time.Duration
	}
	result := make(chan replied, 1)
	err := p.beside(ctx, deadline, func() error {
		reply, took, err := p.roundTrip(text, func() {})
		result <- replied{reply, took}
		return err
	})
	if p.overdue {
		return nil, 0, err // The work that was left is still to fill in the result.
	}
	got := <-result
	return got.reply, got.took, err
}

// unasked implements transport.
func (p *pipe) unasked() ([]byte, error) {
	if p.overdue || p.replies.Buffered() == 0 && !readable(p.stdout) {
		return nil, nil
	}
	// What is buffered is there without a read, and so without a deadline.
	if err := p.stdout.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil && p.replies.Buffered() == 0 {
		return nil, err
	}
	if start, _ := p.replies.Peek(1); len(start) == 0 {
		return nil, nil // It has closed its stdout; the next read says how it ended.
	}
	stray, _ := p.replies.Peek(p.replies.Buffered())
	return stray, nil
}

// closeRequests implements transport.
func (p *pipe) closeRequests() { p.stdin.Close() }

// close implements transport.
func (p *pipe) close() {
	p.stdin.Close()
	p.stdout.Close()
}

// encode returns a request as a line.
func encode(request any) ([]byte, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	return append(text, '\n'), nil
}

// readLine reads a line and returns it without the line break.
func readLine(replies *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := replies.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > protocol.MaxLineBytes+1 {
			return line, errTooLong
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return line, err
		}
		return line[:len(line)-1], nil
	}
}
