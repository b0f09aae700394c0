package provision

// This file keeps two cupels from installing the same engine at once.

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lock takes the lock at path, waiting for it as long as ctx allows; waiting is
// called once if it has to. The kernel gives the lock back when a process ends,
// however it ends.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	held := flock.New(path, flock.SetPermissions(0o644))
	free, err := held.TryLock()
	if err != nil {
		return nil, err
	}
	if !free {
		waiting()
		if _, err := held.TryLockContext(ctx, 200*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return func() { _ = held.Close() }, nil
}
