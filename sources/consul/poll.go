package consul

import (
	"context"
	"errors"
	"time"
)

const (
	// defaultWait is the longest that Consul is asked to hold a poll. It must
	// stay well below the idle time after which middle boxes forget a
	// connection.
	defaultWait = 60 * time.Second

	// crowdedWait replaces it when there are more polls than connections, which
	// happens only where the token may not list: the polls then take turns.
	crowdedWait = 2 * time.Second

	// unheldPause is the time between two readings of what Consul cannot hold:
	// data centres and partitions. It is that of consul-template.
	unheldPause = 15 * time.Second

	// ledTimeout bounds the question whether Consul has a leader.
	ledTimeout = 5 * time.Second
)

// report is what a poll has to tell the watcher: an answer or an error.
type report struct {
	from   *poll
	since  time.Time // when the request began
	answer answer
	index  uint64 // of the answer
	err    error
	led    bool // in spite of err, Consul has a leader
}

// run follows the reader until ctx ends. It reports the first answer, each one
// that brings something new, and every failure.
func (p *poll) run(ctx context.Context, w *watcher) {
	c := newCourse(p, w.source)
	for {
		since := time.Now()
		a, got, err := c.ask(ctx, w.pollWait())
		var pause time.Duration
		switch {
		case errors.Is(err, errMoved):
			pause = max(c.pace.after(false, time.Since(since)), c.lose(since))
		case errors.Is(err, errSparse):
			if !p.tell(ctx, w, report{from: p, since: since, err: err}) {
				return
			}
			c.reading, pause = p.reader, c.retry.Next()
		case err != nil:
			if !c.fresh {
				p.forgetHint()
			}
			r := report{from: p, since: since, err: err, led: faulty(err) && w.source.led(ctx)}
			if !p.tell(ctx, w, r) {
				return
			}
			pause = c.fail(r)
		default:
			changed := c.last == nil || !a.equal(c.last)
			if (c.fresh || changed) && !p.tell(ctx, w, report{from: p, since: since, answer: a, index: nextIndex(c.index, got)}) {
				return
			}
			c.advance(a, got, since)
			c.reading, pause = p.reader, c.pace.next(got, changed, time.Since(since))
		}
		if err != nil {
			w.source.meter.Retry(pause)
		}
		if pause > 0 && !p.rest(ctx, pause) {
			return
		}
	}
}

// tell hands a report over, unless ctx ends first.
func (p *poll) tell(ctx context.Context, w *watcher, r report) bool {
	select {
	case w.reports <- r:
		return true
	case <-ctx.Done():
		return false
	}
}

// rest waits for d, for a hint that Consul is back, or for the end.
func (p *poll) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.retry:
	case <-ctx.Done():
		return false
	}
	return true
}

// forgetHint takes back a hint that came when the poll needed none.
func (p *poll) forgetHint() {
	select {
	case <-p.retry:
	default:
	}
}

// nextIndex applies Consul's rules for blocking queries: an index that goes
// backwards (a restored snapshot, a new cluster) starts over, and so does an
// answer without one.
// See https://developer.hashicorp.com/consul/api-docs/features/blocking.
func nextIndex(last, got uint64) uint64 {
	if got < last {
		return 0
	}
	return got
}

// pace slows down a poll that is woken for nothing: a watch of an absent key
// wakes when a neighbour is written, and a proxy may not hold polls at all.
type pace struct{ inARow int }

// next returns how long to pause after an answer with the given index.
func (p *pace) next(index uint64, changed bool, took time.Duration) time.Duration {
	if index == 0 {
		return unheldPause
	}
	return p.after(changed, took)
}

// after returns how long to pause before the next request.
func (p *pace) after(changed bool, took time.Duration) time.Duration {
	if changed || took > time.Second {
		p.inARow = 0
		return 0
	}
	p.inARow++
	return min(time.Millisecond<<min(p.inARow, 16), 500*time.Millisecond)
}
