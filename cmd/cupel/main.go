// Command cupel measures inference engines against each other and keeps the evidence.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"cupel/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A second signal ends the program at once, and its contenders with it. A signal
	// that comes together with the first does not count: timeout(1) signals its child,
	// and then the group that contains the child.
	context.AfterFunc(ctx, func() {
		time.Sleep(time.Second)
		stop()
	})
	return cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}
