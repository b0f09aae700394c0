package launch

// This file holds the seam between what a contender is asked and how it is asked.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cupel/internal/protocol"
)

// transport carries requests to a contender that was started, and its replies back. A
// Launch knows what it asks, how long that may take and what a failure means; a transport
// knows how a request and a reply travel. JSON lines over a pipe are the only one (pipe);
// HTTP on the loopback is to be another. Its methods are called from one goroutine.
type transport interface {
	// send sends a request that has no reply.
	send(request any, deadline time.Time) error
	// exchange sends a request and waits for its reply until the deadline or the end of
	// ctx. took is the harness's own time, from before the request is written until the
	// reply is read. asleep has the calling thread sleep in the kernel until the reply
	// comes: by way of Go's scheduler two threads are woken one after the other, and what
	// either waits for a CPU would be in the contender's time.
	//
	// Errors are os.ErrDeadlineExceeded, errTooLong with the reply so far, io.EOF where the
	// contender has closed its end, an *unreadError, or the system's.
	exchange(ctx context.Context, request any, deadline time.Time, asleep bool) (reply []byte, took time.Duration, err error)
	// unasked is what the contender has sent that answers no request; nil where that is
	// nothing.
	unasked() ([]byte, error)
	// closeRequests tells the contender that no request follows.
	closeRequests()
	// close frees what the transport holds. The contender has ended.
	close()
}

var errTooLong = fmt.Errorf("a line longer than %d MiB", protocol.MaxLineBytes>>20)

// unreadError says that a contender has answered a request that it did not read.
type unreadError struct{ err error }

func (e *unreadError) Error() string { return e.err.Error() }
func (e *unreadError) Unwrap() error { return e.err }

// isUnread reports whether err is an *unreadError.
func isUnread(err error) bool { return errors.As(err, new(*unreadError)) }
