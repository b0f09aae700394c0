package session

// This file holds the watchdog: a process beside a run that waits for the end of the
// harness. If the harness was killed, the watchdog ends the processes of the contenders,
// records what was lost, and reveals the nonce.
//
// Without the nonce, the random choices of the run can't be checked. A file can't keep it:
// a contender could read the file and know its next inputs. If the watchdog is killed too,
// the nonce is lost, and the ledger shows that.

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

// watch is the watchdog's input, a line of JSON on stdin. The bundle's lock is its first
// open file after the standard three.
type watch struct {
	Dir   string `json:"dir"`
	Nonce string `json:"nonce"`
	Mark  string `json:"mark"`
}

// farewell is the last line from a harness that ends regularly. Without it, the harness
// was killed.
const farewell = "done"

// lockDescriptor is the file descriptor of the lock in the watchdog.
const lockDescriptor = 3

// WatchdogVerb is the hidden verb that starts the watchdog.
const WatchdogVerb = "watchdog"

// KeepWatch is the watchdog's main function. It reads a watch from stdin and returns after
// the harness has ended.
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

// watchdog is a started watchdog process.
type watchdog struct {
	command *exec.Cmd
	stdin   io.WriteCloser
}

// startWatchdog starts the watchdog of a run in its own session (setsid), so that a signal
// to the harness's terminal or process group does not reach it. The error is
// errors.ErrUnsupported on Windows, where a process inherits no open file.
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

// dismiss ends the watchdog of a finished run. A watchdog that has already ended is only
// noted. It is not an error: it guarded against a kill that did not happen, and the sealed
// run has its answer. There is nothing to dismiss where w is nil.
func (w *watchdog) dismiss(note func(string)) {
	if w == nil {
		return
	}
	if err := w.end(); err != nil {
		note(fmt.Sprintf("%v; nothing is lost, but a kill of cupel would have lost the run's nonce", err))
	}
}

// end tells the watchdog to end and waits for it.
func (w *watchdog) end() error {
	// Writing fails if the watchdog was killed, and Wait returns that.
	_, _ = io.WriteString(w.stdin, farewell+"\n")
	_ = w.stdin.Close()
	if err := w.command.Wait(); err != nil {
		return fmt.Errorf("watchdog: %w", err)
	}
	return nil
}
