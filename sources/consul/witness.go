package consul

import (
	"context"
	"strings"
	"time"

	"concierge/sources"
)

// witness is one key of a directory that is followed beside the ranges which are
// read there, for deletions that Consul does not tell them of.
//
// A deletion of all keys below a prefix leaves one mark, at that prefix. The
// index of a range inside it, now empty, is that of older marks within the
// range, if there are any; then it does not move, and a held query is not
// answered before its wait is over. One key that vanished is always told. People
// delete directories, which takes all keys of all ranges in them, so one key of
// a directory is enough. Whoever asks for keys one by one, as consul-template
// does, has no such gap. A small tree that is read as it is asked for has it,
// there and here.
//
// Consul forgets marks after a while, and a range without any is told as soon as
// it is empty. So a witness is needed for markAge after the first answer, and
// after each deletion that is seen.
type witness struct {
	span // of the key
	of   span
}

// markAge is for how long Consul may keep the mark of a deletion: 15 minutes
// and up to 30 s (TombstoneTTL and its granularity).
const markAge = 16 * time.Minute

// duty is a witness that is needed until then.
type duty struct {
	key   span // empty while no key is there
	until time.Time
}

// attend keeps the witnesses of what goes on being read.
func (w *watcher) attend(next map[reader][]sources.Query) {
	on := make(map[span]bool)
	for r := range next {
		if sp, ok := r.(span); ok && sp.recurse {
			on[sp.directory()] = true
		}
	}
	for of, d := range w.witnesses {
		if !on[of] && w.wholes[of] == nil {
			delete(w.witnesses, of)
		} else if d.key != (span{}) {
			next[witness{d.key, of}] = nil
		}
	}
}

// testify sees to it that what was answered has a witness.
func (w *watcher) testify(ctx context.Context, p *poll) {
	if of, ok := wholeOf(p.reader); ok {
		w.summon(ctx, of, of, w.wholes[of].pairs, p.index)
	} else if sp := p.span(); sp.recurse && len(p.keys) > 0 {
		w.summon(ctx, sp.directory(), sp, p.last.(ranged), p.index)
	}
}

// deleted notes that keys of a range were seen to go, which leaves marks.
func (w *watcher) deleted(p *poll) {
	of, ok := wholeOf(p.reader)
	if !ok {
		of = p.span().directory()
	}
	if d, known := w.witnesses[of]; known {
		d.until = time.Now().Add(markAge)
		w.witnesses[of] = d
	}
}

// relieve dismisses the witnesses that are needed no longer.
func (w *watcher) relieve(now time.Time) {
	for of, d := range w.witnesses {
		if now.After(d.until) && d.key != (span{}) {
			w.dismiss(witness{d.key, of})
		}
	}
}

// summon finds a witness of a directory among the pairs of a range in it, unless
// it has a good one.
func (w *watcher) summon(ctx context.Context, of, sp span, pairs ranged, index uint64) {
	d, known := w.witnesses[of]
	if !known {
		d.until = time.Now().Add(markAge)
	}
	if d.key != (span{}) {
		if !strings.HasPrefix(d.key.path, sp.path) || len(pairs.in(d.key)) > 0 {
			return
		}
		w.dismiss(witness{d.key, of})
		d.key = span{}
	}
	if len(pairs) == 0 || index == 0 || time.Now().After(d.until) {
		w.witnesses[of] = d
		return
	}
	key := span{scope: sp.scope, path: pairs[0].Path}
	w.witnesses[of] = duty{key, d.until}
	w.launch(ctx, newPoll(witness{key, of}).from(seed{index, pairs[:1:1]}))
}

// dismiss stops a witness.
func (w *watcher) dismiss(wt witness) {
	if d, known := w.witnesses[wt.of]; known {
		w.witnesses[wt.of] = duty{until: d.until}
	}
	if p, ok := w.polls[wt]; ok {
		p.stop()
		delete(w.polls, wt)
	}
}

// heed has the ranges of a directory read again when its witness is gone. The
// first one that is answered gives the next witness.
func (w *watcher) heed(ctx context.Context, wt witness, pairs ranged) {
	if len(pairs) > 0 {
		return
	}
	w.dismiss(wt)
	w.witnesses[wt.of] = duty{until: time.Now().Add(markAge)}
	if w.wholes[wt.of] != nil {
		w.dissolve(ctx, wt.of)
		return
	}
	for _, p := range w.polls {
		if sp := p.span(); sp.recurse && sp.directory() == wt.of {
			p.stop()
			w.start(ctx, sp, p.queries).served = p.served
		}
	}
}

// onDuty returns how many witnesses are followed.
func (w *watcher) onDuty() (n int) {
	for _, d := range w.witnesses {
		if d.key != (span{}) {
			n++
		}
	}
	return n
}
