package cli

// This file has `cupel run` write down what contenders are made of, and what else was
// run on this machine.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/measure"
	"cupel/internal/observe"
	"cupel/internal/provision"
	"cupel/internal/report"
	"cupel/internal/suite"
	"cupel/model"
)

// inventory is what a run knows of its contenders' files.
type inventory struct {
	digests *observe.Digests
	// installed are the contenders' installations, by contender, and owners say which
	// package of one a file belongs to.
	installed map[string]provision.Installed
	owners    map[string]func(path string) string
}

func newInventory() *inventory {
	return &inventory{digests: observe.NewDigests(), installed: map[string]provision.Installed{}, owners: map[string]func(string) string{}}
}

// describeContender writes down what a contender was installed with and how it was
// built, and keeps what it was made from. It reads every file of the installation.
func (r *runner) describeContender(name string, installed provision.Installed) error {
	r.inventory.installed[name] = installed
	r.inventory.owners[name] = provision.PackageOf(installed.Dir)
	packages, ok, err := provision.Inventory(name, installed, r.inventory.digests.Of)
	if err != nil {
		return err
	}
	if ok {
		if err := r.bundle.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.PackagesFile), packages); err != nil {
			return err
		}
	}
	if err := r.keepSource(name, installed); err != nil {
		return err
	}
	build, err := provision.BuildOf(name, installed, r.inventory.digests.Of)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	if installed.Dir == "" {
		// It is part of this program, and so are its sources.
		build.Sources = model.SourceDigest()
	}
	return r.bundle.WriteJSON(filepath.Join(evidence.ContendersDir, name, evidence.BuildFile), build)
}

// keepSource copies what a contender was made from and runs into the bundle.
func (r *runner) keepSource(name string, installed provision.Installed) error {
	files, err := provision.Sources(installed)
	if err != nil {
		return err
	}
	if log, err := provision.Log(installed); err == nil {
		files[provision.LogFile] = []byte(r.anonymous(string(log)))
	}
	for file, content := range files {
		if err := r.bundle.WriteFile(filepath.Join(evidence.ContendersDir, name, file), content); err != nil {
			return err
		}
	}
	return nil
}

// systemFolders are where the base system's programs and libraries lie.
var systemFolders = []string{"/lib/", "/lib32/", "/lib64/", "/usr/lib/", "/usr/lib32/", "/usr/lib64/", "/usr/bin/", "/usr/libexec/", "/bin/", "/nix/store/"}

// origin says where a contender's file of code comes from.
func (r *runner) origin(contender, path string) (evidence.Origin, string) {
	contender = strings.TrimSuffix(contender, suite.ControlName(""))
	installed, known := r.inventory.installed[contender]
	if owner := r.inventory.owners[contender]; owner != nil {
		if name := owner(path); name != "" {
			return evidence.OriginPackage, name
		}
	}
	switch {
	case path == r.provisioner.Executable:
		return evidence.OriginHarness, ""
	case known && installed.Dir != "" && strings.HasPrefix(path, installed.Dir+string(filepath.Separator)):
		return evidence.OriginBuild, ""
	case known && belowRuntime(installed, path):
		return evidence.OriginRuntime, ""
	}
	for _, folder := range systemFolders {
		if strings.HasPrefix(path, folder) {
			return evidence.OriginSystem, ""
		}
	}
	return evidence.OriginUnknown, ""
}

// belowRuntime reports whether a file is of the interpreter that an environment was
// made from: the environment's program is a link to it.
func belowRuntime(installed provision.Installed, path string) bool {
	program, err := filepath.EvalSymlinks(installed.Command[0])
	if err != nil {
		return false
	}
	root := filepath.Dir(filepath.Dir(program))
	return root != "/" && root != "/usr" && strings.HasPrefix(path, root+string(filepath.Separator))
}

// describeHarness writes down what this program is made of.
func (r *runner) describeHarness() error {
	sha, size, err := r.inventory.digests.Of(r.provisioner.Executable)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	binary, err := observe.BinaryOf(r.provisioner.Executable, false)
	if err != nil || binary == nil {
		return err
	}
	return r.bundle.WriteJSON(evidence.HarnessFile, evidence.Harness{SHA256: sha, Bytes: size, Binary: *binary})
}

// keepModel copies the suite's fitted model into the bundle.
func (r *runner) keepModel(material *measure.Material) error {
	if material.Variant == nil {
		return nil // Contenders that train make their own.
	}
	for format, path := range material.Files {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("model file: %w", err)
		}
		if err := r.bundle.WriteFile(filepath.Join(evidence.ModelDir, "model."+format), text); err != nil {
			return err
		}
	}
	return nil
}

// logRun adds a row about this run to the machine's log.
func (r *runner) logRun(event, reason string, claims []evidence.RunLogClaim) error {
	_, digest, err := r.plan.Encode()
	if err != nil {
		return err
	}
	same, err := samePlanDigest(*r.plan)
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	// A platform without digests leaves the program's out.
	cupel, _, _ := r.inventory.digests.Of(r.provisioner.Executable)
	line, err := json.Marshal(evidence.RunLogRow{
		Run: digest, Time: time.Now().UTC(), Event: event, Suite: r.plan.SuiteSHA256, Plan: same,
		Cupel: cupel, Boot: observe.Identify().BootID, Reason: reason, Claims: claims,
	})
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	return appendRow(r.runLog(), line)
}

// samePlanDigest is by what the log knows runs of one plan. Those with another nonce,
// budget or precision are of the same, and so are those of a suite with another name or
// another comment: of several such runs, too, the most favourable could be shown.
func samePlanDigest(plan suite.Plan) (string, error) {
	common := plan.Common()
	common.Suite, common.SuiteFile, common.SuiteSHA256 = "", "", ""
	text, err := json.Marshal(common)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func (r *runner) runLog() string { return filepath.Join(r.provisioner.Cache, evidence.RunLogFile) }

// appendRow adds a row to the log of runs, on a line of its own: a full disk may have
// left half of one there.
func appendRow(path string, line []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	whole, err := endsALine(file)
	if err == nil {
		if !whole {
			line = append([]byte{'\n'}, line...)
		}
		_, err = file.Write(append(line, '\n'))
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	return nil
}

// endsALine reports whether nothing or a whole line is what a file ends in.
func endsALine(file *os.File) (bool, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return true, err
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return last[0] == '\n', err
}

// copyRunLog copies the machine's runs of this suite or this plan into the bundle.
func (r *runner) copyRunLog() error {
	text, err := os.ReadFile(r.runLog())
	if errors.Is(err, os.ErrNotExist) {
		return nil // The run began elsewhere, or the log was cleared.
	}
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	same, err := samePlanDigest(*r.plan)
	if err != nil {
		return fmt.Errorf("log of runs: %w", err)
	}
	return r.bundle.WriteFile(evidence.RunLogFile, runsOf(text, r.plan.SuiteSHA256, same))
}

// runsOf are the rows of a log that are of a suite or of a plan. What is no row, such as
// the half of one that a full disk left, is left out.
func runsOf(log []byte, suiteSHA256, samePlanSHA256 string) []byte {
	var kept bytes.Buffer
	for line := range bytes.Lines(log) {
		var row evidence.RunLogRow
		if err := json.Unmarshal(line, &row); err != nil || row.Suite != suiteSHA256 && row.Plan != samePlanSHA256 {
			continue
		}
		kept.Write(bytes.TrimSuffix(line, []byte{'\n'}))
		kept.WriteByte('\n')
	}
	return kept.Bytes()
}

// logEnd adds to the machine's log what this run found. The bundle is sealed by then,
// and has its own figures.
func (r *runner) logEnd(results *report.Results, interrupted bool) error {
	reason := "finished"
	if interrupted {
		reason = "interrupted"
	}
	var claims []evidence.RunLogClaim
	if results.Estimates != nil {
		for _, claim := range results.Estimates.Claims {
			if math.IsInf(claim.Ratio.High, 0) || math.IsInf(claim.Ratio.Low, 0) {
				continue // Too few launches for an interval, and JSON has no infinity.
			}
			claims = append(claims, evidence.RunLogClaim{
				Faster: claim.A, Than: claim.B, Ratio: claim.Ratio.Estimate, Low: claim.Ratio.Low, High: claim.Ratio.High, Verdict: string(claim.Verdict),
			})
		}
	}
	return r.logRun("ended", reason, claims)
}
