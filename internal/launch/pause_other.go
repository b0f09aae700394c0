//go:build !linux

package launch

// This file stands for stops where they are not to be had.

// Pause does nothing: contenders that are not asked are only idle.
func (l *Launch) Pause() error { return nil }

// Resume does nothing, as Pause.
func (l *Launch) Resume() error { return nil }
