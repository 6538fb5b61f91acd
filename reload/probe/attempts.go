package probe

import (
	"context"
	"fmt"
	"time"
)

// patience is how long a probe may take to return after its context ended. A
// program has to be killed and its output read; see outputDelay.
const patience = 2 * time.Second

// attempts makes one probe after the other. One goroutine may use it.
type attempts struct {
	probe   Probe
	timeout time.Duration
	gone    <-chan struct{} // cuts an attempt short when it closes; may be nil
	left    <-chan error    // where the probe that was left behind will return; nil: none
	since   time.Time       // when that was begun
}

// next makes one attempt. It returns at most patience after the timeout, the
// end of ctx, or gone. Unless completed, a probe that was left behind has not
// returned.
func (a *attempts) next(ctx context.Context) (completed bool, err error) {
	if a.stuck() {
		return false, fmt.Errorf("the probe begun %s ago has still not returned: no other is started", time.Since(a.since).Round(time.Second))
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, a.timeout, timeout(a.timeout))
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- a.probe.Probe(ctx) }() // awaited here, or by stuck
	select {
	case err := <-result:
		return true, err
	case <-ctx.Done():
	case <-a.gone:
		cancel()
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case err := <-result:
		return true, reasonOf(ctx, err)
	case <-late.C:
		a.left, a.since = result, begun
		return false, fmt.Errorf("the probe was %w, and did not return %s later", context.Cause(ctx), patience)
	}
}

// reasonOf is the error of a probe that returned after the end of its context,
// whatever it says.
func reasonOf(ctx context.Context, err error) error {
	if err == nil {
		return context.Cause(ctx)
	}
	return err
}

// stuck reports whether a probe was left behind and has not returned.
func (a *attempts) stuck() bool {
	select {
	case <-a.left:
		a.left = nil
	default:
	}
	return a.left != nil
}
