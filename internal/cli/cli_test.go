package cli

// This file tests the command line by scripts, and by every engine that is installed.

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"cupel/docs/schemas"
	"cupel/engines"
	"cupel/internal/enginetest"
	"cupel/internal/suite"
	"cupel/internal/testtier"
)

// The scripts run this test's binary as cupel, so they see what a user sees:
// output, exit codes, files and processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cupel": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			os.Exit(Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			// An empty cache and home: nothing of the machine's gets in.
			env.Setenv("XDG_CACHE_HOME", env.WorkDir+"/cache")
			// Where cupel alone is: a PATH without Python and Rust.
			bin, _, _ := strings.Cut(env.Getenv("PATH"), string(os.PathListSeparator))
			env.Setenv("BIN", bin)
			return nil
		},
		// A script that takes long begins with: [!gate] skip 'only with CUPEL_REQUIRE=all'
		Condition: func(condition string) (bool, error) {
			if condition != "gate" {
				return false, fmt.Errorf("no condition %q; there is gate", condition)
			}
			return testtier.InGate(), nil
		},
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"shaped": shaped},
		RequireExplicitExec: true,
	})
}

// shaped SCHEMA FILE: the file, or stdout, has the published shape of that name.
func shaped(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: shaped SCHEMA FILE")
	}
	if err := schemas.Validate(args[0], []byte(ts.ReadFile(args[1]))); err != nil {
		ts.Fatalf("%s has not the shape of %s: %v", args[1], args[0], err)
	}
}

// TestEverySuiteWithEveryEngine runs the built-in suites, shortened, with every
// engine for real, and asks for agreement, not for speed.
func TestEverySuiteWithEveryEngine(t *testing.T) {
	testtier.Gate(t)
	for _, name := range engines.StandardNames() {
		enginetest.Require(t, name)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/engines",
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", cache)
			for _, name := range suite.BuiltInNames() {
				s, err := suite.Load(name)
				if err != nil {
					return err
				}
				short := strings.NewReplacer("iterations = 10000", "iterations = 300", "launches = 10", "launches = 1", `budget = "180s"`, `budget = "1ms"`,
					`budget = "300s"`, `budget = "1ms"`, `budget = "600s"`, `budget = "1ms"`).Replace(string(s.Text))
				if err := os.WriteFile(filepath.Join(env.WorkDir, name+".toml"), []byte(short), 0o644); err != nil {
					return err
				}
			}
			return nil
		},
		RequireExplicitExec: true,
	})
}

func TestExitCodesOfErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
	}{
		{[]string{"--version"}, ExitOK},
		{[]string{"list"}, ExitOK},
		{[]string{"dance"}, ExitUsage},
		{[]string{"run", "--dance"}, ExitUsage},
		{[]string{"run", "a", "b"}, ExitUsage},
		{[]string{"run", "none.toml"}, ExitUsage},
		{[]string{"run", "--only", "candle"}, ExitUsage},
		{[]string{"run", "--budget", "-1s"}, ExitUsage},
		{[]string{"provision", "candle"}, ExitUsage},
		{[]string{"engine", "check", "candle"}, ExitUsage},
		{[]string{"calibrate", "candle"}, ExitUsage},
		{[]string{"calibrate", "--launches", "5"}, ExitUsage},
		{[]string{"calibrate", "--slowdown", "0"}, ExitUsage},
		{[]string{"calibrate", "--slowdown", "two"}, ExitUsage},
		{[]string{"calibrate", "--slowdown", "0.02", "--double-load"}, ExitUsage},
		{[]string{"calibrate", "--double-load", "--pairs", "5"}, ExitUsage},
		{[]string{"audit", "--json", "--format", "sarif", "table.md"}, ExitUsage},
		{[]string{"audit", "--cell", "batch-16", "table.md"}, ExitUsage},
	} {
		if code := Run(t.Context(), test.args, nil, io.Discard, io.Discard); code != test.code {
			t.Errorf("%q: exit code %d, want %d", test.args, code, test.code)
		}
	}
}
