package sandbox

// This file is the Landlock layer: it bounds what may be read, and allows writing only
// in the scratch directory.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"

	"cupel/internal/evidence"
)

// scopedVersion is the first version of Landlock that confines signals. Before
// truncateVersion, a file that may not be written can still be truncated.
const (
	truncateVersion = 3
	scopedVersion   = 6
)

// landlock restricts this process to what the policy names, and keeps it from all
// processes outside.
func (s *stage) landlock() (evidence.LayerState, string, error) {
	version, err := llsys.LandlockGetABIVersion()
	if err != nil || version < 1 {
		return evidence.LayerNone, "this kernel has none, or it is off", nil
	}
	rules, err := s.rules()
	if err != nil {
		return "", "", err
	}
	if err := landlock.V11.BestEffort().Restrict(rules...); err != nil {
		return "", "", err
	}
	detail := fmt.Sprintf("ABI %d", version)
	switch {
	case version < truncateVersion:
		return evidence.LayerPartial, detail + ": files can be truncated and processes signalled", nil
	case version < scopedVersion:
		return evidence.LayerPartial, detail + ": processes can be signalled", nil
	}
	return evidence.LayerFull, detail, nil
}

// rules returns the rights that remain. Where mounts hide the hidden directories,
// everything else may be read. Elsewhere rules names each file tree beside the hidden
// ones, because Landlock only knows what is allowed; the names of files are then
// visible.
func (s *stage) rules() ([]landlock.Rule, error) {
	ordinary, acceleration := devicePaths()
	rules := []landlock.Rule{
		landlock.RWDirs(s.Scratch).WithRefer(),
		landlock.RWFiles(ordinary...),
		landlock.RWFiles(acceleration...).WithIoctlDev(),
	}
	if s.masked {
		return append(rules, landlock.RODirs("/"), landlock.RWDirs(sharedMemory).WithRefer()), nil
	}
	hidden, readable, err := s.view()
	if err != nil {
		return nil, err
	}
	directories, files, err := beside(hidden)
	if err != nil {
		return nil, err
	}
	for _, path := range readable {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			directories = append(directories, path)
		} else if err == nil {
			files = append(files, path)
		}
	}
	return append(rules,
		landlock.PathAccess(llsys.AccessFSReadDir, "/"),
		landlock.RODirs(directories...).IgnoreIfMissing(),
		landlock.ROFiles(files...).IgnoreIfMissing(),
	), nil
}

// beside lists the largest trees that contain no hidden directory, and the files on the
// way to one. It leaves out links, because a right applies to a link's target.
func beside(hidden []string) (directories, files []string, err error) {
	ways := map[string]bool{}
	for _, path := range hidden {
		for path != "/" {
			path = filepath.Dir(path)
			ways[path] = true
		}
	}
	for way := range ways {
		entries, err := os.ReadDir(way)
		// A directory that cannot be listed has no entry that could be named.
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return nil, nil, err
		}
		for _, entry := range entries {
			path := filepath.Join(way, entry.Name())
			switch {
			case entry.Type()&fs.ModeSymlink != 0, ways[path], slices.Contains(hidden, path):
			case entry.IsDir():
				directories = append(directories, path)
			default:
				files = append(files, path)
			}
		}
	}
	return directories, files, nil
}

// privileges gives up all capabilities irrevocably.
func (s *stage) privileges() (evidence.LayerState, string, error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return "", "", fmt.Errorf("no new privileges: %w", err)
	}
	for capability := uintptr(0); capability <= unix.CAP_LAST_CAP; capability++ {
		// A process that may not do this has no capability to drop, and no_new_privs
		// keeps it that way.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			break
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return "", "", fmt.Errorf("ambient capabilities: %w", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		return "", "", fmt.Errorf("capabilities: %w", err)
	}
	return evidence.LayerFull, "no capabilities, none to be had", nil
}
