package launch

// This file sends requests to a contender and waits for the replies.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"cupel/internal/protocol"
)

// Hello asks the contender for its description.
func (l *Launch) Hello(ctx context.Context) (protocol.Hello, error) {
	line, _, err := l.ask(ctx, protocol.OpHello, protocol.NewHello(), time.Duration(l.spec.Limits.Hello))
	if err != nil {
		return protocol.Hello{}, err
	}
	hello, err := protocol.ParseHello(line)
	return hello, l.fault(err)
}

// Load gives the contender a model. Where the contender cannot hold this model, the
// error wraps a *protocol.RefusalError.
func (l *Launch) Load(ctx context.Context, request protocol.LoadRequest) (protocol.Load, error) {
	request.Op = protocol.OpLoad
	line, _, err := l.ask(ctx, protocol.OpLoad, request, time.Duration(l.spec.Limits.Load))
	if err != nil {
		return protocol.Load{}, err
	}
	load, err := protocol.ParseLoad(line)
	return load, l.fault(err)
}

// Infer asks for calls. outputs is the number of the model's outputs. The duration that
// it returns is the harness's own: from before the request is written until the reply
// is read.
func (l *Launch) Infer(ctx context.Context, request protocol.InferRequest, outputs int) (protocol.Infer, time.Duration, error) {
	return l.infer(ctx, request, outputs, true)
}

func (l *Launch) infer(ctx context.Context, request protocol.InferRequest, outputs int, asleep bool) (protocol.Infer, time.Duration, error) {
	request.Op = protocol.OpInfer
	line, outer, err := l.exchange(ctx, protocol.OpInfer, request, time.Duration(l.spec.Limits.Infer), asleep)
	if err != nil {
		return protocol.Infer{}, 0, err
	}
	reply, err := protocol.ParseInfer(line, request, outputs)
	return reply, outer, l.fault(err)
}

// Train asks the contender to fit a model and to write it to the file that the request
// names. Where the contender cannot do this training, the error wraps a
// *protocol.RefusalError. The time limit is that of an infer request. The duration is
// the harness's own, as Infer's is, and so includes reading the rows and writing the
// file.
func (l *Launch) Train(ctx context.Context, request protocol.TrainRequest) (protocol.Train, time.Duration, error) {
	request.Op = protocol.OpTrain
	line, outer, err := l.ask(ctx, protocol.OpTrain, request, time.Duration(l.spec.Limits.Infer))
	if err != nil {
		return protocol.Train{}, 0, err
	}
	reply, err := protocol.ParseTrain(line, request)
	return reply, outer, l.fault(err)
}

// InferStalled is Infer with a planted stop: it stops the contender for length, once
// the request has been on its way for after. It plants no stop where the reply comes
// earlier. The stop has ended when InferStalled returns.
func (l *Launch) InferStalled(ctx context.Context, request protocol.InferRequest, outputs int, after, length time.Duration) (protocol.Infer, time.Duration, error) {
	answered, over := make(chan struct{}), make(chan error, 1)
	go func() {
		// The caller computes after from the contender's statement of how long its
		// calls take. It may be hours, so the reply ends the wait.
		select {
		case <-answered:
			over <- nil
			return
		case <-time.After(after):
		}
		err := l.Pause()
		time.Sleep(length)
		over <- errors.Join(err, l.Resume())
	}()
	// On a machine where the harness has one CPU, awaitReply's thread, which sleeps in
	// the kernel, keeps the goroutine above from running: half of the stops came after
	// the reply. The read by Go's scheduler avoids that.
	reply, outer, err := l.infer(ctx, request, outputs, false)
	close(answered)
	if stopErr := <-over; err == nil {
		err = stopErr
	}
	return reply, outer, err
}

// Ask sends any request and returns the line of the reply as it came. It serves tests
// of a contender, which send what the typed requests cannot express.
func (l *Launch) Ask(ctx context.Context, op string, request any) ([]byte, error) {
	line, _, err := l.ask(ctx, op, request, time.Duration(l.spec.Limits.Infer))
	return line, err
}

// Quit asks the contender to quit, as the protocol describes, and waits for its exit.
func (l *Launch) Quit(ctx context.Context) error {
	if err := l.Quiet(); err != nil {
		return err
	}
	err := l.transport.send(protocol.QuitRequest{Op: protocol.OpQuit}, time.Now().Add(time.Duration(l.spec.Limits.Quit)))
	if err != nil {
		return l.failed("quit: "+l.howItEnded(), err)
	}
	return l.awaitExit(ctx, "quit")
}

// CloseInput closes the requests, which means quit, and waits for the contender's exit.
func (l *Launch) CloseInput(ctx context.Context) error {
	l.transport.closeRequests()
	return l.awaitExit(ctx, "end of input")
}

func (l *Launch) awaitExit(ctx context.Context, op string) error {
	limit := time.Duration(l.spec.Limits.Quit)
	select {
	case <-l.exited:
	case <-ctx.Done():
		return l.failed("interrupted", ctx.Err())
	case <-time.After(limit):
		return l.failed(fmt.Sprintf("%s: still running after %v", op, limit), nil)
	}
	if l.waitErr != nil {
		return l.failed(op+": "+l.howItEnded(), l.waitErr)
	}
	return nil
}

// ask sends one request and waits for its reply.
func (l *Launch) ask(ctx context.Context, op string, request any, limit time.Duration) (reply []byte, outer time.Duration, err error) {
	return l.exchange(ctx, op, request, limit, true)
}

func (l *Launch) exchange(ctx context.Context, op string, request any, limit time.Duration, asleep bool) (reply []byte, outer time.Duration, err error) {
	// A banner can come before or after hello. Either way it is read as the reply, so
	// that this fault always has the same reason.
	if op != protocol.OpHello {
		if err := l.Quiet(); err != nil {
			return nil, 0, err
		}
	}
	reply, outer, err = l.transport.exchange(ctx, request, time.Now().Add(limit), asleep)
	switch {
	case err == nil:
		return reply, outer, nil
	case ctx.Err() != nil:
		return nil, 0, l.failed("interrupted", ctx.Err())
	case errors.Is(err, os.ErrDeadlineExceeded) && !isUnread(err):
		return nil, 0, l.failed(fmt.Sprintf("%s: no reply within %v%s", op, limit, workOf(request)), err)
	case errors.Is(err, errTooLong):
		return nil, 0, l.failed(fmt.Sprintf("%s: %v: %s", op, err, protocol.Excerpt(reply)), err)
	case errors.Is(err, io.EOF):
		return nil, 0, l.failed(op+": "+l.howItEnded(), err)
	case isUnread(err):
		return nil, 0, l.failed(op+": does not read its stdin", err)
	default:
		return nil, 0, l.failed(op+": "+err.Error(), err)
	}
}

// workOf describes how much work a request asked for. The message of a timeout contains
// it.
func workOf(request any) string {
	switch r := request.(type) {
	case protocol.InferRequest:
		return fmt.Sprintf(" (warmup %d, calls %d, batch %d, rows %d); a suite with fewer iterations asks for fewer calls", r.Warmup, r.Calls, r.Batch, r.Rows)
	case protocol.TrainRequest:
		return fmt.Sprintf(" (epochs %d, rows %d); a suite with fewer of them takes less", r.Epochs, r.Rows)
	}
	return ""
}

// Quiet fails where the contender has written a line that was not asked for.
func (l *Launch) Quiet() error {
	stray, err := l.transport.unasked()
	if err != nil {
		return l.failed(err.Error(), err)
	}
	if len(stray) > 0 {
		return l.failed("wrote to stdout unasked: "+protocol.Excerpt(stray), nil)
	}
	return nil
}

// fault turns a parser's error into this launch's failure.
func (l *Launch) fault(err error) error {
	if err == nil {
		return nil
	}
	return l.failed(err.Error(), err)
}

func (l *Launch) failed(reason string, err error) error {
	return &Failure{Contender: l.spec.Contender, Reason: oneLine(reason), Err: err}
}
