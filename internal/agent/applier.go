package agent

import (
	"context"
	"log/slog"

	"concierge/reload"
)

// applier runs the supervisor in a goroutine of its own, so that a slow disk
// or command does not hold up the loop. It applies one generation at a time;
// what is newest is decided by the loop when it is idle again.
type applier struct {
	*reload.Supervisor
	generations chan reload.Generation
	reports     chan reload.Report
	cancel      context.CancelFunc
	done        chan struct{}

	// Owned by the loop.
	busy    bool
	stopped bool
	applied []attempt       // what the running generation is about
	offered *reload.Process // in the running generation; may be nil
}

// attempt is a set and what of it is being applied.
type attempt struct {
	set    *set
	digest digest
	writes []*bool // set when its files are in place
}

func startApplier(ctx context.Context, log *slog.Logger, children *reload.Children) *applier {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &applier{
		Supervisor:  reload.New(log, children),
		generations: make(chan reload.Generation, 1), reports: make(chan reload.Report, 1),
		cancel: cancel, done: make(chan struct{}),
	}
	go func() {
		defer close(a.done)
		for g := range a.generations {
			a.reports <- a.Apply(ctx, g)
		}
	}()
	return a
}

// stop lets the running generation end, its commands killed. The process is
// not touched. It may be called twice, but not concurrently.
func (a *applier) stop() {
	a.cancel()
	if !a.stopped {
		a.stopped = true
		close(a.generations)
	}
	<-a.done
}
