package memstore

import (
	"slices"
	"strings"

	"concierge/cluster"
)

// State is all that a store knows. It is a value: a copy by [State.Clone] goes
// its own way. The zero value is an empty store. It is not safe for concurrent
// use; [Store] is.
type State struct {
	revision uint64
	entries  []entry // sorted by key
}

type entry struct {
	cluster.Entry
	session string
}

// Clone is a copy. Values are shared: nobody changes them.
func (s *State) Clone() State {
	return State{s.revision, slices.Clone(s.entries)}
}

// Read is [cluster.Store.Read].
func (s *State) Read(prefix string) cluster.View {
	from, _ := s.find(prefix)
	to := from
	for to < len(s.entries) && strings.HasPrefix(s.entries[to].Key, prefix) {
		to++
	}
	view := cluster.View{Revision: s.revision, Entries: make([]cluster.Entry, 0, to-from)}
	for _, e := range s.entries[from:to] {
		view.Entries = append(view.Entries, e.Entry)
	}
	return view
}

// Version of a key; [cluster.Absent] if it is not there.
func (s *State) Version(key string) cluster.Version {
	if i, ok := s.find(key); ok {
		return s.entries[i].Version
	}
	return cluster.Absent
}

// Holds says whether all conditions do.
func (s *State) Holds(conditions []cluster.Condition) bool {
	return !slices.ContainsFunc(conditions, func(c cluster.Condition) bool { return s.Version(c.Key) != c.Version })
}

// Commit is [cluster.Store.Commit]; all that it writes has one version.
func (s *State) Commit(t cluster.Txn) bool {
	if !s.Holds(t.If) {
		return false
	}
	s.revision++
	for _, w := range t.Then {
		s.write(w)
	}
	return true
}

func (s *State) write(w cluster.Write) {
	i, there := s.find(w.Key)
	switch {
	case w.Delete && there:
		s.entries = slices.Delete(s.entries, i, i+1)
		return
	case w.Delete:
		return
	case !there:
		s.entries = slices.Insert(s.entries, i, entry{})
	}
	e := entry{Entry: cluster.Entry{Key: w.Key, Value: w.Value, Version: cluster.Version(s.revision)}}
	if w.Session != nil {
		e.Owned, e.session = true, w.Session.ID()
	}
	s.entries[i] = e
}

// Expire deletes the keys of a session.
func (s *State) Expire(session string) {
	s.revision++
	s.entries = slices.DeleteFunc(s.entries, func(e entry) bool { return e.Owned && e.session == session })
}

func (s *State) find(key string) (int, bool) {
	return slices.BinarySearchFunc(s.entries, key, func(e entry, key string) int { return strings.Compare(e.Key, key) })
}
