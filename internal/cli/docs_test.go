package cli

// This file tests that what the documents show works.

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cupel/internal/suite"
)

// commandsOf returns the commands in a page's bash blocks.
func commandsOf(page string) []string {
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```bash\n(.*?)```").FindAllStringSubmatch(page, -1) {
		commands = append(commands, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	return commands
}

// parses reports whether the command line knows a command's verb and flags.
func parses(t *testing.T, line string) error {
	t.Helper()
	arguments := strings.Fields(line)
	root := rootCommand(bytes.NewReader(nil), io.Discard, io.Discard)
	command, rest, err := root.Find(arguments)
	if err != nil {
		return err
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	return command.ValidateArgs(command.Flags().Args())
}

// Every command of cupel's that a page shows is one that it understands.
func TestCommandsInDocumentsParse(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, "../../README.md")
	pages = append(pages, "../report/testdata/BENCHMARK_RESULTS.md")
	checked := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range commandsOf(string(text)) {
			for _, program := range []string{"go run ./cmd/cupel ", "./cupel "} {
				if line, ok := strings.CutPrefix(command, program); ok {
					checked++
					if err := parses(t, line); err != nil {
						t.Errorf("%s: %s: %v", page, command, err)
					}
				}
			}
		}
	}
	if checked < 5 {
		t.Errorf("only %d commands were found", checked)
	}
	for _, wrong := range []string{"run --dance", "dance", "run a b"} {
		if parses(t, wrong) == nil {
			t.Errorf("%q parses", wrong)
		}
	}
}

// The limits that the protocol's page gives are those of a run.
func TestLimitsOnTheProtocolsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	limits := suite.DefaultLimits
	for requests, limit := range map[string]suite.Duration{
		"`hello`": limits.Hello, "`load`": limits.Load, "`infer`, `train`": limits.Infer, "`quit`": limits.Quit,
	} {
		row := regexp.MustCompile(`\| ` + requests + `[^|]*\| (\d+) (m|s)[a-z]* \|`).FindSubmatch(page)
		if row == nil {
			t.Errorf("no row of %s", requests)
			continue
		}
		if given, err := time.ParseDuration(string(row[1]) + string(row[2])); err != nil || given != time.Duration(limit) {
			t.Errorf("%s: the page gives %v where a run has %v", requests, given, time.Duration(limit))
		}
	}
}

// README's suite file is one that cupel reads.
func TestSuiteInReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```toml\n(.*?)```").FindStringSubmatch(string(text))
	if block == nil {
		t.Fatal("README has no suite")
	}
	if _, err := suite.Parse("README.md", ".", []byte(block[1])); err != nil {
		t.Error(err)
	}
}
