package member

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"

	"concierge/cluster"
)

// Peer is one instance that is there.
type Peer struct {
	Instance
	// Announced is the version of its key: two peers of one name with different
	// ones are not the same announcement.
	Announced cluster.Version `json:"announced"`
	// Status is nil until this life has reported one.
	Status *Status `json:"status"`
	// Reported is the version of the status.
	Reported cluster.Version `json:"reported"`
}

// Roster follows the instances of a service. Fields are set before Run.
type Roster struct {
	Store   cluster.Store
	Service string
	// Changed, if set, is told all peers, sorted by the key of their name, when
	// one of them or its status has changed; never two calls at a time. It holds
	// up what is told next.
	Changed func([]Peer)
	Log     *slog.Logger // default none

	telling sync.Mutex // held while Changed runs

	mu     sync.Mutex
	inst   side   // guarded by mu
	stat   side   // guarded by mu
	peers  []Peer // guarded by mu
	joiner joiner // guarded by mu
}

// side is one of the two prefixes of a service.
type side struct {
	view    cluster.View
	seen    bool // once at least
	current bool // false while the store is away
}

// Run follows the service until ctx ends; then it knows nobody, and may be run
// again.
func (r *Roster) Run(ctx context.Context) {
	if r.Log == nil {
		r.Log = slog.New(slog.DiscardHandler)
	}
	defer r.forget()
	var watches sync.WaitGroup
	defer watches.Wait()
	for kind, s := range map[string]*side{"inst": &r.inst, "stat": &r.stat} {
		watches.Go(func() {
			cluster.Follow(ctx, r.Store, key(kind, r.Service), func(v cluster.View) { r.see(s, v) }, func(err error) { r.lose(s, err) })
		})
	}
}

// Peers returns who was there last, and whether that is current: false until
// the store has told it, and while the store is away.
func (r *Roster) Peers() (peers []Peer, current bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers, r.inst.current && r.stat.current
}

func (r *Roster) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inst, r.stat, r.peers = side{}, side{}, nil
}

func (r *Roster) see(s *side, v cluster.View) {
	r.telling.Lock()
	defer r.telling.Unlock()
	r.mu.Lock()
	s.view, s.seen, s.current = v, true, true
	complete := r.inst.seen && r.stat.seen
	if complete {
		r.peers = r.joiner.join(r.Service, r.inst.view, r.stat.view, r.Log)
	}
	peers := r.peers
	r.mu.Unlock()
	if complete && r.Changed != nil {
		r.Changed(peers)
	}
}

func (r *Roster) lose(s *side, err error) {
	r.mu.Lock()
	begins := s.current
	s.current = false
	r.mu.Unlock()
	if begins {
		r.Log.Warn("the instances of the service are not followed; it is tried again", "service", r.Service, "error", err)
	}
}

// Read is a linearizable look at the instances of a service, sorted by the key
// of their name: none is older than the call.
func Read(ctx context.Context, s cluster.Store, service string) ([]Peer, error) {
	stat, err := s.Read(ctx, key("stat", service))
	if err != nil {
		return nil, err
	}
	inst, err := s.Read(ctx, key("inst", service)) // last: who is there has said what was read
	if err != nil {
		return nil, err
	}
	return new(joiner).join(service, inst, stat, slog.New(slog.DiscardHandler)), nil
}

// ReadLastWords returns the last words that an instance left, or nil.
func ReadLastWords(ctx context.Context, s cluster.Store, service, id string) (*LastWords, error) {
	at := LastKey(service, id)
	v, err := s.Read(ctx, at)
	if err != nil {
		return nil, err
	}
	e := v.Get(at)
	if e.Version == cluster.Absent {
		return nil, nil
	}
	var w LastWords
	if err := json.Unmarshal(e.Value, &w); err != nil {
		return nil, fmt.Errorf("reading the last words at %s: %w", at, err)
	}
	return &w, nil
}
