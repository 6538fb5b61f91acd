package rollout

import (
	"strings"

	"concierge/cluster"
	"concierge/cluster/memstore"
)

// reader makes views of stores. It decodes each text once: nearly all of a state
// is as it was in the one before. It is of one search.
type reader struct {
	parts   map[string]map[string]View // by key and value, each of one entry
	members map[string]Member          // by value
}

func newReader() *reader {
	return &reader{parts: make(map[string]map[string]View), members: make(map[string]Member)}
}

// view is what [Parse] makes of the same entries; a test compares them.
func (r *reader) view(s *memstore.State) View {
	v := View{Set: modelSet, Acks: make(map[string]Noted, 3), Holds: make(map[string]Frozen)}
	for _, e := range s.Read("").Entries {
		if strings.HasPrefix(e.Key, "roll/") || strings.HasPrefix(e.Key, "ack/") {
			v.join(r.part(e), e.Version)
		}
	}
	return v
}

// join adds what one entry says, with the version that it has now.
func (v *View) join(part View, version cluster.Version) {
	if part.Version != cluster.Absent {
		v.Record, v.Version = part.Record, version
	}
	if part.Good != (Good{}) {
		v.Good = part.Good
	}
	for _, s := range part.Slots {
		s.At.Version = version
		v.Slots = append(v.Slots, s)
	}
	for id, a := range part.Acks {
		a.At.Version = version
		v.Acks[id] = a
	}
	for id, h := range part.Holds {
		h.At.Version = version
		v.Holds[id] = h
	}
}

func (r *reader) part(e cluster.Entry) View {
	if known, ok := r.parts[e.Key][string(e.Value)]; ok {
		return known
	}
	only := cluster.View{Entries: []cluster.Entry{e}}
	state, acks := only, cluster.View{}
	if strings.HasPrefix(e.Key, "ack/") {
		state, acks = acks, only
	}
	v, err := Parse(modelSet, state, acks)
	if err != nil {
		panic(err)
	}
	if r.parts[e.Key] == nil {
		r.parts[e.Key] = make(map[string]View)
	}
	r.parts[e.Key][string(e.Value)] = v
	return v
}

// there is what a look at those who are there shows.
func (r *reader) there(s *memstore.State) []Member {
	list := make([]Member, 0, 3)
	for _, e := range s.Read("inst/").Entries {
		m, ok := r.members[string(e.Value)]
		if !ok {
			part := strings.Split(string(e.Value), " ")
			m = Member{Incarnation: part[0], Running: part[1], Sick: part[2] == "true"}
			r.members[string(e.Value)] = m
		}
		m.ID, m.Version = strings.TrimPrefix(e.Key, "inst/"), e.Version
		list = append(list, m)
	}
	return list
}
