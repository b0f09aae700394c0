package provision

// This file builds Rust engines with cargo, from their lock file.

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"cupel/engines"
)

type rust struct {
	engine engines.Engine
	cargo  string
}

func (r *rust) tool(ctx context.Context) (string, error) {
	path, err := exec.LookPath("cargo")
	if err != nil {
		return "", &Unavailable{r.engine.Name, "no cargo is on the PATH", "install Rust, for example by rustup"}
	}
	output, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", &Unavailable{r.engine.Name, fmt.Sprintf("%s does not run: %v", path, err), "repair the Rust installation, for example by `rustup default stable`"}
	}
	r.cargo = path
	return firstLine(output), nil
}

func (r *rust) how() string { return "cargo build --release --locked" }

var compiling = regexp.MustCompile(`^\s*(?:Compiling|Downloaded)\s+(\S+)`)

func (r *rust) install(ctx context.Context, dir string, log *buildLog) ([]string, error) {
	lock, err := os.ReadFile(filepath.Join(dir, "Cargo.lock"))
	if err != nil {
		return nil, err
	}
	target := filepath.Join(dir, "target")
	env := []string{"CARGO_TARGET_DIR=" + target, "CARGO_TERM_COLOR=never", "CARGO_TERM_PROGRESS_WHEN=never"}
	log.progress("fetching crates", 0, 0)
	if err := log.run(ctx, dir, env, r.cargo, "fetch", "--quiet", "--locked"); err != nil {
		return nil, err
	}
	log.expect(compiling, bytes.Count(lock, []byte("\n[[package]]\n")))
	if err := log.run(ctx, dir, env, r.cargo, "build", "--release", "--locked", "--offline"); err != nil {
		return nil, err
	}
	binary := filepath.Join(dir, r.engine.Binary)
	if err := os.Rename(filepath.Join(target, "release", r.engine.Binary), binary); err != nil {
		return nil, err
	}
	// The intermediate files are twenty times the program's size.
	return []string{binary}, os.RemoveAll(target)
}

func (*rust) products(folder) (map[string]string, error) { return nil, nil }
