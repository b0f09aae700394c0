package evidence

// This file divides a run into its sessions: a run that was resumed has several,
// each with a nonce of its own unless a challenge seeds all of them.

import "time"

// Session is what one process measured of a run.
type Session struct {
	// NonceSHA256 is the digest that was written down before; Nonce is what was
	// revealed later, empty where it was lost with the process.
	NonceSHA256 string
	Nonce       string
	// FirstLaunch is the number of its first launch, had it any.
	FirstLaunch int
	// Broken says that the process ended without a word, Interrupted that it was told
	// to end.
	Broken, Interrupted bool
}

// NonceName is the nonce's key among a row's digests.
const NonceName = "nonce"

// Sessions are the run's, in order. What was drawn for a launch can be drawn again
// from the nonce of its session.
func (b *Bundle) Sessions() []Session {
	sessions := []Session{{NonceSHA256: b.Plan.NonceSHA256, FirstLaunch: 1}}
	launches := 0
	for _, row := range b.Ledger {
		launches = max(launches, row.Launch)
		last := &sessions[len(sessions)-1]
		switch row.Event {
		case EventNonce:
			last.Nonce = row.Nonce
		case EventBroken:
			last.Broken = true
		case EventInterrupted:
			last.Interrupted = true
		case EventResumed:
			sessions = append(sessions, Session{NonceSHA256: row.SHA256[NonceName], FirstLaunch: launches + 1})
		}
	}
	return sessions
}

// Measured is how long a run's sessions measured by the rows of its ledger, each from
// its first launch of a replicate to its last word.
func Measured(rows []LedgerRow) time.Duration {
	total, from, last := int64(0), int64(-1), int64(0)
	for _, row := range rows {
		if row.Event == EventResumed && from >= 0 {
			total, from = total+last-from, -1
		}
		if from < 0 && row.Event == EventStarted && !row.Preview {
			from = row.ElapsedNanoseconds
		}
		// What is written down afterwards is no time of the run's.
		if row.Event != EventBroken && row.Outcome != Lost {
			last = row.ElapsedNanoseconds
		}
	}
	if from >= 0 {
		total += last - from
	}
	return time.Duration(total)
}
