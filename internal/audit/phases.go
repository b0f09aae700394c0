package audit

// This file counts points by category and by the phases of the checklist's
// verification protocol.

// CategoryCount is what came of a category.
type CategoryCount struct {
	Category Category `json:"category"`
	Counts
}

// PhaseCount is what came of a phase of the red team's protocol. Points may be in
// several phases, and the last ones are in none.
type PhaseCount struct {
	Phase string `json:"phase"`
	First int    `json:"first"`
	Last  int    `json:"last"`
	Counts
}

// phases are those of the checklist, and the points that belong to none.
var phases = []PhaseCount{
	{Phase: "code review", First: 1, Last: 45},
	{Phase: "independent execution", First: 46, Last: 80},
	{Phase: "statistical validation", First: 16, Last: 30},
	{Phase: "cross-machine verification", First: 78, Last: 80},
	{Phase: "in no phase", First: 81, Last: 100},
}

func (c *Counts) add(status Status) {
	switch status {
	case Pass:
		c.Pass++
	case Fail:
		c.Fail++
	default:
		c.Skip++
	}
}

// group counts by category and phase.
func (r *Report) group() {
	r.Categories, r.Phases = nil, append([]PhaseCount(nil), phases...)
	for _, point := range r.Points {
		if n := len(r.Categories); n == 0 || r.Categories[n-1].Category != point.Category {
			r.Categories = append(r.Categories, CategoryCount{Category: point.Category})
		}
		r.Categories[len(r.Categories)-1].add(point.Status)
		for i := range r.Phases {
			if phase := &r.Phases[i]; point.ID >= phase.First && point.ID <= phase.Last {
				phase.add(point.Status)
			}
		}
	}
}
