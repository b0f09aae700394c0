package provision

// This file finds or installs uv, which installs the Python engines.

import (
	"context"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed uv.lock
var uvLock []byte

// uv returns the path of uv: the user's own, or one that pip installs into the cache
// from a lock file with hashes. Its 20 MB are worthwhile: uv installs PyTorch in half a
// minute, pip in five. Where uv cannot be had, path and error are both empty, and pip
// installs the engines.
func (p *python) uv(ctx context.Context, log *buildLog) (string, error) {
	if path, err := exec.LookPath("uv"); err == nil {
		return path, nil
	}
	dir := filepath.Join(p.tools, "uv-"+digestOf(map[string][]byte{"uv.lock": uvLock})[:12])
	path := filepath.Join(dir, ".venv", "bin", "uv")
	unlock, err := lock(ctx, dir+".lock", func() {})
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	log.progress("getting the installer uv", 0, 0)
	if err := p.installUV(ctx, dir, log); err != nil {
		return "", ctx.Err()
	}
	if _, err := os.Stat(path); err != nil {
		return "", nil
	}
	return path, nil
}

func (p *python) installUV(ctx context.Context, dir string, log *buildLog) error {
	if err := (folder{dir: dir, files: map[string][]byte{"uv.lock": uvLock}}).layOut(); err != nil {
		return err
	}
	environment := filepath.Join(dir, ".venv")
	if err := log.run(ctx, dir, nil, p.interpreter, "-m", "venv", environment); err != nil {
		return err
	}
	return log.run(ctx, dir, nil, filepath.Join(environment, "bin", "python"), pipInstall("uv.lock")...)
}

// pipInstall returns pip's arguments for installing a lock file.
func pipInstall(lock string) []string {
	return []string{"-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:",
		"--no-compile", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "-r", lock}
}
