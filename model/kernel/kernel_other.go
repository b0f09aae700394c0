// This file is for builds without assembly: other processors, or the tag purego.

//go:build !amd64 || purego

package kernel

func supported() []Set { return nil }
