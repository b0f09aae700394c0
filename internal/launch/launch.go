// Package launch runs one process that speaks the contender protocol: it starts
// it, asks it, and ends it with everything that it has started.
//
// A contender is not trusted to behave. Every reply has a time limit and a size
// limit, whatever it writes to its log is cut, it can't outlive the harness, and
// its children are found and ended however they were forked. Each fault ends the
// launch with a reason; none ends the harness.
package launch

// This file starts and ends the process; ask.go talks to it.

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"cupel/internal/protocol"
	"cupel/internal/spawn"
	"cupel/internal/suite"
)

// Spec says what to start.
type Spec struct {
	Contender string
	// Command is the program and its arguments.
	Command []string
	// Dir is the working directory.
	Dir string
	// Env is added to the harness's environment.
	Env []string
	// Attributes are what the process is started with beside what spawn gives it,
	// such as namespaces; nil is nothing.
	Attributes *syscall.SysProcAttr
	// Threads is how many threads the contender may use.
	Threads int
	// CPUs are those that it may run on; none leaves it to the kernel.
	CPUs []int
	// Log is the file that receives what the contender writes to stderr, cut at
	// a mebibyte. Empty discards it.
	Log    string
	Limits suite.Limits
}

// threadVariables tell the usual libraries how many threads they may use.
var threadVariables = []string{
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "GOMAXPROCS",
}

// markVariable carries a launch's mark, by which its children are found.
const markVariable = "CUPEL_LAUNCH"

// runVariable carries the mark that all launches of this process have in common.
const runVariable = "CUPEL_RUN"

// RunMark is that mark.
var RunMark = sync.OnceValue(rand.Text)

// Failure is the reason why a launch was ended.
type Failure struct {
	Contender string
	Reason    string
	Err       error
}

func (f *Failure) Error() string { return f.Contender + ": " + f.Reason }

func (f *Failure) Unwrap() error { return f.Err }

// Exit is what the kernel said of a process that has ended.
type Exit struct {
	Usage syscall.Rusage
	// Wall is the time from start to end.
	Wall time.Duration
	// Leftovers is how many processes the contender left behind; they are gone.
	Leftovers int
}

// Launch is one process of a contender. Its methods are called from one goroutine,
// but for Pause and Resume, which may be called while another one asks.
type Launch struct {
	spec      Spec
	command   *exec.Cmd
	mark      string
	started   time.Time
	transport transport
	log       *tail
	logDone   chan struct{}

	exited   chan struct{}
	waitErr  error
	exitTime time.Time
	ended    bool
	exit     Exit
}

// Start starts the process. The caller must call End. That the contender's program is
// none is its *Failure; whatever else comes in between, such as pipes, the log or CPUs
// that can't be had, is the harness's fault or its machine's, and no contender's.
func Start(spec Spec) (*Launch, error) {
	l := &Launch{spec: spec, mark: rand.Text(), exited: make(chan struct{}), logDone: make(chan struct{})}
	err := l.start()
	switch {
	case err == nil:
		go l.wait()
		return l, nil
	case contendersFault(err):
		return nil, &Failure{spec.Contender, "cannot be started: " + err.Error(), err}
	default:
		return nil, fmt.Errorf("%s cannot be started, by no fault of its own: %w", spec.Contender, err)
	}
}

// scarce are errors of fork and exec by which the machine says that it has no more of
// something. Any other of exec's is about the program.
var scarce = []error{
	syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ENOSPC, syscall.EUSERS, syscall.EINTR, syscall.EIO,
}

// contendersFault reports whether a start failed for want of a program that can be run.
func contendersFault(err error) bool {
	if missing := new(exec.Error); errors.As(err, &missing) {
		return true
	}
	refused := new(execError)
	return errors.As(err, &refused) && !slices.ContainsFunc(scarce, func(lack error) bool { return errors.Is(err, lack) })
}

// execError is an error of fork or exec. It tells these from errors of files, which are
// of the same type.
type execError struct{ *fs.PathError }

func (e *execError) Unwrap() error { return e.PathError }

func (l *Launch) start() (err error) {
	var opened []io.Closer
	defer func() {
		if err != nil {
			for _, file := range opened {
				file.Close()
			}
		}
	}()
	leaders.prepare()
	pipe, childIn, childOut, err := newPipe()
	if err != nil {
		return err
	}
	opened = append(opened, pipe.stdin, pipe.stdout, childIn, childOut)
	logs, childLogs, err := os.Pipe()
	if err != nil {
		return err
	}
	opened = append(opened, logs, childLogs)
	l.log, err = newTail(l.spec.Log)
	if err != nil {
		return err
	}
	opened = append(opened, l.log)

	l.command = exec.Command(l.spec.Command[0], l.spec.Command[1:]...)
	l.command.Dir = l.spec.Dir
	l.command.Env = l.environment()
	l.command.SysProcAttr = l.spec.Attributes
	l.command.Stdin, l.command.Stdout, l.command.Stderr = childIn, childOut, childLogs
	l.transport = pipe

	l.started = time.Now()
	if err := leaders.start(l.command, l.spec.CPUs); err != nil {
		return err
	}
	for _, file := range []*os.File{childIn, childOut, childLogs} {
		file.Close()
	}
	go l.keepLog(logs)
	return nil
}

func (l *Launch) environment() []string {
	env := append(os.Environ(), l.spec.Env...)
	for _, name := range threadVariables {
		env = append(env, name+"="+strconv.Itoa(max(l.spec.Threads, 1)))
	}
	return append(env, markVariable+"="+l.mark, runVariable+"="+RunMark())
}

func (l *Launch) wait() {
	l.waitErr = l.command.Wait()
	l.exitTime = time.Now()
	close(l.exited)
}

func (l *Launch) keepLog(logs *os.File) {
	defer close(l.logDone)
	defer logs.Close()
	// A child that outlives the contender may hold the pipe; the deadline that
	// is set when the contender has ended ends the copy then.
	go func() {
		<-l.exited
		logs.SetReadDeadline(time.Now().Add(time.Second))
	}()
	io.Copy(l.log, logs)
}

// End ends the process and all that it has started, and returns what the kernel
// said of it. It may be called more than once.
func (l *Launch) End() Exit {
	if l.ended {
		return l.exit
	}
	l.ended = true
	l.transport.closeRequests()
	exitedBefore := l.hasExited()
	leader := l.command.Process.Pid
	if exitedBefore {
		leader = nobody // The id may be another process's by now.
	}
	killed := map[int]bool{}
	killAll(leader, l.mark, killed)
	if !l.awaitDeath() {
		return l.exit
	}
	// The contender itself is not its own leftover.
	delete(killed, leader)
	// What was forked between the look and the kill has been adopted by now, and so has
	// what was killed and not yet reaped. The contender's id may be another's from here on.
	killAll(nobody, l.mark, killed)
	leaders.remove(l.command.Process.Pid)
	l.transport.close()
	<-l.logDone
	l.log.Close()
	l.exit = Exit{Wall: l.exitTime.Sub(l.started), Leftovers: len(killed)}
	if usage, ok := l.command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		l.exit.Usage = *usage
	}
	return l.exit
}

// awaitDeath waits for a process that has been killed. One that the kernel can't
// end, in uninterruptible sleep say, is left behind rather than waited for.
func (l *Launch) awaitDeath() bool {
	select {
	case <-l.exited:
		return true
	case <-time.After(30 * time.Second):
		l.exit = Exit{Wall: time.Since(l.started), Leftovers: 1}
		return false
	}
}

func (l *Launch) hasExited() bool {
	select {
	case <-l.exited:
		return true
	default:
		return false
	}
}

// PID is the process's id.
func (l *Launch) PID() int { return l.command.Process.Pid }

// Started is when the process was started.
func (l *Launch) Started() time.Time { return l.started }

// howItEnded describes an exit that was not asked for, with the end of the log,
// which is where a crash says why.
func (l *Launch) howItEnded() string {
	select {
	case <-l.exited:
	case <-time.After(2 * time.Second):
		return "closed its stdout"
	}
	how := "exited with status 0"
	if exit := new(exec.ExitError); errors.As(l.waitErr, &exit) {
		how = "ended by " + exit.String()
	} else if l.waitErr != nil {
		how = l.waitErr.Error()
	}
	<-l.logDone
	if last := l.log.lastLine(); last != "" {
		how += fmt.Sprintf("; its log ends «%s»", last)
	}
	return how
}

// Exited is the failure of a contender that ended after a request which it had
// answered.
func (l *Launch) Exited(op string) error {
	return l.failed(fmt.Sprintf("exited after %s: %s", op, l.howItEnded()), nil)
}

// LogTail is the end of what the contender wrote to stderr, without what a terminal
// would act on. It is whole once the launch has ended.
func (l *Launch) LogTail() []string { return l.log.lastLines() }

// registry is a set of process ids.
type registry struct {
	mutex sync.Mutex
	ids   map[int]bool
}

// leaders are the contenders that are running.
var leaders = registry{ids: map[int]bool{}}

// prepare makes ready for a start, and is not part of the time that the start takes.
func (r *registry) prepare() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.ids) == 0 {
		lookAround()
	}
}

// start starts a process and registers it before anybody can ask for it: a
// search for orphans that saw it unregistered would end it.
func (r *registry) start(command *exec.Cmd, cpus []int) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	err := spawn.Start(command, cpus)
	if path := new(fs.PathError); errors.As(err, &path) {
		return &execError{path}
	}
	if err != nil {
		return err
	}
	r.ids[command.Process.Pid] = true
	return nil
}

func (r *registry) remove(id int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.ids, id)
}

func (r *registry) has(id int) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.ids[id]
}

// maxReason bounds a reason, in characters: two excerpts and some words.
const maxReason = 600

func oneLine(text string) string {
	return protocol.Printable(strings.Join(strings.Fields(text), " "), maxReason)
}
