// This file says that there is no assembly for this processor, or that the
// build asked for none.

//go:build !amd64 || purego

package kernel

func supported() []Set { return nil }
