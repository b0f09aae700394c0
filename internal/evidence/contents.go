package evidence

// This file holds what a bundle says of how contenders were made: the packages that
// were installed, the build, and the earlier runs on the machine.

import "time"

// The files of contenders and of earlier runs.
const (
	// PackagesFile and BuildFile lie in a contender's folder of the bundle.
	PackagesFile = "packages.json"
	BuildFile    = "build.json"
	// HarnessFile is what the program that measured is made of (Binary and digest).
	HarnessFile = "harness.json"
	// RunLogFile are the machine's earlier runs of the same suite, and this one.
	RunLogFile = "runs.jsonl"
	// ModelDir has the suite's fitted model in each format.
	ModelDir = "model"
)

// Packages are the packages that a contender was installed with, as they were found
// before the first launch.
type Packages struct {
	Contender string `json:"contender"`
	// Lock is the lock file's SHA-256, and LockFile its name in the contender's folder.
	LockFile string `json:"lock_file"`
	Lock     string `json:"lock_sha256"`
	// Runtime is the version of the language's runtime, from a file of the
	// installation, which RuntimeFrom names.
	Runtime     string    `json:"runtime"`
	RuntimeFrom string    `json:"runtime_from"`
	Packages    []Package `json:"packages"`
	// Missing are packages that the lock names and that are not installed.
	Missing []string `json:"missing"`
	// Strays are files of the installation that belong to no package, but for
	// compiled bytecode and what the installer itself writes: at most 100.
	Strays []string `json:"strays"`
	// Bytecode is how many files of compiled bytecode there are.
	Bytecode int `json:"bytecode_files"`
	// Files and Bytes are what was read, in Nanoseconds.
	Files       int   `json:"files"`
	Bytes       int64 `json:"bytes"`
	Nanoseconds int64 `json:"read_ns"`
}

// Package is an installed package.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Locked says that the lock file has this name and version; LockHashes are the
	// SHA-256 that it allows for the archive.
	Locked     bool     `json:"locked"`
	LockHashes []string `json:"lock_sha256s"`
	// Released is the date of the release, where the lock file has it.
	Released string `json:"released,omitempty"`
	// RecordSHA256 is that of the package's own list of its files, and SHA256 that
	// over the lines "PATH SHA256\n" of all files in that list but bytecode, the list
	// itself and what installers write, ascending by path.
	RecordSHA256 string `json:"record_sha256"`
	SHA256       string `json:"files_sha256"`
	Files        int    `json:"files"`
	Bytes        int64  `json:"bytes"`
	// Changed are files that are not what the list says, Absent those that are not
	// there: at most 100 each.
	Changed []string `json:"changed"`
	Absent  []string `json:"absent"`
}

// Build is how a contender's program was built.
type Build struct {
	Contender string `json:"contender"`
	// How is the command, in short, with the version of the tool that ran it.
	How string `json:"how"`
	// LogFile names the build's log in the contender's folder, LogSHA256 is over the
	// log before paths were taken out of it.
	LogFile   string `json:"log_file"`
	LogSHA256 string `json:"log_sha256"`
	// Sources is the digest of what it was made from, lock file included, and
	// SourceFiles those files' digests, by name.
	Sources     string            `json:"sources_sha256"`
	SourceFiles map[string]string `json:"source_files_sha256"`
	// Executable is the digest of the program that the contender's command starts, and
	// Recorded that of the same when it was built; empty where that was not written
	// down.
	Executable string `json:"executable_sha256"`
	Recorded   string `json:"recorded_sha256,omitempty"`
	// Products are the digests, when it was built, of the programs and libraries that the
	// build of a suite's own contender left, by path.
	Products map[string]string `json:"products_sha256,omitempty"`
	// Environment are the variables that bear on a build and were set when it was
	// made; nil where that was not written down.
	Environment []Variable `json:"environment"`
}

// Harness is the program that measured.
type Harness struct {
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Binary Binary `json:"binary"`
}

// RunLogRow is a row of the machine's log of runs. A run writes one when it begins
// and one when it ends, so one that was thrown away shows as well.
type RunLogRow struct {
	// Run is the plan's digest, which tells runs apart.
	Run  string    `json:"run"`
	Time time.Time `json:"time"`
	// Event is "began" or "ended".
	Event string `json:"event"`
	// Suite is the suite file's digest; Plan that of what runs of one plan have in common:
	// all but nonce, budget and precision.
	Suite  string `json:"suite_sha256"`
	Plan   string `json:"same_plan_sha256"`
	Cupel  string `json:"cupel_sha256"`
	Boot   string `json:"boot_id"`
	Reason string `json:"reason,omitempty"`
	// Claims are what came out, in the row of the end.
	Claims []RunLogClaim `json:"claims,omitempty"`
}

// RunLogClaim is what a run found for one claim.
type RunLogClaim struct {
	Faster  string  `json:"faster"`
	Than    string  `json:"than"`
	Ratio   float64 `json:"ratio"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Verdict string  `json:"verdict"`
}
