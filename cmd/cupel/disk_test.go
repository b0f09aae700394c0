package main

// This file tests runs whose disk is full or may not be written, on file systems that
// the test mounts for itself.

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onOwnDisk runs a script that may mount file systems of its own.
func (b *bench) onOwnDisk(t *testing.T, script string) string {
	t.Helper()
	if text, err := exec.Command("unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt").CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, text)
	}
	var log bytes.Buffer
	command := b.command(&log)
	command.Path, command.Args = "/usr/bin/env", []string{"env", "unshare", "-rm", "sh", "-c", script}
	_ = command.Run()
	return log.String()
}

// A full disk ends the run with one line that says so; what there was until then can
// be read, and when there is room again the run goes on.
func TestADiskThatIsFull(t *testing.T) {
	b := newBench(t)
	b.write(t, "small.toml", killSuite)
	log := b.onOwnDisk(t, `
		mkdir disk && mount -t tmpfs -o size=420k none disk || exit
		cupel run small.toml --out disk/bundle >first 2>&1; echo "first $?"
		tail -1 first
		head -c 1M /dev/zero >disk/filler 2>/dev/null
		rm disk/filler
		mount -o remount,size=64m disk || exit
		cupel run small.toml --resume --out disk/bundle >second 2>&1; echo "second $?"
		cupel verify disk/bundle
		cp -r disk/bundle kept`)
	if !strings.Contains(log, "first 3\n") || !strings.Contains(log, "no space left on device") || !strings.Contains(log, "what there is lies in disk/bundle") {
		t.Errorf("the full disk: %s", log)
	}
	if !strings.Contains(log, "second 0\n") && !strings.Contains(log, "second 3\n") || !strings.Contains(log, "intact: ") {
		t.Errorf("with room again: %s", log)
	}
	complete(t, filepath.Join(b.dir, "kept"), nil, log)
}

func TestADiskThatMayNotBeWritten(t *testing.T) {
	b := newBench(t)
	b.write(t, "small.toml", killSuite)
	log := b.onOwnDisk(t, `
		mkdir disk && mount -t tmpfs -o ro none disk || exit
		cupel run small.toml --out disk/bundle; echo "code $?"`)
	if !strings.Contains(log, "cupel: output directory: ") || !strings.Contains(log, "read-only file system") || !strings.Contains(log, "code 2\n") || strings.Count(log, "\n") != 2 {
		t.Errorf("%s", log)
	}
}
