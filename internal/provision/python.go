package provision

// This file installs Python engines: a virtual environment for each folder, from the
// lock file with hashes. It uses uv where available, and otherwise venv and pip.

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"cupel/engines"
)

type python struct {
	engine engines.Engine
	// tools is the cache's directory for programs that install.
	tools       string
	interpreter string
}

// leastMinor is the lowest Python 3 minor version that the lock files allow.
const leastMinor = 11

// interpreters are tried in this order. The user's own choice comes first.
var interpreters = []string{"python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"}

func (p *python) tool(ctx context.Context) (string, error) {
	found := ""
	for _, name := range interpreters {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		version, minor := pythonVersion(ctx, path)
		if minor >= leastMinor {
			p.interpreter = path
			return version, nil
		}
		if found == "" && version != "" {
			found = version
		}
	}
	reason := "no Python is on the PATH"
	if found != "" {
		reason = fmt.Sprintf("%s is too old", found)
	}
	return "", &Unavailable{p.engine.Name, reason, fmt.Sprintf("install Python 3.%d or newer with its venv module", leastMinor)}
}

func (p *python) how() string { return "published wheels by lock file with hashes" }

func pythonVersion(ctx context.Context, path string) (version string, minor int) {
	output, err := exec.CommandContext(ctx, path, "-c",
		"import platform, sys; print(platform.python_implementation(), platform.python_version(), sys.version_info[1] if sys.version_info[0] == 3 else 0)").Output()
	fields := strings.Fields(string(output))
	if err != nil || len(fields) != 3 {
		return "", 0
	}
	minor, _ = strconv.Atoi(fields[2])
	return fields[0] + " " + fields[1], minor
}

// lockedPackage matches a package's line in a lock file.
var lockedPackage = regexp.MustCompile(`(?m)^[A-Za-z0-9][A-Za-z0-9._-]*==`)

// collecting matches the line that begins a package's download, in pip's or uv's
// output.
var collecting = regexp.MustCompile(`^\s*(?:Collecting|Downloading|Prepared|Installed|\+)\s+([A-Za-z0-9][A-Za-z0-9._-]*)`)

func (p *python) install(ctx context.Context, dir string, log *buildLog) ([]string, error) {
	environment := filepath.Join(dir, ".venv")
	interpreter := filepath.Join(environment, "bin", "python")
	lock := filepath.Join(dir, "requirements.lock")
	text, err := os.ReadFile(lock)
	if err != nil {
		return nil, err
	}
	if err := p.packages(ctx, log, dir, environment, interpreter, lock, len(lockedPackage.FindAll(text, -1))); err != nil {
		return nil, err
	}
	log.progress("compiling bytecode", 0, 0)
	// Compiling ahead shortens start-up, where imports count, by several times. Some
	// packages ship files for other versions of Python; a file that does not compile is
	// ignored here, and would fail when imported.
	_ = log.run(ctx, dir, nil, interpreter, "-m", "compileall", "-q", "-q", "-j", "0", environment, "runner.py", "cupel_contender.py")
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	// -E and -s keep the user's Python settings and packages out, because the lock file
	// does not list them.
	return []string{interpreter, "-E", "-s", "runner.py"}, nil
}

func (p *python) packages(ctx context.Context, log *buildLog, dir, environment, interpreter, lock string, total int) error {
	uv, err := p.uv(ctx, log)
	if err != nil {
		return err
	}
	log.progress("making a virtual environment", 0, 0)
	if uv != "" {
		err := p.packagesByUV(ctx, log, uv, dir, environment, interpreter, lock, total)
		if err == nil || ctx.Err() != nil {
			return err
		}
		// pip may be configured for an index or a proxy that uv does not use.
		log.add("uv failed (" + err.Error() + "); pip is tried")
		if err := os.RemoveAll(environment); err != nil {
			return err
		}
	}
	return p.packagesByPip(ctx, log, dir, environment, interpreter, lock, total)
}

func (p *python) packagesByUV(ctx context.Context, log *buildLog, uv, dir, environment, interpreter, lock string, total int) error {
	env := []string{"UV_PYTHON_DOWNLOADS=never", "VIRTUAL_ENV=" + environment}
	if err := log.run(ctx, dir, env, uv, "venv", "--quiet", "--python", p.interpreter, environment); err != nil {
		return err
	}
	log.expect(collecting, total)
	return log.run(ctx, dir, env, uv, "pip", "install", "--python", interpreter, "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", lock)
}

func (p *python) packagesByPip(ctx context.Context, log *buildLog, dir, environment, interpreter, lock string, total int) error {
	if err := log.run(ctx, dir, nil, p.interpreter, "-m", "venv", environment); err != nil {
		return &Unavailable{p.engine.Name,
			fmt.Sprintf("%s can't make a virtual environment", p.interpreter),
			"install its venv module (Debian: python3-venv) or uv"}
	}
	log.expect(collecting, total)
	return log.run(ctx, dir, nil, interpreter, pipInstall(lock)...)
}

func (*python) products(folder) (map[string]string, error) { return nil, nil }
