package verify

// This file counts the earlier runs of a bundle's plan in the machine's log.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// earlierRuns is how many there are; none of a log that can't be read.
func (v *verification) earlierRuns() int {
	plan, err := v.read("plan.json")
	if err != nil {
		return 0
	}
	text, err := v.read("runs.jsonl")
	if err != nil {
		return 0
	}
	sum := sha256.Sum256(plan)
	type row struct {
		Run  string    `json:"run"`
		Plan string    `json:"same_plan_sha256"`
		Time time.Time `json:"time"`
	}
	own, run := row{}, hex.EncodeToString(sum[:])
	var rows []row
	for line := range bytes.Lines(text) {
		var one row
		if json.Unmarshal(line, &one) != nil {
			return 0
		}
		if rows = append(rows, one); own.Run == "" && one.Run == run {
			own = one
		}
	}
	earlier := map[string]bool{}
	for _, one := range rows {
		if one.Run != run && one.Plan == own.Plan && one.Time.Before(own.Time) {
			earlier[one.Run] = true
		}
	}
	return len(earlier)
}
