package judge_test

// This file tests how contenders are judged that a suite brings along with their source.

import (
	"path/filepath"
	"testing"

	"cupel/internal/audit"
	"cupel/internal/evidence"
	"cupel/internal/testtier"
)

const ownLog = "$ cc -O2 -o runner runner.c\n"

// bringAlong makes aprender a contender of the suite's own, built from C.
func (s *scene) bringAlong(t *testing.T) {
	t.Helper()
	s.plan.Own = append(s.plan.Own, "aprender")
	s.planDigest(t)
	before := s.builds["aprender"]
	source := []byte("int main(void) { return 0; }\n")
	s.files[filepath.Join(evidence.ContendersDir, "aprender", "runner.c")] = source
	s.files[filepath.Join(evidence.ContendersDir, "aprender", "build.log")] = []byte(ownLog)
	s.builds["aprender"] = &evidence.Build{
		Contender: "aprender", How: "cc -O2 -o runner runner.c, from the source that the suite names", LogFile: "build.log", LogSHA256: sha256Of([]byte(ownLog)),
		Sources: sha256Of(source), SourceFiles: map[string]string{"runner.c": sha256Of(source)}, Executable: before.Executable, Recorded: before.Recorded,
		Products: map[string]string{"runner": before.Executable}, Environment: []evidence.Variable{},
	}
}

// With source and record of the build the points that are skips without are judged, and
// each can fail.
func TestAnOwnContenderWithItsSourceIsJudged(t *testing.T) {
	testtier.Gate(t) // It writes and audits a whole bundle for each case.
	const pass, skip, fail = audit.Pass, audit.Skip, audit.Fail
	log := func(text string) func(*scene) {
		return func(s *scene) { s.replaceIn("aprender", "build.log", ownLog, text) }
	}
	library := "$CACHE/engines/aprender-1/target/release/libfast.so"
	for name, test := range map[string]struct {
		change func(*scene)
		due    map[int]audit.Status
	}{
		"as built": {func(*scene) {}, map[int]audit.Status{14: pass, 36: pass, 37: pass, 38: pass}},
		"with a library of its build": {func(s *scene) {
			s.besideProgram("libfast.so")
			s.builds["aprender"].Products["libfast.so"] = sha256Of([]byte(library))
		}, map[int]audit.Status{14: pass, 36: pass}},
		"a library that the build did not leave": {func(s *scene) { s.besideProgram("libfast.so") }, map[int]audit.Status{14: skip, 36: skip}},
		"by a script": {func(s *scene) {
			script := sha256Of([]byte("exec ./runner"))
			s.builds["aprender"].Executable, s.builds["aprender"].Recorded = script, script
		}, map[int]audit.Status{14: pass, 36: pass, 37: pass, 38: pass}},
		"another program than was built": {func(s *scene) {
			other := sha256Of([]byte("another program"))
			s.builds["aprender"].Executable, s.builds["aprender"].Recorded, s.builds["aprender"].Products["runner"] = other, other, other
		}, map[int]audit.Status{14: fail, 36: fail}},
		"a program that was changed after it was built": {func(s *scene) {
			s.builds["aprender"].Recorded = sha256Of([]byte("as it was built"))
		}, map[int]audit.Status{36: fail}},
		"another source than was built": {func(s *scene) {
			s.files[filepath.Join(evidence.ContendersDir, "aprender", "runner.c")] = []byte("int main(void) { return 1; }\n")
		}, map[int]audit.Status{36: fail}},
		"a source that is not there": {func(s *scene) {
			delete(s.files, filepath.Join(evidence.ContendersDir, "aprender", "runner.c"))
		}, map[int]audit.Status{36: skip}},
		"no optimisation":          {log("$ cc -O0 -o runner runner.c\n"), map[int]audit.Status{37: fail}},
		"nothing on optimisation":  {log("$ sh build.sh\n"), map[int]audit.Status{37: skip, 38: pass}},
		"a debug build of cargo's": {log("$ make\n    Finished `dev` profile [unoptimized + debuginfo] target(s)\n"), map[int]audit.Status{37: fail}},
		"for the CPU that is here": {log("$ cc -O2 -march=native -o runner runner.c\n"), map[int]audit.Status{38: fail}},
	} {
		t.Run(name, func(t *testing.T) {
			s := honest(t)
			s.bringAlong(t)
			test.change(s)
			report := s.audit(t, audit.Options{Claim: "go/aprender"})
			for id, due := range test.due {
				if point := report.Points[id-1]; point.Status != due {
					t.Errorf("point %d is a %s where a %s is due: %s", id, point.Status, due, point.Detail)
				}
			}
		})
	}
}
