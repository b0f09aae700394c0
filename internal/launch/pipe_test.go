package launch

// This file tests the pipe as it is used where pipes have no deadlines.

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// startEcho returns a pipe whose contender sends each line back, except the line "hang".
func startEcho(t *testing.T) *pipe {
	t.Helper()
	p, childIn, childOut, err := newPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	go func() {
		defer childOut.Close()
		defer childIn.Close()
		for lines := bufio.NewScanner(childIn); lines.Scan(); {
			if lines.Text() != "hang" {
				io.WriteString(childOut, lines.Text()+"\n")
			}
		}
	}()
	return p
}

func TestRequestsWithoutDeadlinesOfThePipe(t *testing.T) {
	const soon, late = 20 * time.Millisecond, time.Minute
	p := startEcho(t)
	for _, line := range []string{"one", "two"} {
		reply, took, err := p.exchangeBeside(t.Context(), []byte(line+"\n"), time.Now().Add(late))
		if err != nil || string(reply) != line || took <= 0 {
			t.Errorf("%q: reply %q in %v, %v", line, reply, took, err)
		}
	}
	if _, _, err := p.exchangeBeside(t.Context(), []byte("hang\n"), time.Now().Add(soon)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("no reply: %v", err)
	}
	// The read that was left there would take the reply of a later request.
	if _, _, err := p.exchangeBeside(t.Context(), []byte("three\n"), time.Now().Add(late)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a request after one that is overdue: %v", err)
	}
	if stray, err := p.unasked(); stray != nil || err != nil {
		t.Errorf("unasked: %q, %v", stray, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := startEcho(t).exchangeBeside(ctx, []byte("hang\n"), time.Now().Add(late)); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}

	gone := startEcho(t)
	gone.closeRequests()
	if _, _, err := gone.exchangeBeside(t.Context(), []byte("one\n"), time.Now().Add(late)); !errors.Is(err, io.EOF) {
		t.Errorf("a contender that has gone: %v", err)
	}
}
