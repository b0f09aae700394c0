package evidence

// This file divides a run into its sessions: a run that was resumed has several,
// each with a nonce of its own unless a challenge seeds all of them.

// Session is what one process measured of a run.
type Session struct {
	// NonceSHA256 is the digest that was written down before; Nonce is what was
	// revealed later, empty where it was lost with the process.
	NonceSHA256 string
	Nonce       string
	// FirstLaunch is the number of its first launch, had it any.
	FirstLaunch int
	// Broken says that the process ended without a word.
	Broken bool
}

// NonceName is the nonce's key among a row's digests.
const NonceName = "nonce"

// Sessions are the run's, in order. What was drawn for a launch can be drawn again
// from the nonce of its session.
func (b *Bundle) Sessions() []Session {
	sessions := []Session{{NonceSHA256: b.Plan.NonceSHA256, FirstLaunch: 1}}
	for _, row := range b.Ledger {
		last := &sessions[len(sessions)-1]
		switch row.Event {
		case EventNonce:
			last.Nonce = row.Nonce
		case EventBroken:
			last.Broken = true
		case EventResumed:
			sessions = append(sessions, Session{NonceSHA256: row.SHA256[NonceName], FirstLaunch: b.launchesBefore(row.Sequence) + 1})
		}
	}
	return sessions
}

func (b *Bundle) launchesBefore(sequence int) int {
	most := 0
	for _, row := range b.Ledger {
		if row.Sequence < sequence {
			most = max(most, row.Launch)
		}
	}
	return most
}
