package provision

// This file keeps two processes of cupel from installing the same engine at once.

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// lock takes the lock at path and waits for it until ctx ends. It calls waiting once if
// it has to wait. The kernel releases the lock when the process ends.
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
