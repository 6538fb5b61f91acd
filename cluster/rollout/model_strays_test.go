package rollout

import (
	"reflect"
	"slices"

	"concierge/cluster"
)

// request is what an instance may have asked of the store.
type request struct {
	txn     *cluster.Txn
	rotates int // 1 if it is for a new secret
}

// strays are the requests that an instance may have made before a step, that may
// still be granted, and that it would not make after it. The others need no
// state of their own: to have asked is the same as to ask at the moment of the
// commit. The protocol as it is has none, because a request is conditional on
// all that it was decided by; a test takes the conditions away.
func (x *explorer) strays(to *world, i int) (list []request) {
	before, after := x.from.actors[i], to.actors[i]
	if before.phase != idle || after.phase != idle || before.life != after.life || x.from.basis(i) == to.basis(i) {
		return nil
	}
	for _, o := range x.requests(x.from, before) {
		alike := func(n request) bool { return reflect.DeepEqual(n, o) }
		if o.rotates <= to.left.rotate && !to.dead(o.txn) && !slices.ContainsFunc(x.requests(to, after), alike) {
			list = append(list, o)
		}
	}
	return list
}

// requests are what an instance could ask for, if the slots were free.
func (x *explorer) requests(w *world, a actor) (list []request) {
	v := w.look()
	target, _ := Target(v, a.instance())
	r := request{}
	if target == a.running {
		r.rotates = 1
	}
	all := v.Record.Slots[""]
	v.Slots = slices.DeleteFunc(slices.Clone(v.Slots), func(h Held) bool { return h.N < all && h.Holder != a.id })
	for n := range all {
		if r.txn = x.acquire(v, w.instance(a), target, n); r.txn != nil && r.rotates <= w.left.rotate {
			list = append(list, r)
		}
	}
	return list
}

// basis is what an instance decides by: where it is the same, so is the request.
type basis struct {
	record, ack, seen cluster.Version
	running           string
	rotate, above     int
}

func (w *world) basis(i int) basis {
	v, a := w.look(), w.actors[i]
	b := basis{record: v.Version, ack: v.Acks[a.id].At.Version, seen: w.store.Version(a.key()), running: a.running, rotate: w.left.rotate}
	for _, h := range v.Slots {
		if h.N >= v.Record.Slots[""] || h.Holder == a.id {
			b.above |= 1 << h.N
		}
	}
	return b
}
