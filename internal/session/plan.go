package session

// This file settles everything that a run decides before anything starts.

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"cupel/internal/evidence"
	"cupel/internal/suite"
)

// planned has what was settled before anything started.
type planned struct {
	plan *suite.Plan
	// nonce is the nonce whose digest is in the plan.
	nonce string
	// key seals the bundle.
	key *evidence.Key
}

// plan settles nonce, key and plan.
func plan(config Config) (planned, error) {
	nonce := config.Challenge
	if nonce == "" {
		nonce = rand.Text()
	}
	key, err := sealingKey(config.KeyFile)
	if err != nil {
		return planned{}, inputError(err)
	}
	made, err := config.Suite.Plan(suite.Options{
		Only: config.Only, Budget: config.Budget, Precision: config.Precision, Nonce: nonce, Challenge: config.Challenge != "",
	})
	if err != nil {
		return planned{}, inputError(err)
	}
	return planned{plan: made, nonce: nonce, key: key}, nil
}

// sealingKey reads the key from a file, or makes a key if path is empty.
func sealingKey(path string) (*evidence.Key, error) {
	if path == "" {
		return evidence.NewKey()
	}
	return evidence.LoadKey(path)
}

// RunsDir is the directory, below the current one, where bundles go by default.
const RunsDir = "cupel-runs"

// newOut returns the name of a directory below RunsDir that does not exist yet.
func newOut(now time.Time, suite string) string {
	base := filepath.Join(RunsDir, now.Format("20060102-150405")+"-"+suite)
	out := base
	for i := 2; ; i++ {
		if _, err := os.Lstat(out); err != nil {
			return out
		}
		out = fmt.Sprintf("%s-%d", base, i)
	}
}
