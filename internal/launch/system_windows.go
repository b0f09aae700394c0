package launch

// This file stands for what only Unix tells of pipes and of processes that have ended.

import (
	"context"
	"os"
	"time"
)

// awaitReply leaves the waiting to the read that follows.
func awaitReply(context.Context, *os.File, time.Time) {}

// readable reports that nothing has come unasked: this system is not asked.
func readable(*os.File) bool { return false }

func usageOf(state *os.ProcessState) Usage {
	return Usage{UserCPU: state.UserTime(), SystemCPU: state.SystemTime()}
}
