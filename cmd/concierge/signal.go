package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminate is the polite request to stop.
const terminate = syscall.SIGTERM

// unblockSignals executes concierge anew if it was started with signals
// blocked, because Go gives every child the mask that it was started with. If
// that is not possible they have to live with it.
func unblockSignals() {
	runtime.LockOSThread() // the mask belongs to the thread
	defer runtime.UnlockOSThread()
	var blocked, none unix.Sigset_t
	if unix.PthreadSigmask(unix.SIG_SETMASK, &none, &blocked) != nil || blocked == none {
		return
	}
	_ = syscall.Exec("/proc/self/exe", os.Args, os.Environ())
}

// notify asks for every signal that a process may be sent on purpose. CHLD, PIPE
// and URG are for concierge itself (the Go runtime uses URG), and the runtime
// gives PROF and 32 to 34 to nobody. TTIN and TTOU would stop a supervisor that
// is not the foreground group; its children do not inherit that they are
// ignored. SEGV and its like come here only when somebody sent them: concierge's
// own faults end it as ever.
func notify(caught chan<- os.Signal) {
	signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
	// Who reads the output may go away: that is an error of a write then, and not
	// the end of concierge and its process. Ignoring it would be inherited.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signal.Notify(caught,
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGCONT, syscall.SIGWINCH, syscall.SIGIO, syscall.SIGPWR,
		syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGTSTP, syscall.SIGABRT, syscall.SIGSYS, syscall.SIGTRAP, syscall.SIGSTKFLT,
		syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGILL)
	for n := 35; n <= 64; n++ { // the real-time signals
		signal.Notify(caught, syscall.Signal(n))
	}
}

// relay passes signals on in the order of their first arrival until ctx ends.
// One that waits to be taken is passed on once, however often it comes, as the
// kernel does it. It always takes at once: package signal drops what it cannot
// deliver, so that a flood of one signal would else hide another while a
// template is executed.
func relay(ctx context.Context, caught <-chan os.Signal, taken chan<- os.Signal) {
	var waiting []os.Signal
	for {
		out, first := chan<- os.Signal(nil), os.Signal(nil)
		if len(waiting) > 0 {
			out, first = taken, waiting[0]
		}
		select {
		case sig := <-caught:
			if !slices.Contains(waiting, sig) {
				waiting = append(waiting, sig)
			}
		case out <- first:
			waiting = waiting[1:]
		case <-ctx.Done():
			return
		}
	}
}
