//go:build !linux

package observe

// This file holds the error of systems that are not observed.

import (
	"errors"
	"fmt"
	"runtime"
)

// unobserved says that something is observed on Linux alone. errors.Is finds
// errors.ErrUnsupported in it.
func unobserved(what string) error {
	return fmt.Errorf("%s: %w on %s", what, errors.ErrUnsupported, runtime.GOOS)
}
