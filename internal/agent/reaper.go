package agent

import (
	"context"
	"log/slog"

	"concierge/reload/process"
)

// reaper waits for orphans in a goroutine of its own. The zero value does not.
type reaper struct {
	cancel context.CancelFunc // nil: not started
	done   chan struct{}
}

// start begins to wait for orphans.
func (r *reaper) start(children *process.Children, log *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.done = cancel, make(chan struct{})
	go func() {
		defer close(r.done)
		if err := children.Reap(ctx); err != nil {
			log.Warn("orphans are left to init", "error", err)
		}
	}()
}

// stop ends that, as PID 1 after all other processes were asked to end.
func (r *reaper) stop(children *process.Children) {
	if r.cancel == nil {
		return
	}
	children.Dismiss()
	r.cancel()
	<-r.done
}
