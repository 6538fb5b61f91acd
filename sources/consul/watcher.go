package consul

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"concierge/sources"
)

// gather is how long the answers of several polls are collected into one
// update. Polls woken by one transaction answer well within it on a local
// agent, and it is short enough not to be felt.
const gather = time.Millisecond

// watcher is the state of one Watch call. All of it belongs to the goroutine of
// loop, but for what polls use: reports, source and crowded.
type watcher struct {
	source  *Source
	publish func(sources.Update)
	reports chan report
	polling sync.WaitGroup
	crowded atomic.Bool

	ranges    []sources.Query            // wanted keys and trees
	lookups   map[reader][]sources.Query // wanted lookups and who wants them
	alone     map[span]bool              // see plan; where a token may not list it stays so until the end
	sparse    map[span]int               // those of alone that hold too much else, and how many keys were wanted
	pieces    map[span]pieces            // read in place of large ranges
	wholes    map[span]*whole            // read in sections
	witnesses map[span]duty              // of directories, the keys that are followed beside them
	seeds     map[reader]seed            // what is known of readers that are about to be followed
	crowd     crowd
	polls     map[reader]*poll
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
		sparse:    make(map[span]int),
		pieces:    make(map[span]pieces),
		wholes:    make(map[span]*whole),
		witnesses: make(map[span]duty),
		crowd:     crowd{connections: s.connections},
		polls:     make(map[reader]*poll),
		published: make(map[sources.Query]sources.Value),
		batch:     sources.NewBatch(s.name),
	}
}

func (w *watcher) loop(ctx context.Context, wanted <-chan []sources.Query) {
	flush := time.NewTimer(gather)
	flush.Stop()
	armed := false
	relief := time.NewTicker(markAge / 16)
	defer relief.Stop()
	var first time.Time // of the answers that are being collected
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
			if armed && len(w.pieces)+len(w.wholes) > 0 && time.Since(first) < gatherSplit-gather {
				flush.Reset(gather)
			}
		case <-flush.C:
			armed = false
			w.flush()
		case now := <-relief.C:
			w.relieve(now)
		}
		switch {
		case !w.batch.Due() || armed:
		case len(w.polls)-w.onDuty() <= 1:
			w.flush()
		default:
			flush.Reset(gather)
			armed, first = true, time.Now()
		}
	}
}

// want takes a new set. Polls that go on are left alone.
func (w *watcher) want(ctx context.Context, set []sources.Query) {
	w.ranges, w.lookups = make([]sources.Query, 0, len(set)), make(map[reader][]sources.Query)
	kept := make(map[sources.Query]struct{}, len(set))
	for _, q := range set {
		if _, twice := kept[q]; twice {
			continue
		}
		kept[q] = struct{}{}
		w.sort(q)
	}
	maps.DeleteFunc(w.published, func(q sources.Query, _ sources.Value) bool {
		_, wanted := kept[q]
		return !wanted
	})
	slices.SortFunc(w.ranges, byQueryPath) // what is sorted already is sorted again in no time
	w.reconsider()
	w.replan(ctx)
}

// sort puts a query where it belongs.
func (w *watcher) sort(q sources.Query) {
	if q.Kind == sources.Key || q.Kind == sources.Tree {
		w.ranges = append(w.ranges, q)
		return
	}
	l, err := newLookup(q, w.source.scope)
	if err != nil {
		w.reject(q, &refusal{err})
		return
	}
	w.lookups[l] = append(w.lookups[l], q)
}

// replan brings the polls in line with the plan.
func (w *watcher) replan(ctx context.Context) {
	next := maps.Clone(w.lookups)
	for sp, queries := range plan(w.ranges, w.source.scope, w.alone) {
		w.divide(next, sp, queries)
	}
	w.attend(next)
	w.crowd.thin(next)
	w.crowded.Store(len(next)-len(w.crowd.parked) > w.source.connections)
	for r, p := range w.polls {
		if _, ok := next[r]; !ok {
			p.stop()
			delete(w.polls, r)
		}
	}
	for r, queries := range next {
		p, ok := w.polls[r]
		if !ok {
			p = w.start(ctx, r, queries)
		}
		added := p.serve(queries)
		switch {
		case p.refused != nil:
			w.refuse(p, added)
		case p.last != nil:
			w.answer(p, added)
			w.testify(ctx, p)
		}
	}
}

func (w *watcher) start(ctx context.Context, r reader, queries []sources.Query) *poll {
	p := newPoll(r)
	if seed, ok := w.seeds[r]; ok {
		p.from(seed)
	} else if sp, ok := r.(span); ok {
		p.first = sp.boundedBy(queries)
	}
	w.launch(ctx, p)
	return p
}

func (w *watcher) launch(ctx context.Context, p *poll) {
	ctx, p.stop = context.WithCancel(ctx)
	w.polls[p.reader] = p
	w.polling.Go(func() { p.run(ctx, w) })
}

// pollWait is how long the next poll may be held.
func (w *watcher) pollWait() time.Duration {
	if w.crowded.Load() {
		return min(crowdedWait, w.source.wait)
	}
	return w.source.wait
}

// take handles what a poll reports.
func (w *watcher) take(ctx context.Context, r report) {
	p := r.from
	switch {
	case w.polls[p.reader] != p:
		// Stopped while the report was under way.
	case r.err == nil:
		w.succeed(ctx, r)
	case errors.Is(r.err, errSparse):
		w.spread(ctx, p)
	case refused(r.err):
		p.failing = false
		w.recover(r.since) // a refusal, too, shows that Consul is there
		if of, ok := wholeOf(p.reader); ok {
			w.dissolve(ctx, of)
			return
		}
		w.deny(ctx, p, r.err)
	default:
		w.fail(p, r)
	}
}

func (w *watcher) succeed(ctx context.Context, r report) {
	p := r.from
	again := p.last != nil
	if lost(p.last, r.answer) {
		w.deleted(p)
	}
	touched := p.update(r.answer)
	p.failing = false
	w.answers++
	w.recover(r.since)
	if of, ok := w.assemble(r); !ok {
		w.dissolve(ctx, of)
		return
	}
	w.answer(p, touched)
	if w.alone[p.span()] {
		delete(w.alone, p.span())
		w.replan(ctx)
	}
	p.index = r.index
	if again {
		w.cut(ctx, p)
	}
	if wt, ok := p.reader.(witness); ok {
		w.heed(ctx, wt, p.last.(ranged))
	} else if w.polls[p.reader] == p {
		w.testify(ctx, p)
	}
}

// answer puts what changed for the queries into the batch.
func (w *watcher) answer(p *poll, queries []sources.Query) { w.put(queries, p.last) }

// put puts what an answer brings for the queries into the batch.
func (w *watcher) put(queries []sources.Query, a answer) {
	w.batch.Expect(len(queries))
	for _, q := range queries {
		v := a.value(q)
		if old, ok := w.published[q]; ok && old.Equal(v) {
			continue
		}
		w.published[q] = v
		w.batch.Answer(q, v)
	}
}

// flush publishes what was collected, if anything.
func (w *watcher) flush() {
	if w.batch.Due() {
		w.publish(w.batch.Take())
	}
}
