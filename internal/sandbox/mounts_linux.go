package sandbox

// This file makes the contender's view of the file system: read-only, without what is
// hidden, and with a scratch directory.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

// deviceDir is hidden, except the devices that every program may use and those of
// accelerators. The device of a disk would bypass every other rule.
const deviceDir = "/dev"

// sharedMemory is where programs share memory by name. Each contender has its own.
const sharedMemory = "/dev/shm"

// descriptors are the names of a process's own open files, and their targets.
var descriptors = map[string]string{
	"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
}

var (
	devices      = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}
	accelerators = []string{"/dev/nvidia*", "/dev/nvidia-caps/*", "/dev/dri/*", "/dev/kfd", "/dev/accel/*"}
)

// devicePaths returns the visible devices.
func devicePaths() (ordinary, acceleration []string) {
	for _, path := range devices {
		if _, err := os.Stat(path); err == nil {
			ordinary = append(ordinary, path)
		}
	}
	for _, pattern := range accelerators {
		found, _ := filepath.Glob(pattern)
		for _, path := range found {
			if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeDevice != 0 {
				acceleration = append(acceleration, path)
			}
		}
	}
	return ordinary, acceleration
}

// temporaryBytes is how much a contender may write to each of the places where it may
// write.
const temporaryBytes = 1 << 30

// namespaces makes the view, inside the namespaces in which this process was started.
func (s *stage) namespaces() (evidence.LayerState, string, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", "", fmt.Errorf("mounts of its own: %w", err)
	}
	hidden, readable, err := s.view()
	if err != nil {
		return "", "", err
	}
	kept, err := keep(readable)
	if err != nil {
		return "", "", err
	}
	defer kept.close()
	if err := readOnly("/"); err != nil {
		return "", "", err
	}
	state, detail := evidence.LayerFull, "user, PID, mount, network, IPC"
	if err := ownProc(); err != nil {
		// In a container parts of /proc may be covered. The kernel then allows no mount
		// of /proc.
		state, detail = evidence.LayerPartial, detail+"; the names of other processes show, since no /proc can be mounted: "+err.Error()
	}
	if err := s.mask(hidden, kept); err != nil {
		return "", "", err
	}
	s.masked = true
	s.processes = boundTasks(s.Processes)
	if state == evidence.LayerFull {
		// Only in this namespace's own /proc does the bound apply to this namespace.
		return state, detail, readOnly("/proc")
	}
	return state, detail, nil
}

// view resolves the links in the hidden paths, and in the readable paths within them.
func (s *stage) view() (hidden, readable []string, err error) {
	for _, path := range append([]string{deviceDir}, s.Hidden...) {
		resolved, err := filepath.EvalSymlinks(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if !within(resolved, hidden) {
			hidden = slices.DeleteFunc(hidden, func(other string) bool { return within(other, []string{resolved}) })
			hidden = append(hidden, resolved)
		}
	}
	ordinary, acceleration := devicePaths()
	for _, path := range slices.Concat(s.Readable, ordinary, acceleration) {
		resolved, err := filepath.EvalSymlinks(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if within(resolved, hidden) && !slices.Contains(hidden, resolved) {
			readable = append(readable, resolved)
		}
	}
	return hidden, slices.Compact(slices.Sorted(slices.Values(readable))), nil
}

// within reports whether a path is one of these directories or lies in one.
func within(path string, directories []string) bool {
	return slices.ContainsFunc(directories, func(directory string) bool {
		return path == directory || strings.HasPrefix(path, strings.TrimSuffix(directory, "/")+"/")
	})
}

// mounts are parts of the file system that are held while the directories around them
// are covered.
type mounts []heldMount

type heldMount struct {
	path      string
	directory bool
	file      int
}

func (m mounts) close() {
	for _, held := range m {
		unix.Close(held.file)
	}
}

// keep holds what is to be visible again.
func keep(paths []string) (mounts, error) {
	var kept mounts
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			kept.close()
			return nil, err
		}
		file, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			kept.close()
			return nil, &os.PathError{Op: "open_tree", Path: path, Err: err}
		}
		kept = append(kept, heldMount{path, info.IsDir(), file})
		attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID}
		if info.Mode()&os.ModeDevice == 0 {
			attributes.Attr_set |= unix.MOUNT_ATTR_RDONLY
		}
		if err := unix.MountSetattr(file, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attributes); err != nil {
			kept.close()
			return nil, &os.PathError{Op: "mount_setattr", Path: path, Err: err}
		}
	}
	return kept, nil
}

// readOnly makes a mount and those below it read-only.
func readOnly(path string) error {
	attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID}
	if err := unix.MountSetattr(unix.AT_FDCWD, path, unix.AT_RECURSIVE, &attributes); err != nil {
		return &os.PathError{Op: "mount_setattr", Path: path, Err: err}
	}
	return nil
}

// ownProc mounts the /proc of this PID namespace.
func ownProc() error {
	return unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}

// mask covers the hidden directories with empty ones, puts the readable parts back into
// them, and makes the scratch directory.
func (s *stage) mask(hidden []string, kept mounts) error {
	for _, path := range hidden {
		if err := temporary(path, "0755", 1<<20); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(sharedMemory, 0o755); err != nil {
		return err
	}
	// This comes before the readable parts are put back, because some of them may lie
	// in it.
	if err := temporary(sharedMemory, "1777", temporaryBytes); err != nil {
		return err
	}
	for name, target := range descriptors {
		if err := os.Symlink(target, name); err != nil {
			return err
		}
	}
	for _, held := range kept {
		if err := held.mountPoint(); err != nil {
			return err
		}
		if err := unix.MoveMount(held.file, "", unix.AT_FDCWD, held.path, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return &os.PathError{Op: "move_mount", Path: held.path, Err: err}
		}
	}
	if err := os.MkdirAll(s.Scratch, 0o700); err != nil {
		return err
	}
	for _, path := range hidden {
		attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
		if err := unix.MountSetattr(unix.AT_FDCWD, path, 0, &attributes); err != nil {
			return &os.PathError{Op: "mount_setattr", Path: path, Err: err}
		}
	}
	return temporary(s.Scratch, "0700", temporaryBytes)
}

// mountPoint makes the file or directory on which the mount is placed.
func (h heldMount) mountPoint() error {
	if h.directory {
		return os.MkdirAll(h.path, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(h.path, os.O_CREATE|os.O_RDONLY, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}

// temporary mounts a directory that is kept in memory.
func temporary(path, mode string, bytes int) error {
	options := fmt.Sprintf("mode=%s,size=%d", mode, bytes)
	if err := unix.Mount("cupel", path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return &os.PathError{Op: "mount", Path: path, Err: err}
	}
	return nil
}
