package vault

import (
	"context"
	"time"

	"concierge/sources"
)

// reader follows one request for the queries that mean it. Its goroutine uses
// request and retry alone; the rest belongs to the watcher.
type reader struct {
	request request
	stop    context.CancelFunc
	retry   chan struct{} // one slot: try again now

	queries  []sources.Query
	value    sources.Value
	answered bool  // value is an answer
	refused  error // what the queries were told when there was none
	failing  bool  // the last read got no answer at all
	// answeredBefore is the number of answered reads when it began to fail.
	answeredBefore uint64
	waiting        bool // the first read is under way
}

// answer is what a reader has to tell the watcher.
type answer struct {
	from  *reader
	since time.Time // when the request began
	value sources.Value
	err   error
	local bool // Vault was not asked
}

// found is the result of one request.
type found struct {
	value sources.Value
	loan  loan // for how long it is good; unused if there is nothing
	local bool // Vault was not asked
}

// run asks again and again until ctx ends.
func (r *reader) run(ctx context.Context, w *watcher) {
	retry, leases := w.source.patience(), w.source.leases
	defer leases.drop(r.request)
	for first := true; ctx.Err() == nil; {
		since := time.Now()
		got, err := w.source.ask(ctx, r.request)
		r.tell(ctx, w, answer{since: since, value: got.value, err: err, local: got.local})
		if err != nil || !got.value.Exists {
			first = first || err != nil
			pause := retry.Next()
			if err != nil {
				w.source.meter.Retry(pause)
			}
			r.rest(ctx, pause)
			continue
		}
		retry.Reset()
		if first {
			got.loan.scatter()
		}
		first = false
		got.loan.again = r.retry
		got.loan.tell = func(since time.Time, err error) {
			r.tell(ctx, w, answer{since: since, value: got.value, err: err})
		}
		if got.loan.lease {
			leases.hold(r.request, got.loan.life)
			got.loan.grown = func(life time.Duration) { leases.hold(r.request, life) }
		}
		_ = got.loan.keep(ctx) // whatever ended it, a new answer is due
	}
}

func (r *reader) tell(ctx context.Context, w *watcher, a answer) {
	a.from = r
	select {
	case w.answers <- a:
	case <-ctx.Done():
	}
}

// rest waits for d, for a hint that Vault is back, or for the end.
func (r *reader) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.retry:
	case <-ctx.Done():
	}
}

// patience is the schedule of asking again for what is absent, refused or out
// of reach.
func (s *Source) patience() sources.Backoff {
	b := s.retry.Backoff()
	if b.Cap <= 0 {
		b.Cap = absentCap
	}
	b.Cap = min(b.Cap, s.refresh)
	return b
}
