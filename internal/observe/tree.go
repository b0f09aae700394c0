package observe

// This file reads small files of /proc and /sys.

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tree is where the kernel's files are read.
type tree struct {
	// root is where proc and sys are mounted: "/" for the live system, another folder
	// for a fixture.
	root string
	// clock returns how much CPU time a process has used.
	clock func(process int) (time.Duration, error)
}

var live = tree{root: "/", clock: CPUClock}

func (t tree) path(parts ...string) string {
	return filepath.Join(append([]string{t.root}, parts...)...)
}

// cpu returns the path of a file that describes one CPU.
func (t tree) cpu(number int, parts ...string) string {
	return t.path(append([]string{"sys/devices/system/cpu", "cpu" + strconv.Itoa(number)}, parts...)...)
}

// line returns a file's content without the space around it, or nothing where the file
// cannot be read.
func line(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// number returns a file's content as a whole number. ok is false where it is none.
func number(path string) (value int64, ok bool) {
	value, err := strconv.ParseInt(line(path), 10, 64)
	return value, err == nil
}

// maxCPUs bounds CPU numbers. It is the largest number of CPUs that a Linux kernel can
// be built for.
const maxCPUs = 8192

// parseCPUList parses the kernel's notation of a set of CPUs, such as "0-3,8". The
// result has the order of the text. An empty text is the empty set.
func parseCPUList(text string) ([]int, error) {
	var cpus []int
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		if part == "" {
			continue
		}
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		low, lowErr := strconv.Atoi(first)
		high, highErr := strconv.Atoi(last)
		if lowErr != nil || highErr != nil || low < 0 || high < low || high >= maxCPUs {
			return nil, fmt.Errorf("%q is no list of CPUs", text)
		}
		for cpu := low; cpu <= high; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// formatCPUList is the inverse of parseCPUList, for an ascending list.
func formatCPUList(cpus []int) string {
	var parts []string
	for start := 0; start < len(cpus); {
		end := start
		for end+1 < len(cpus) && cpus[end+1] == cpus[end]+1 {
			end++
		}
		part := strconv.Itoa(cpus[start])
		if end > start {
			part += "-" + strconv.Itoa(cpus[end])
		}
		parts = append(parts, part)
		start = end + 1
	}
	return strings.Join(parts, ",")
}

// nameOf returns a process's name, or nothing where it has ended.
func nameOf(t tree, process int) string {
	return line(t.path("proc", strconv.Itoa(process), "comm"))
}
