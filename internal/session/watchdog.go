package session

// This file holds the watchdog: a process beside a run that sleeps until the harness
// has ended. Where that ended without a word, as by a kill, the watchdog ends what
// the contenders had started, writes down what was lost, and reveals the nonce.
//
// The nonce is told by nobody else then, and without it nobody can draw again what
// was drawn. It can't be kept in a file: a contender could read that, and know what
// comes. Where the watchdog is killed too, the nonce is lost, which the ledger shows.

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"cupel/internal/evidence"
	"cupel/internal/launch"
	"cupel/internal/spawn"
)

// watch is what a watchdog is told, as a line of JSON on its stdin. The bundle's lock
// is its first open file beside the usual three.
type watch struct {
	Dir   string `json:"dir"`
	Nonce string `json:"nonce"`
	Mark  string `json:"mark"`
}

// farewell is the line by which a harness takes its leave; without it, it is gone.
const farewell = "done"

// lockDescriptor is the file descriptor of the lock in the watchdog.
const lockDescriptor = 3

// WatchdogVerb is the hidden verb of this program that keeps watch.
const WatchdogVerb = "watchdog"

// KeepWatch is the watchdog. It reads on stdin what a harness tells it and returns when
// that has ended.
func KeepWatch(stdin io.Reader) error {
	lines := bufio.NewReader(stdin)
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("watchdog: stdin: %w", err)
	}
	var told watch
	if err := json.Unmarshal(text, &told); err != nil {
		return fmt.Errorf("watchdog: stdin: %w", err)
	}
	rest, err := io.ReadAll(lines)
	if err == nil && strings.TrimSpace(string(rest)) == farewell {
		return nil
	}
	launch.EndRun(told.Mark)
	return evidence.Recover(told.Dir, os.NewFile(lockDescriptor, "lock"), told.Nonce)
}

// watchdog is a watchdog that was started.
type watchdog struct {
	command *exec.Cmd
	stdin   io.WriteCloser
}

// startWatchdog starts the watchdog of a run, in a session of its own: what ends the
// harness by its terminal or its process group does not end it.
func startWatchdog(executable string, bundle *evidence.Writer, nonce string) (*watchdog, error) {
	dir, err := filepath.Abs(bundle.Dir())
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	told, err := json.Marshal(watch{Dir: dir, Nonce: nonce, Mark: launch.RunMark()})
	if err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	w := &watchdog{command: exec.Command(executable, WatchdogVerb)}
	w.command.Dir = string(filepath.Separator)
	w.command.ExtraFiles = []*os.File{bundle.Lock()}
	w.command.SysProcAttr = spawn.OwnSession()
	if w.stdin, err = w.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	if err := w.command.Start(); err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	if _, err := w.stdin.Write(append(told, '\n')); err != nil {
		return nil, errors.Join(fmt.Errorf("watchdog: %w", err), w.end())
	}
	return w, nil
}

// dismiss ends the watchdog of a run that has come to its end. One that was gone by then
// is said and is no fault of the run: it guarded against a kill that did not come, and
// with its end as an error a whole, sealed run would have ended without an answer.
func (w *watchdog) dismiss(note func(string)) {
	if err := w.end(); err != nil {
		note(fmt.Sprintf("%v; nothing is lost, but had cupel been killed, the run's nonce would have been", err))
	}
}

// end takes leave of the watchdog and waits for it.
func (w *watchdog) end() error {
	// One that has been killed need not be told.
	_, _ = io.WriteString(w.stdin, farewell+"\n")
	_ = w.stdin.Close()
	if err := w.command.Wait(); err != nil {
		return fmt.Errorf("watchdog: %w", err)
	}
	return nil
}
