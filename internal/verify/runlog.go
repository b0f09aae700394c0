package verify

// This file counts the earlier runs of a bundle's plan in the machine's log, as the
// report names them.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// earlierRuns is the report's line about them; empty where there are none.
func (v *verification) earlierRuns() string {
	plan, err := v.read("plan.json")
	if err != nil {
		return ""
	}
	text, err := v.read("runs.jsonl")
	if err != nil {
		return ""
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
			return ""
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
	noun := "earlier runs"
	switch len(earlier) {
	case 0:
		return ""
	case 1:
		noun = "earlier run"
	}
	return fmt.Sprintf("The machine's log has %d %s of this plan, each with what it found in runs.jsonl.", len(earlier), noun)
}
