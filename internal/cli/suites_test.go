package cli

// This file tests that docs/SUITES.md has every key of a suite file, and no other.

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cupel/internal/suite"
)

var expectedKeys = regexp.MustCompile(`expected one of (.+)$`)

func TestEveryKeyOfASuiteIsOnItsPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/SUITES.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(text), "\n## ")
	for at, table := range []string{"", "[workload]", "[fit]", "[protocol]", "[[contender]]", "[[claim]]"} {
		_, err := suite.Parse("suite.toml", ".", []byte(table+"\nno_key = 1\n"))
		if err == nil {
			t.Fatalf("%s: an unknown key is none", table)
		}
		found := expectedKeys.FindStringSubmatch(err.Error())
		if found == nil || !strings.Contains(sections[at], table) {
			t.Fatalf("%s: error %v; the page's section is %.40q", table, err, sections[at])
		}
		known := strings.Split(found[1], ", ")
		for _, key := range known {
			if !strings.Contains(sections[at], "\n| `"+key+"` |") && !slices.Contains([]string{"workload", "fit", "protocol", "contender", "claim"}, key) {
				t.Errorf("%s: the page has no row of %s", table, key)
			}
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(sections[at], -1) {
			if !slices.Contains(known, row[1]) {
				t.Errorf("%s: the page has a row of %s, which is no key", table, row[1])
			}
		}
	}
}

// The page's contender with its source is one that cupel reads.
func TestTheSourceOnTheSuitesPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/SUITES.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```toml\n(.*?)```").FindStringSubmatch(string(text))
	if block == nil {
		t.Fatal("the page has no contender")
	}
	workload := "name = \"page\"\n[workload]\nkind = \"inference\"\nmodel = \"logistic-regression\"\nlayers = [784, 2]\ndataset = \"mnist-synthetic\"\nseed = 42\n"
	s, err := suite.Parse("SUITES.md", ".", []byte(workload+block[1]))
	if err != nil {
		t.Fatal(err)
	}
	if mine := s.Contenders[0]; len(mine.Source) != 3 || len(mine.Build) == 0 || mine.BuiltIn() {
		t.Errorf("it is read as %+v", mine)
	}
}
