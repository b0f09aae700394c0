package observe

// This file tests the reading of small files and of lists of CPUs.

import (
	"slices"
	"testing"
)

func TestCPULists(t *testing.T) {
	for text, want := range map[string][]int{
		"":           nil,
		"0":          {0},
		"0-3":        {0, 1, 2, 3},
		"0,2-3,8\n":  {0, 2, 3, 8},
		"0-1,64-65":  {0, 1, 64, 65},
		"8191":       {8191},
		"1,3,5":      {1, 3, 5},
		"10-10":      {10},
		"0-1,2,4-50": append([]int{0, 1, 2}, upTo(4, 50)...),
	} {
		got, err := parseCPUList(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
		if again, err := parseCPUList(formatCPUList(got)); err != nil || !slices.Equal(again, want) {
			t.Errorf("%q written as %q reads as %v, %v", text, formatCPUList(got), again, err)
		}
	}
	for _, text := range []string{"a", "3-1", "-1", "1-", "0-99999999999", "8192", "1;2"} {
		if got, err := parseCPUList(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
	if text := formatCPUList([]int{0, 1, 2, 4, 6, 7}); text != "0-2,4,6-7" {
		t.Errorf("written as %q", text)
	}
}

func upTo(first, last int) []int {
	var all []int
	for i := first; i <= last; i++ {
		all = append(all, i)
	}
	return all
}

func TestFilesThatAreNotThere(t *testing.T) {
	root := fixture(t, map[string]string{"proc/answer": " 42\n", "proc/text": "forty-two\n"})
	if value, ok := number(root.path("proc/answer")); !ok || value != 42 {
		t.Errorf("%d, %v", value, ok)
	}
	for _, name := range []string{"proc/text", "proc/absent"} {
		if value, ok := number(root.path(name)); ok {
			t.Errorf("%s is a number: %d", name, value)
		}
	}
	if text := line(root.path("proc/absent")); text != "" {
		t.Errorf("%q", text)
	}
}
