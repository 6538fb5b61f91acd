// Command concierge gives a process its configuration and secrets, keeps them
// current while it runs, and looks after the process.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(realMain()) }

// realMain is main with an exit status, for scripts that run concierge inside
// a test binary.
func realMain() int {
	sys := system{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ(),
		signals: make(chan os.Signal, 64),
	}
	if p, ok := personaOf(os.Args[0], os.Args[1:]); ok {
		notify(sys.signals)
		return impersonate(context.Background(), sys, p, os.Args[1:])
	}
	return dispatch(context.Background(), sys, os.Args[1:])
}

// notify asks for every signal that a process may be sent on purpose. CHLD,
// PIPE and URG are for the process itself (the Go runtime uses URG), TTIN and
// TTOU would stop a supervisor that is not the foreground group.
func notify(signals chan<- os.Signal) {
	signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
	signal.Notify(signals,
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGCONT, syscall.SIGWINCH, syscall.SIGIO, syscall.SIGPWR,
		syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGTSTP, syscall.SIGABRT, syscall.SIGSYS, syscall.SIGTRAP, syscall.SIGSTKFLT)
	for n := 35; n <= 64; n++ { // the real-time signals; the Go runtime keeps 34 to itself
		signal.Notify(signals, syscall.Signal(n))
	}
}
