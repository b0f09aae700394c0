package launch

// This file asks a contender and waits for its reply.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"cupel/internal/protocol"
)

// Hello asks the contender what it is.
func (l *Launch) Hello(ctx context.Context) (protocol.Hello, error) {
	line, _, err := l.ask(ctx, protocol.OpHello, protocol.NewHello(), time.Duration(l.spec.Limits.Hello))
	if err != nil {
		return protocol.Hello{}, err
	}
	hello, err := protocol.ParseHello(line)
	return hello, l.fault(err)
}

// Load gives the contender a model. A *protocol.RefusalError within the error
// says that it can't hold this model.
func (l *Launch) Load(ctx context.Context, request protocol.LoadRequest) (protocol.Load, error) {
	request.Op = protocol.OpLoad
	line, _, err := l.ask(ctx, protocol.OpLoad, request, time.Duration(l.spec.Limits.Load))
	if err != nil {
		return protocol.Load{}, err
	}
	load, err := protocol.ParseLoad(line)
	return load, l.fault(err)
}

// Infer asks for calls. outputs is the number of the model's outputs. The time
// that it returns is the harness's own, from before the request was written
// until its reply was read.
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

// Train asks for a model to be fitted, which the contender writes to the file that
// the request names. A *protocol.RefusalError within the error says that it can't
// do this training. The limit is that of an infer. The time that it returns is
// the harness's own, as Infer's is, so reading the rows and writing the file are
// in it.
func (l *Launch) Train(ctx context.Context, request protocol.TrainRequest) (protocol.Train, time.Duration, error) {
	request.Op = protocol.OpTrain
	line, outer, err := l.ask(ctx, protocol.OpTrain, request, time.Duration(l.spec.Limits.Infer))
	if err != nil {
		return protocol.Train{}, 0, err
	}
	reply, err := protocol.ParseTrain(line, request)
	return reply, outer, l.fault(err)
}

// InferStalled is Infer with a stop planted in it: once the request has been on
// its way for after, the contender is stopped for length, unless it has answered by
// then. The stop is over when it returns.
func (l *Launch) InferStalled(ctx context.Context, request protocol.InferRequest, outputs int, after, length time.Duration) (protocol.Infer, time.Duration, error) {
	answered, over := make(chan struct{}), make(chan error, 1)
	go func() {
		// After was worked out from what the contender says that its calls take, which may
		// be hours.
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
	// A thread that sleeps in the kernel keeps what the goroutine above needs in order to
	// run, where the harness has one CPU: half of the stops came after the reply.
	reply, outer, err := l.infer(ctx, request, outputs, false)
	close(answered)
	if stopErr := <-over; err == nil {
		err = stopErr
	}
	return reply, outer, err
}

// Ask sends any request and returns the reply's line as it came: for tests of a
// contender, which send what the typed requests can't.
func (l *Launch) Ask(ctx context.Context, op string, request any) ([]byte, error) {
	line, _, err := l.ask(ctx, op, request, time.Duration(l.spec.Limits.Infer))
	return line, err
}

// Quit ends the contender as the protocol has it and waits for its exit.
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

// CloseInput ends the contender by the end of its requests, which means quit.
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
	// A banner may come before hello or after it, as chance has it: it is read as
	// the reply that it stands in the place of, so that one fault has one reason.
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

// workOf says how much was asked for, to whoever wonders why it took so long.
func workOf(request any) string {
	switch r := request.(type) {
	case protocol.InferRequest:
		return fmt.Sprintf(" (warmup %d, calls %d, batch %d, rows %d); a suite with fewer iterations asks for fewer calls", r.Warmup, r.Calls, r.Batch, r.Rows)
	case protocol.TrainRequest:
		return fmt.Sprintf(" (epochs %d, rows %d); a suite with fewer of them takes less", r.Epochs, r.Rows)
	}
	return ""
}

// Quiet fails where the contender has written something that nobody asked for.
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

// fault makes a parser's error this launch's failure.
func (l *Launch) fault(err error) error {
	if err == nil {
		return nil
	}
	return l.failed(err.Error(), err)
}

func (l *Launch) failed(reason string, err error) error {
	return &Failure{Contender: l.spec.Contender, Reason: oneLine(reason), Err: err}
}
