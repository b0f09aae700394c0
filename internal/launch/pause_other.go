//go:build !linux

package launch

// This file replaces pausing on systems other than Linux.

// Pause does nothing: contenders between their turns are only idle.
func (l *Launch) Pause() error { return nil }

// Resume does nothing.
func (l *Launch) Resume() error { return nil }
