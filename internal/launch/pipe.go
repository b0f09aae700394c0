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
	return &pipe{in, out, bufio.NewReaderSize(out, 1<<16)}, childIn, childOut, nil
}

// send implements transport.
func (p *pipe) send(request any, deadline time.Time) error {
	text, err := encode(request)
	if err != nil {
		return err
	}
	if err := p.stdin.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err = p.stdin.Write(text)
	return err
}

// exchange implements transport.
func (p *pipe) exchange(ctx context.Context, request any, deadline time.Time, asleep bool) (reply []byte, took time.Duration, err error) {
	text, err := encode(request)
	if err != nil {
		return nil, 0, err
	}
	if err := errors.Join(p.stdout.SetReadDeadline(deadline), p.stdin.SetWriteDeadline(deadline)); err != nil {
		return nil, 0, err
	}
	stop := context.AfterFunc(ctx, func() { p.stdout.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	sent := time.Now()
	_, sendErr := p.stdin.Write(text)
	if asleep {
		awaitReply(ctx, p.stdout, deadline)
	}
	reply, err = readLine(p.replies)
	took = time.Since(sent)
	if err == nil && sendErr != nil {
		err = &unreadError{sendErr}
	}
	return reply, took, err
}

// unasked implements transport.
func (p *pipe) unasked() ([]byte, error) {
	if p.replies.Buffered() == 0 && !readable(p.stdout) {
		return nil, nil
	}
	if err := p.stdout.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
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
