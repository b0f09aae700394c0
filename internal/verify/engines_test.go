package verify

// This file tests whose word on engines counts: the plan's, and where it has none that of
// the frozen list.

import (
	"testing"

	"cupel/internal/suite"
)

func TestEnginesAreThoseOfThePlan(t *testing.T) {
	newer := plan{Engines: []engine{{"candle", false}, {"numpy", true}}}
	if e := newer.engine("candle"); e == nil || e.Interpreted {
		t.Errorf("an engine that only the plan knows: %+v", e)
	}
	if e := newer.engine("pytorch"); e != nil {
		t.Errorf("an engine that the plan does not know: %+v", e)
	}
	older := plan{}
	if e := older.engine("numpy"); e == nil || !e.Interpreted {
		t.Errorf("an engine of the time before plans wrote them down: %+v", e)
	}
	if e := older.engine("candle"); e != nil {
		t.Errorf("an engine that there was not: %+v", e)
	}
}

// The report reads plans of that time with the records of today, and must say the same.
func TestTheFrozenListIsThatOfTheRecords(t *testing.T) {
	for _, frozen := range unwritten {
		now, known := (&suite.Plan{}).Engine(frozen.Name)
		if !known || now.Interpreted != frozen.Interpreted {
			t.Errorf("%s: %+v, in the records %v %+v", frozen.Name, frozen, known, now)
		}
	}
}
