package consul

import (
	"context"

	"concierge/sources"
)

// witness is one key of a range that is followed beside it, for deletions that
// Consul does not tell the range of.
//
// A deletion of all keys below a prefix leaves one mark, at that prefix. The
// index of a range inside it, now empty, is that of older marks within the
// range, if there are any; then it does not move, and a held query is not
// answered before its wait is over. One key that vanished is always told, and
// such a deletion takes all keys of a range, so one of them is enough. Whoever
// asks for keys one by one, as consul-template does, has no such gap. A small
// tree that is read as it is asked for has it, there and here.
type witness struct {
	span // of the key
	of   span
}

// attend keeps the witnesses of the ranges that go on.
func (w *watcher) attend(next map[reader][]sources.Query) {
	for of, key := range w.witnesses {
		if _, on := next[of]; !on && w.wholes[of] == nil {
			delete(w.witnesses, of)
			continue
		}
		next[witness{key, of}] = nil
	}
}

// testify sees to it that a range which was answered has a witness.
func (w *watcher) testify(ctx context.Context, p *poll) {
	if of, ok := wholeOf(p.reader); ok {
		w.summon(ctx, of, w.wholes[of].pairs, p.index)
	} else if sp := p.span(); sp.recurse && len(p.keys) > 0 {
		w.summon(ctx, sp, p.last.(ranged), p.index)
	}
}

// summon finds a witness for a range, unless it has a good one.
func (w *watcher) summon(ctx context.Context, sp span, pairs ranged, index uint64) {
	before, known := w.witnesses[sp]
	if known && len(pairs.in(before)) > 0 {
		return
	}
	if known {
		w.dismiss(witness{before, sp})
	}
	if len(pairs) == 0 || index == 0 {
		return
	}
	key := span{scope: sp.scope, path: pairs[0].Path}
	w.witnesses[sp] = key
	w.launch(ctx, newPoll(witness{key, sp}).from(seed{index, pairs[:1:1]}))
}

// dismiss stops a witness.
func (w *watcher) dismiss(wt witness) {
	delete(w.witnesses, wt.of)
	if p, ok := w.polls[wt]; ok {
		p.stop()
		delete(w.polls, wt)
	}
}

// heed has a range read again when its witness is gone.
func (w *watcher) heed(ctx context.Context, wt witness, pairs ranged) {
	if len(pairs) > 0 {
		return
	}
	w.dismiss(wt)
	if w.wholes[wt.of] != nil {
		w.dissolve(ctx, wt.of)
	} else if p, ok := w.polls[wt.of]; ok {
		p.stop()
		w.start(ctx, wt.of, p.queries).served = p.served
	}
}
