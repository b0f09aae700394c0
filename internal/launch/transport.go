package launch

// This file holds the seam between the requests to a contender and the way they travel.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cupel/internal/protocol"
)

// transport carries requests to a started contender, and its replies back. A Launch
// knows the requests, their time limits and what a failure means. A transport knows how
// requests and replies travel. The only transport is pipe: JSON lines over a pipe. HTTP
// on the loopback interface is planned. Its methods must be called from one goroutine.
type transport interface {
	// send sends a request that has no reply.
	send(request any, deadline time.Time) error
	// exchange sends a request and waits for its reply until the deadline or the end of
	// ctx. took is the harness's own time, from before the request is written until the
	// reply is read. With asleep the calling thread sleeps in the kernel until the
	// reply comes. By way of Go's scheduler two threads would be woken, one after the
	// other, and their waits for a CPU would count as the contender's time.
	//
	// The error is os.ErrDeadlineExceeded, errTooLong with the reply so far, io.EOF
	// where the contender has closed its end, an *unreadError, or one of the system.
	exchange(ctx context.Context, request any, deadline time.Time, asleep bool) (reply []byte, took time.Duration, err error)
	// unasked returns what the contender has sent without a request, or nil.
	unasked() ([]byte, error)
	// closeRequests tells the contender that no request follows.
	closeRequests()
	// close frees the transport's resources. Call it once the contender has ended.
	close()
}

var errTooLong = fmt.Errorf("a line longer than %d MiB", protocol.MaxLineBytes>>20)

// unreadError says that a contender replied to a request before it read it.
type unreadError struct{ err error }

func (e *unreadError) Error() string { return e.err.Error() }
func (e *unreadError) Unwrap() error { return e.err }

// isUnread reports whether err is an *unreadError.
func isUnread(err error) bool { return errors.As(err, new(*unreadError)) }
