package rollout

import "fmt"

// blame pauses while those fall ill that have nothing to do with the change:
// then the reason is another one, and to go back would change a fleet that is in
// trouble already, and refuse a release for what it did not do. When they are
// well again it goes on as a rollout with another number: the failures of the
// meantime prove nothing, and acknowledgements count for their own number alone.
func (t tick) blame() *move {
	r := t.Record
	sick, of := t.untreated()
	bad := sick >= 2 && 2*sick >= of
	switch {
	case r.State == Rolling && bad:
		return &move{record: r.pause(ByWorld, 0), why: fmt.Sprintf("%d of %d instances that do not have it are unhealthy too: the reason is another one", sick, of)}
	case r.State == Paused && r.Cause == ByWorld && !bad:
		r = r.resume()
		r.ID++
		return &move{record: r, why: fmt.Sprintf("of %d instances that do not have it %d are unhealthy: it goes on", of, sick)}
	}
	return nil
}

// untreated counts the members that run another release than the one that is
// tried, and those of them that are not healthy. Who is in change, or was, is
// not among them.
func (t tick) untreated() (sick, of int) {
	for _, m := range t.Members {
		_, changing := t.held(m.ID)
		running := t.runs(m)
		if changing || running == "" || running == t.Record.To || t.failed(m.ID, m.Incarnation) {
			continue
		}
		of++
		if m.Sick {
			sick++
		}
	}
	return sick, of
}
