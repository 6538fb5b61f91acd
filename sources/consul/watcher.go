package consul

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"concierge/sources"
)

// gather is how long the answers of several polls are collected into one
// update. Polls woken by one transaction answer well within it on a local
// agent, and it is short enough not to be felt.
const gather = time.Millisecond

// errKind answers a query that is not for a key-value store.
var errKind = errors.New("consul serves keys and trees only")

// watcher is the state of one Watch call. All of it belongs to the goroutine of
// loop, but for what polls use: reports, source and crowded.
type watcher struct {
	source  *Source
	publish func(sources.Update)
	reports chan report
	polling sync.WaitGroup
	crowded atomic.Bool

	wanted    []sources.Query
	alone     map[span]bool // see plan; where a token may not list it stays so until the end
	polls     map[span]*poll
	published map[sources.Query]sources.Value
	batch     *sources.Batch
	outage    sources.Outage
	answers   uint64 // of all polls, so far
}

func newWatcher(s *Source, publish func(sources.Update)) *watcher {
	return &watcher{
		source:    s,
		publish:   publish,
		reports:   make(chan report),
		alone:     make(map[span]bool),
		polls:     make(map[span]*poll),
		published: make(map[sources.Query]sources.Value),
		batch:     sources.NewBatch(s.name),
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
		case r := <-w.reports:
			w.take(ctx, r)
		case <-flush.C:
			armed = false
			w.flush()
		}
		switch {
		case !w.batch.Due() || armed:
		case len(w.polls) <= 1:
			w.flush()
		default:
			flush.Reset(gather)
			armed = true
		}
	}
}

// want takes a new set. Polls that go on are left alone.
func (w *watcher) want(ctx context.Context, set []sources.Query) {
	w.wanted = set[:0:0]
	kept := make(map[sources.Query]struct{}, len(set))
	for _, q := range set {
		if _, twice := kept[q]; twice {
			continue
		}
		kept[q] = struct{}{}
		if q.Kind != sources.Key && q.Kind != sources.Tree {
			w.reject(q, &refusal{errKind})
			continue
		}
		w.wanted = append(w.wanted, q)
	}
	for q := range w.published {
		if _, ok := kept[q]; !ok {
			delete(w.published, q)
		}
	}
	w.replan(ctx)
}

// replan brings the polls in line with the plan.
func (w *watcher) replan(ctx context.Context) {
	next := plan(w.wanted, w.source.scope, w.alone)
	w.crowded.Store(len(next) > maxConnections)
	for sp, p := range w.polls {
		if _, ok := next[sp]; !ok {
			p.stop()
			delete(w.polls, sp)
		}
	}
	for sp, queries := range next {
		p, ok := w.polls[sp]
		if !ok {
			p = w.start(ctx, sp)
		}
		added := p.serve(queries)
		switch {
		case p.refused != nil:
			w.refuse(p, added)
		case p.answered:
			w.answer(p, added)
		}
	}
}

func (w *watcher) start(ctx context.Context, sp span) *poll {
	ctx, stop := context.WithCancel(ctx)
	p := &poll{span: sp, stop: stop, retry: make(chan struct{}, 1)}
	w.polls[sp] = p
	w.polling.Go(func() { p.run(ctx, w) })
	return p
}

// pollWait is how long the next poll may be held.
func (w *watcher) pollWait() time.Duration {
	if w.crowded.Load() {
		return crowdedWait
	}
	return pollWait
}

// take handles what a poll reports.
func (w *watcher) take(ctx context.Context, r report) {
	p := r.from
	switch {
	case w.polls[p.span] != p:
		// Stopped while the report was under way.
	case r.err == nil:
		w.succeed(ctx, r)
	case refused(r.err):
		p.failing = false
		w.recover(r.since) // a refusal, too, shows that Consul is there
		w.deny(ctx, p, r.err)
	default:
		w.fail(p, r)
	}
}

func (w *watcher) succeed(ctx context.Context, r report) {
	p := r.from
	affected := p.update(r.pairs)
	p.failing = false
	w.answers++
	w.recover(r.since)
	w.answer(p, affected)
	if w.alone[p.span] {
		delete(w.alone, p.span)
		w.replan(ctx)
	}
}

// deny handles a refusal. If the poll reads more than one query asked for, the
// queries are tried one by one: the token may allow some of them.
func (w *watcher) deny(ctx context.Context, p *poll, err error) {
	news := p.refused == nil
	p.refused, p.answered, p.pairs = err, false, nil
	if p.span.recurse && !w.alone[p.span] && !p.single(w.source.scope) {
		w.alone[p.span] = true
		w.replan(ctx)
	}
	if news && w.polls[p.span] == p {
		w.refuse(p, p.queries)
	}
}

// fail handles a failure to get any answer. A poll that fails again although
// others were answered meanwhile has a trouble of its own, for example a data
// centre that is away; otherwise it is Consul that is away. The first failure
// alone does not tell: it may be one that the last outage left behind.
func (w *watcher) fail(p *poll, r report) {
	if !p.failing {
		p.failing, p.answersBefore = true, w.answers
	}
	switch {
	case w.answers > p.answersBefore && !w.outage.On() && p.refused == nil:
		p.refused = r.err
		w.refuse(p, p.queries)
	case w.answers == p.answersBefore && w.outage.Begins(r.since):
		w.flush()
		w.publish(sources.Update{Source: w.source.name, Err: r.err})
	}
}

// recover ends an outage, and lets those who are backing off try at once.
func (w *watcher) recover(since time.Time) {
	if !w.outage.Ends(since) {
		return
	}
	w.batch.Force()
	for _, p := range w.polls {
		if p.failing {
			p.hurry()
		}
	}
}

// answer puts what changed for the queries into the batch.
func (w *watcher) answer(p *poll, queries []sources.Query) {
	for _, q := range queries {
		v := p.value(q)
		if old, ok := w.published[q]; ok && old.Equal(v) {
			continue
		}
		w.published[q] = v
		w.batch.Answer(q, v)
	}
}

// refuse puts the refusal of the queries into the batch.
func (w *watcher) refuse(p *poll, queries []sources.Query) {
	for _, q := range queries {
		w.reject(q, p.refused)
	}
}

func (w *watcher) reject(q sources.Query, err error) {
	delete(w.published, q) // so that the next answer ends the failure, also if equal
	w.batch.Refuse(q, err)
}

// flush publishes what was collected, if anything.
func (w *watcher) flush() {
	if w.batch.Due() {
		w.publish(w.batch.Take())
	}
}
