package consul

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"

	"concierge/sources"
)

const (
	// pollWait is the longest that Consul is asked to hold a poll. It must
	// stay well below the idle time after which middle boxes forget a
	// connection.
	pollWait = 60 * time.Second

	// crowdedWait replaces pollWait when there are more polls than
	// connections, which happens only where the token may not list: the polls
	// then take turns.
	crowdedWait = 2 * time.Second
)

// report is what a poll has to tell the watcher: all pairs of its span, or an
// error.
type report struct {
	from  *poll
	since time.Time // when the request began
	pairs sources.Pairs
	err   error
}

// run follows one span until ctx ends. It reports the first answer, each one
// that brings something new, and every failure.
func (p *poll) run(ctx context.Context, w *watcher) {
	var (
		index uint64
		last  sources.Pairs
		retry sources.Backoff
		pace  pace
	)
	for {
		since := time.Now()
		pairs, got, err := w.source.read(ctx, p.span, index, w.pollWait())
		if errors.Is(err, errMoved) {
			index = 0
			if !p.rest(ctx, pace.after(false, time.Since(since))) {
				return
			}
			continue
		}
		if err != nil {
			// After a failure the server may be another one, or one whose data
			// was reset below our index; it would hold the poll in vain.
			index = 0
			if !p.tell(ctx, w, report{from: p, since: since, err: err}) || !p.rest(ctx, retry.Next()) {
				return
			}
			continue
		}
		retry.Reset()
		first, changed := index == 0, !slices.Equal(pairs, last)
		index, last = nextIndex(index, got), pairs
		if (first || changed) && !p.tell(ctx, w, report{from: p, since: since, pairs: pairs}) {
			return
		}
		if d := pace.after(changed, time.Since(since)); d > 0 && !p.rest(ctx, d) {
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

// nextIndex applies Consul's rules for blocking queries: an index of zero would
// not block and counts as one, and an index that goes backwards (a restored
// snapshot, a new cluster) starts over.
// See https://developer.hashicorp.com/consul/api-docs/features/blocking.
func nextIndex(last, got uint64) uint64 {
	got = max(got, 1)
	if got < last {
		return 0
	}
	return got
}

// pace slows down a poll that is woken for nothing: a watch of an absent key
// wakes when a neighbour is written, and a proxy may not hold polls at all.
type pace struct{ inARow int }

// after returns how long to pause before the next request.
func (p *pace) after(changed bool, took time.Duration) time.Duration {
	if changed || took > time.Second {
		p.inARow = 0
		return 0
	}
	p.inARow++
	return min(time.Millisecond<<min(p.inARow, 16), 500*time.Millisecond)
}

// errMoved says that a poll lost its connection before there was an answer.
var errMoved = errors.New("connection lost while waiting")

// stayOnConnection makes a poll end with errMoved as cause when its connection
// breaks. Package net/http would repeat it on a new connection all by itself.
// Who answers there may be another server, or one that lost its data, whose
// index is below ours: it would hold the poll to the end of its wait.
func stayOnConnection(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, stop := context.WithCancelCause(ctx)
	var connections atomic.Int32
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			if connections.Add(1) == 2 {
				stop(errMoved)
			}
		},
		// Requests that follow the answer are not repetitions.
		GotFirstResponseByte: func() { connections.Store(2) },
	}), stop
}

// read asks once. With an index it is held until the span changes or wait is
// over. It returns the pairs sorted by path and Consul's index.
func (s *Source) read(ctx context.Context, sp span, index uint64, wait time.Duration) (pairs sources.Pairs, got uint64, err error) {
	if index > 0 {
		var stop context.CancelCauseFunc
		ctx, stop = stayOnConnection(ctx)
		defer stop(nil)
	}
	opts, err := s.options(ctx, sp.scope)
	if err != nil {
		return nil, 0, err
	}
	opts.WaitIndex, opts.WaitTime = index, wait-rand.N(wait/12)
	if sp.recurse {
		pairs, got, err = s.list(sp.path, opts)
	} else {
		pairs, got, err = s.get(sp.path, opts)
	}
	switch {
	case err == nil:
		return pairs, got, nil
	case errors.Is(context.Cause(ctx), errMoved):
		return nil, 0, errMoved
	}
	return nil, 0, s.hints.explain("reading "+sp.String(), err)
}
