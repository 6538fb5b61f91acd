package vault

import (
	"context"
	"errors"
	"sync"
	"time"

	"concierge/sources"
)

// gather is how long answers are collected while first reads are under way, so
// that a set of secrets does not arrive one by one.
const gather = 50 * time.Millisecond

// errKind answers a query that is not for a store of secrets.
var errKind = errors.New("vault serves secrets, their names and certificates only")

// watcher is the state of one Watch call. All of it belongs to the goroutine of
// loop, but for answers and source, which readers use too.
type watcher struct {
	source  *Source
	publish func(sources.Update)
	answers chan answer
	reading sync.WaitGroup

	readers  map[request]*reader
	unread   int    // readers whose first read is under way
	answered uint64 // reads of all readers, so far
	batch    *sources.Batch
	outage   sources.Outage
	away     error // what began the outage
}

func newWatcher(s *Source, publish func(sources.Update)) *watcher {
	return &watcher{
		source:  s,
		publish: publish,
		answers: make(chan answer),
		readers: make(map[request]*reader),
		batch:   sources.NewBatch(s.name),
	}
}

func (w *watcher) loop(ctx context.Context, wanted <-chan []sources.Query) {
	flush := time.NewTimer(gather)
	flush.Stop()
	armed := false
	for {
		select {
		case <-ctx.Done():
			return
		case set, ok := <-wanted:
			if !ok {
				wanted = nil
				continue
			}
			w.want(ctx, set)
		case a := <-w.answers:
			w.take(a)
		case <-flush.C:
			armed = false
			w.flush()
		}
		switch {
		case !w.batch.Due() || (armed && w.unread > 0):
		case w.unread > 0:
			flush.Reset(gather)
			armed = true
		default:
			w.flush()
		}
	}
}

// want takes a new set. Readers of what is still wanted are left alone.
func (w *watcher) want(ctx context.Context, set []sources.Query) {
	next := make(map[request][]sources.Query, len(set))
	seen := make(map[sources.Query]bool, len(set))
	for _, q := range set {
		switch {
		case seen[q]:
		case !serves(q.Kind):
			w.batch.Refuse(q, &refusal{errKind})
		default:
			r := requestFor(q)
			next[r] = append(next[r], q)
		}
		seen[q] = true
	}
	for req, r := range w.readers {
		if _, ok := next[req]; !ok {
			r.stop()
			w.noteRead(r)
			delete(w.readers, req)
		}
	}
	for req, queries := range next {
		r, ok := w.readers[req]
		if !ok {
			r = w.start(ctx, req)
		}
		w.serve(r, queries)
	}
}

func (w *watcher) start(ctx context.Context, req request) *reader {
	ctx, stop := context.WithCancel(ctx)
	r := &reader{request: req, stop: stop, retry: make(chan struct{}, 1), waiting: true}
	w.readers[req] = r
	w.unread++
	w.reading.Go(func() { r.run(ctx, w) })
	return r
}

// noteRead takes a reader off the count of those still waiting.
func (w *watcher) noteRead(r *reader) {
	if r.waiting {
		r.waiting = false
		w.unread--
	}
}

// serve sets the queries of a reader, and answers the new ones with what is
// known.
func (w *watcher) serve(r *reader, queries []sources.Query) {
	before := make(map[sources.Query]bool, len(r.queries))
	for _, q := range r.queries {
		before[q] = true
	}
	r.queries = queries
	for _, q := range queries {
		switch {
		case before[q]:
		case r.refused != nil:
			w.batch.Refuse(q, r.refused)
		case r.answered:
			w.batch.Answer(q, r.value)
		}
	}
}

// take handles what a reader tells.
func (w *watcher) take(a answer) {
	r := a.from
	if w.readers[r.request] != r {
		return // stopped while the answer was under way
	}
	w.noteRead(r)
	if a.err != nil && !refused(a.err) {
		w.fail(r, a)
		return
	}
	r.failing = false
	if !a.local {
		w.answered++
		w.recover(a.since) // a refusal, too, shows that Vault is there
	}
	if a.err != nil {
		w.deny(r, a.err)
		return
	}
	news := !r.answered || r.refused != nil || !same(r.value, a.value)
	if !news {
		return
	}
	r.value, r.answered, r.refused = a.value, true, nil
	for _, q := range r.queries {
		w.batch.Answer(q, a.value)
	}
}

// deny tells the queries of a reader once that there is no answer for them.
func (w *watcher) deny(r *reader, err error) {
	news := r.refused == nil
	r.refused = err
	if !news {
		return
	}
	for _, q := range r.queries {
		w.batch.Refuse(q, err)
	}
}

// fail handles a failure to get any answer. A reader that fails again although
// others were answered meanwhile has a trouble of its own, for example the
// engine behind its path; otherwise it is Vault that is away.
func (w *watcher) fail(r *reader, a answer) {
	if !r.failing {
		r.failing, r.answeredBefore = true, w.answered
	}
	switch {
	case w.answered > r.answeredBefore && !w.outage.On():
		w.deny(r, a.err)
	case w.answered == r.answeredBefore && w.outage.Begins(a.since):
		w.away = a.err
		w.batch.Force()
		w.flush()
	}
}

// recover ends an outage, and lets those who are backing off try at once.
func (w *watcher) recover(since time.Time) {
	if !w.outage.Ends(since) {
		return
	}
	w.batch.Force()
	for _, r := range w.readers {
		if r.failing {
			select {
			case r.retry <- struct{}{}:
			default:
			}
		}
	}
}

// flush publishes what was collected, if anything. During an outage that is
// what needs no Vault, and it must not end the outage.
func (w *watcher) flush() {
	if !w.batch.Due() {
		return
	}
	u := w.batch.Take()
	if w.outage.On() {
		u.Err = w.away
	}
	w.publish(u)
}
