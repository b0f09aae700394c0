package evidence

// This file keeps two processes from writing one bundle.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// lockDir takes the bundle's lock: no two processes write one bundle. A file system
// that has no locks leaves that to the user, as does Windows, where a directory can not
// be locked.
//
// The lock is on the directory itself, so that a bundle has no file that is no evidence,
// and the result is the open file: the watchdog inherits it and so has the lock without a
// gap when the harness ends. Rejected: gofrs/flock, which provisioning uses. It does not
// give out the open file.
func lockDir(ctx context.Context, dir string, patience time.Duration) (*os.File, error) {
	file, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", dir, ErrNotBegun)
	}
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	for began := time.Now(); isLocked(file); {
		if time.Since(began) >= patience {
			return nil, errors.Join(fmt.Errorf("%s: %w", dir, ErrInUse), file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%s: waiting for another cupel that is writing it: %w", dir, ctx.Err()), file.Close())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return file, nil
}
