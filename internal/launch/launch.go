// Package launch runs one process of a contender: it starts the process, sends
// requests, and ends the process together with everything that it has started.
//
// The package does not trust a contender. Every reply has a time limit and a size
// limit. The contender's log is cut. A contender cannot outlive the harness, and its
// children are found and ended, however they were forked. Each fault ends the launch
// with a reason; no fault ends the harness.
package launch

// This file starts and ends the process. ask.go talks to it.

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
	// Attributes are added to the attributes that spawn sets, such as namespaces. nil
	// adds none.
	Attributes *syscall.SysProcAttr
	// Threads is how many threads the contender may use.
	Threads int
	// CPUs are the CPUs that the process may run on. An empty list leaves the choice to
	// the kernel.
	CPUs []int
	// Log is the file for the contender's stderr, cut at a mebibyte. Empty discards it.
	Log    string
	Limits suite.Limits
}

// threadVariables tell common libraries how many threads they may use.
var threadVariables = []string{
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "GOMAXPROCS",
}

// markVariable carries a launch's mark. The contender's children are found by it.
const markVariable = "CUPEL_LAUNCH"

// runVariable carries the mark that all launches of this process share.
const runVariable = "CUPEL_RUN"

// RunMark returns the mark that all launches of this process share.
var RunMark = sync.OnceValue(rand.Text)

// Failure is the reason why a launch ended.
type Failure struct {
	Contender string
	Reason    string
	Err       error
}

func (f *Failure) Error() string { return f.Contender + ": " + f.Reason }

func (f *Failure) Unwrap() error { return f.Err }

// Exit is the kernel's account of a process that has ended.
type Exit struct {
	Usage Usage
	// Wall is the time from start to end.
	Wall time.Duration
	// Leftovers is how many processes the contender left behind. End has ended them.
	Leftovers int
}

// Usage is what a process took of the machine. Windows counts neither switches nor faults.
type Usage struct {
	UserCPU, SystemCPU                     time.Duration
	VoluntarySwitches, InvoluntarySwitches int64
	MajorFaults, MinorFaults               int64
}

// Launch is one process of a contender. Its methods must be called from one goroutine,
// except Pause and Resume, which may be called while another goroutine asks.
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

// Start starts the process. The caller must call End. Where the contender's program
// cannot be run, the error is a *Failure of the contender. All other errors, such as
// missing pipes, log files or CPUs, are faults of the harness or the machine.
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
		return nil, fmt.Errorf("%s cannot be started, by a fault of the harness or the machine: %w", spec.Contender, err)
	}
}

// scarce lists the errors of fork and exec by which the machine reports that a resource
// is exhausted. Any other error of exec concerns the program.
var scarce = []error{
	syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ENOSPC, syscall.EUSERS, syscall.EINTR, syscall.EIO,
}

// contendersFault reports whether a start failed because the program cannot be run.
func contendersFault(err error) bool {
	if missing := new(exec.Error); errors.As(err, &missing) {
		return true
	}
	refused := new(execError)
	return errors.As(err, &refused) && !slices.ContainsFunc(scarce, func(lack error) bool { return errors.Is(err, lack) })
}

// execError is an error of fork or exec. The type distinguishes these from errors of
// files, which have the same underlying type.
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
	// A child that outlives the contender can hold the pipe open. A deadline, set when
	// the contender has ended, then ends the copy.
	go func() {
		<-l.exited
		logs.SetReadDeadline(time.Now().Add(time.Second))
	}()
	io.Copy(l.log, logs)
}

// End ends the process and everything that it has started, and returns the kernel's
// account of it. It may be called more than once.
func (l *Launch) End() Exit {
	if l.ended {
		return l.exit
	}
	l.ended = true
	l.transport.closeRequests()
	exitedBefore := l.hasExited()
	leader := l.command.Process.Pid
	if exitedBefore {
		leader = noProcess // The id may be another process's by now.
	}
	killed := map[int]bool{}
	killAll(leader, l.mark, killed)
	if !l.awaitDeath() {
		return l.exit
	}
	// The contender does not count as its own leftover.
	delete(killed, leader)
	// By now this process has adopted what was forked between the search and the kill,
	// and what was killed but not reaped. The contender's id may belong to another
	// process from here on.
	killAll(noProcess, l.mark, killed)
	leaders.remove(l.command.Process.Pid)
	l.transport.close()
	<-l.logDone
	l.log.Close()
	l.exit = Exit{Wall: l.exitTime.Sub(l.started), Leftovers: len(killed), Usage: usageOf(l.command.ProcessState)}
	return l.exit
}

// awaitDeath waits for a process that has been killed. It gives up on one that the
// kernel cannot end, for example in uninterruptible sleep.
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

// PID returns the process's id.
func (l *Launch) PID() int { return l.command.Process.Pid }

// Started returns when the process was started.
func (l *Launch) Started() time.Time { return l.started }

// howItEnded describes an exit that was not asked for, with the end of the log, where a
// crash usually explains itself.
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

// Exited returns the failure of a contender that answered a request and then ended.
func (l *Launch) Exited(op string) error {
	return l.failed(fmt.Sprintf("exited after %s: %s", op, l.howItEnded()), nil)
}

// LogTail returns the last lines that the contender wrote to stderr, without control
// sequences of terminals. It is complete once the launch has ended.
func (l *Launch) LogTail() []string { return l.log.lastLines() }

// registry is a set of process ids.
type registry struct {
	mutex sync.Mutex
	ids   map[int]bool
}

// leaders are the running contenders.
var leaders = registry{ids: map[int]bool{}}

// prepare prepares a start. Its time does not count as the contender's start-up.
func (r *registry) prepare() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.ids) == 0 {
		lookAround()
	}
}

// start starts a process and registers it in one step. Otherwise a concurrent search
// for orphans could see it unregistered, and end it.
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
