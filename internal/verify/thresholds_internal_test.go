package verify

import (
	"bytes"
	"encoding/json"
	"testing"

	"cupel/internal/suite"
)

// verify has thresholds of its own for plans without, so that a change of those that
// estimates go by does not go unseen.
func TestThresholdsOfOldPlansAreOnesOwn(t *testing.T) {
	for name, both := range map[string]struct {
		theirs suite.Plan
		ours   plan
	}{
		"inference": {},
		"training":  {suite.Plan{Train: &suite.TrainPlan{}}, plan{Train: &trainPlan{}}},
	} {
		text, err := json.Marshal(suite.ThresholdsOf(both.theirs))
		if err != nil {
			t.Fatal(err)
		}
		var read thresholds
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&read); err != nil {
			t.Fatal(err)
		}
		if read != both.ours.limits() {
			t.Errorf("%s: estimates go by\n%+v\nverify by\n%+v", name, read, both.ours.limits())
		}
	}
}
