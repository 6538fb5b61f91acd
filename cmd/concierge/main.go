// Command concierge gives a process its configuration and secrets, keeps them
// current while it runs, and looks after the process.
package main

import (
	"context"
	"os"
	"sync"

	"concierge/reload/process"
)

func main() {
	process.Launch()
	unblockSignals()
	os.Exit(realMain())
}

// realMain is main with an exit status, for scripts that run concierge inside
// a test binary.
func realMain() int {
	sys := system{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(),
		caught: make(chan os.Signal, 64), signals: make(chan os.Signal),
	}
	ctx, cancel := context.WithCancel(context.Background())
	var relaying sync.WaitGroup
	relaying.Go(func() { relay(ctx, sys.caught, sys.signals) })
	defer relaying.Wait()
	defer cancel()
	if p, ok := personaOf(os.Args[0], os.Args[1:]); ok {
		notify(sys.caught)
		return impersonate(context.Background(), sys, p, os.Args[1:])
	}
	return dispatch(context.Background(), sys, os.Args[1:])
}
