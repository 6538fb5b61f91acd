package consul

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

const (
	// spareShare is the part of the connections (one in so many) that no held
	// poll may take when there are too many of them: parked lookups are read
	// there.
	spareShare = 8

	// lookAgain is what one parked lookup may cost: in a catalogue that changes
	// without pause, all of them are looked at again after so long for each. A
	// look takes about 0.3 ms of a processor on either side, and 200 of them a
	// second are within the budget of requests.
	lookAgain = 5 * time.Millisecond
)

// crowd serves more lookups than there are connections.
//
// Each lookup would be a long poll of its own, and each of those needs a
// connection to itself; Consul grants one address 200 of them. So when there
// are too many, some lookups are parked. They hold nothing. In their place
// three polls per scope follow the indexes of the tables that their answers are
// made from (nodes, services, checks), with a filter that lets nothing through.
// When one of them moves, the parked lookups are looked at, over the spare
// connections: first at their indexes, by the same kind of filter, and those
// that moved are read.
//
// The first change after a quiet time is thus seen after a few round trips (with
// 10 instances each and Consul on the same two processors: 14 ms in the median
// of 200 services, 0.1 s of 400, 0.3 s of 1,000; a long poll takes 5 ms). A
// catalogue that never rests costs a bounded number of requests, and one at rest
// no more than long polls do.
//
// Rejected: taking turns with short waits, which costs 100 requests a second at
// rest and delays by seconds; reading all checks to see whose changed, which
// moves the checks of the whole data centre, megabytes, at each change; reading
// the parked lookups in full, which takes three times as long.
type crowd struct {
	connections int
	bells       map[scope]*bell
	parked      map[lookup]*parked
}

// thin parks what of the plan is too much.
func (c *crowd) thin(plan map[reader][]sources.Query) {
	bells, kept := make(map[scope]*bell), make(map[lookup]*parked)
	if excess := len(plan) - c.connections; excess > 0 {
		excess += max(c.connections/spareShare, 1)
		for _, group := range parkable(plan) {
			n := min(len(group), excess+len(tables))
			if excess <= 0 || n <= len(tables) {
				break
			}
			excess -= n - len(tables)
			at := group[0].scope
			bells[at] = c.bell(at, n)
			for _, l := range group[len(group)-n:] {
				kept[l] = c.park(l, bells[at])
				plan[kept[l]] = plan[l]
				delete(plan, l)
			}
			for _, table := range tables {
				plan[signal{at, table, bells[at]}] = nil
			}
		}
	}
	c.bells, c.parked = bells, kept
}

// parkable returns the lookups of which there may be many, by scope, the
// largest group first. The same plan gives the same order.
func parkable(plan map[reader][]sources.Query) [][]lookup {
	groups := make(map[scope][]lookup)
	for r := range plan {
		l, ok := r.(lookup)
		if !ok || l.path == "" || l.peer != "" || l.group != "" {
			continue // made from other tables, or not one of many
		}
		// What a mesh gateway adds to Connect is made from other tables too; such
		// a change, which is rare, waits until the lookup is read anyway.
		switch l.kind {
		case sources.Service, sources.Connect, sources.NodeOf:
			groups[l.scope] = append(groups[l.scope], l)
		}
	}
	for _, group := range groups {
		slices.SortFunc(group, byLookup)
	}
	return slices.SortedFunc(maps.Values(groups), func(a, b []lookup) int {
		return cmp.Or(len(b)-len(a), byLookup(a[0], b[0]))
	})
}

func byLookup(a, b lookup) int {
	return cmp.Or(
		strings.Compare(a.path, b.path), cmp.Compare(a.kind, b.kind),
		strings.Compare(a.tag, b.tag), strings.Compare(a.filter, b.filter), strings.Compare(a.near, b.near),
		strings.Compare(a.dc, b.dc), strings.Compare(a.ns, b.ns), strings.Compare(a.partition, b.partition),
	)
}

// bell returns the bell of the scope, which n parked lookups listen to.
func (c *crowd) bell(at scope, n int) *bell {
	b, ok := c.bells[at]
	if !ok {
		b = newBell()
	}
	b.setPause(time.Duration(n) * lookAgain)
	return b
}

func (c *crowd) park(l lookup, b *bell) *parked {
	if p, ok := c.parked[l]; ok && p.bell == b {
		return p
	}
	return &parked{lookup: l, bell: b}
}

// parked is a lookup that Consul does not hold: it waits for its bell instead.
// It belongs to its poll.
type parked struct {
	lookup
	bell  *bell
	index uint64 // Consul's, of last
	last  answer
}

// read implements [reader]. The index is that of the bell. The leader is asked,
// since another server may not know yet what rang the bell.
func (p *parked) read(ctx context.Context, s *Source, opts *api.QueryOptions, _ answer) (answer, *api.QueryMeta, error) {
	known := opts.WaitIndex
	rings, err := p.bell.wait(ctx, known, opts.WaitTime)
	if err != nil {
		return nil, nil, err
	}
	opts.WaitIndex, opts.WaitTime, opts.AllowStale = 0, 0, false
	meta, err := p.glance(s, opts)
	if err != nil {
		return nil, nil, err
	}
	// An index of Consul means nothing to another Consul that took its place
	// meanwhile. So it is not relied on for ever.
	rung := known > 0 && rings != known
	if !rung || p.last == nil || meta.LastIndex != p.index {
		p.index = meta.LastIndex
		if p.last, meta, err = p.lookup.read(ctx, s, opts, p.last); err != nil {
			return nil, nil, err
		}
	}
	meta.LastIndex = rings
	return p.last, meta, nil
}

// glance reads no more than the index of the answer.
func (p *parked) glance(s *Source, opts *api.QueryOptions) (meta *api.QueryMeta, err error) {
	filtered := *opts
	if p.kind == sources.NodeOf {
		filtered.Filter = `ID == ""`
		_, meta, err = s.api.Catalog().Node(p.path, &filtered)
		return meta, err
	}
	filtered.Filter = `Service.ID == ""`
	_, meta, err = p.lookup.instances(s.api.Health(), &filtered)
	return meta, err
}
