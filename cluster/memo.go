package cluster

// Memo remembers as what the entries of a prefix were understood, so that of
// the next view only those are decoded that were written since: an event of one
// key would else cost what all of them do. The zero value is ready to use. It is
// owned by one goroutine at a time.
type Memo[T any] struct {
	last []understood[T]
}

type understood[T any] struct {
	entry Entry
	as    T
}

// Read returns as what each entry of a view is understood, in their order.
func (m *Memo[T]) Read(v View, understand func(Entry) T) []T {
	next, all := make([]understood[T], len(v.Entries)), make([]T, len(v.Entries))
	at := 0
	for n, e := range v.Entries {
		for at < len(m.last) && m.last[at].entry.Key < e.Key {
			at++
		}
		if at < len(m.last) && m.last[at].entry.Equal(e) {
			next[n] = understood[T]{e, m.last[at].as}
		} else {
			next[n] = understood[T]{e, understand(e)}
		}
		all[n] = next[n].as
	}
	m.last = next
	return all
}
