//go:build !linux

package observe

// This file holds the error for systems other than Linux.

import (
	"errors"
	"fmt"
	"runtime"
)

// unobserved returns the error for an observation that needs Linux. errors.Is finds
// errors.ErrUnsupported in it.
func unobserved(what string) error {
	return fmt.Errorf("%s: %w on %s", what, errors.ErrUnsupported, runtime.GOOS)
}
