package main

// This file tests runs on a full or read-only disk, on file systems that the test
// mounts for itself.

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cupel/internal/testtier"
)

// onOwnDisk runs a script that may mount file systems of its own.
func (b *bench) onOwnDisk(t *testing.T, script string) string {
	t.Helper()
	if text, err := exec.Command("unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt").CombinedOutput(); err != nil {
		testtier.Lacks(t, fmt.Sprintf("no file system can be mounted here (unshare -rm, mount -t tmpfs): %v: %s", err, text))
	}
	var log bytes.Buffer
	command := b.command(&log)
	command.Path, command.Args = "/usr/bin/env", []string{"env", "unshare", "-rm", "sh", "-c", script}
	_ = command.Run()
	return log.String()
}

// A full disk ends the run with one line that says so. What was written before can be
// read. Once there is space again, the run can be resumed.
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
	if !strings.Contains(log, "first 3\n") || !strings.Contains(log, "no space left on device") || !strings.Contains(log, "the measurements so far are in disk/bundle") {
		t.Errorf("the full disk: %s", log)
	}
	if !strings.Contains(log, "second 0\n") && !strings.Contains(log, "second 3\n") || !strings.Contains(log, "intact: ") {
		t.Errorf("with room again: %s", log)
	}
	complete(t, filepath.Join(b.dir, "kept"), nil, log)
}

// Where the disk fills while the bundle is sealed, or while results are written, the
// run prints one line and exits with code 3, no answer. The unfinished bundle counts as
// not intact, so no figure of it passes. Once there is space again, the run can be
// resumed to its end. The test does not depend on time: the run has ended, and the test
// repeats its last steps with a number of free pages that just holds the files before
// the one that fails.
func TestADiskThatFillsAtTheEnd(t *testing.T) {
	b := newBench(t)
	b.write(t, "small.toml", killSuite)
	log := b.onOwnDisk(t, `
		mkdir disk && mount -t tmpfs -o size=32m none disk || exit
		cupel run small.toml --out disk/bundle >first 2>&1; echo "first $?"
		page=$(stat -f -c %S disk)
		pages() {
			sum=0
			for file; do sum=$((sum + ($(stat -c %s "$file") + page - 1) / page)); done
			echo $sum
		}
		cd disk/bundle
		list=$(pages manifest.json) seal=$(pages seal.dsse.json)
		results=$(pages results/*) last=$(pages results/manifest.json)
		cd ../..
		again() {
			# Each time what is written before grows by some bytes, now and then by a page.
			for more in 0 1 2; do
				rm -r disk/bundle/results disk/bundle/manifest.json disk/bundle/seal.dsse.json
				mkdir disk/bundle/results
				head -c $((($(stat -f -c %a disk) - $3 - more) * page)) /dev/zero >disk/filler
				cupel run small.toml --resume --out disk/bundle >log 2>&1; code=$?
				cp log told
				cupel verify disk/bundle >log 2>&1; verified=$?
				rm disk/filler
				touch disk/bundle/manifest.json disk/bundle/seal.dsse.json
				! grep -q "$2" told || break
			done
			echo "$1: code $code, lines $(wc -l <told): $(cat told)"
			echo "$1: verified $verified: $(tail -1 log)"
		}
		again "seal" bundle/seal.dsse.json: $list
		again "first result" bundle/results/ $((list + seal))
		again "last result" bundle/results/ $((list + seal + results - last))
		cupel run small.toml --resume --out disk/bundle >log 2>&1; echo "at last $?"
		cupel verify disk/bundle
		cp -r disk/bundle kept`)
	for stage, file := range map[string]string{
		"seal": `seal\.dsse\.json`, "first result": `results/[A-Za-z_.]+`, "last result": `results/[A-Za-z_.]+`,
	} {
		told := regexp.MustCompile(`(?m)^` + stage + `: code 3, lines 1: cupel: .*disk/bundle/` + file + `: .*no space left on device.* \(the measurements so far are in disk/bundle; continue with ` + "`cupel run --resume --out disk/bundle`" + `\)$`)
		if !told.MatchString(log) || !strings.Contains(log, "\n"+stage+": verified 1: verdict  NOT INTACT: ") {
			t.Errorf("%s: %s", stage, log)
		}
	}
	if !strings.Contains(log, "at last 0\n") && !strings.Contains(log, "at last 3\n") || !strings.Contains(log, "verdict  intact: ") {
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
