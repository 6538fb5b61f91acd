package consul

import (
	"context"
	"time"

	"concierge/sources"
)

// deny handles a refusal. If the poll reads more than one query asked for, the
// queries are tried one by one: the token may allow some of them.
func (w *watcher) deny(ctx context.Context, p *poll, err error) {
	news := p.refused == nil
	p.refused, p.last = err, nil
	if sp := p.span(); sp.recurse && !w.alone[sp] && !p.single(w.source.scope) {
		w.alone[sp] = true
		w.replan(ctx)
	}
	if news && w.polls[p.reader] == p {
		w.refuse(p, p.queries)
	}
}

// fail handles a failure to get any answer. A poll that fails again although
// others were answered meanwhile, or Consul has a leader, has a trouble of its
// own, for example a data centre that is away; otherwise it is Consul that is
// away. The first failure alone does not tell: it may be one that the last
// outage left behind.
func (w *watcher) fail(p *poll, r report) {
	again := p.failing
	if r.led {
		w.recover(r.since)
	}
	if !again {
		p.failing, p.answersBefore = true, w.answers
	}
	alive := w.answers > p.answersBefore && !w.outage.On() || again && r.led
	switch {
	case alive && p.refused == nil:
		p.refused = r.err
		w.refuse(p, p.queries)
	case !alive && !r.led && w.answers == p.answersBefore && w.outage.Begins(r.since):
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
