// Package election finds one leader for a service: whoever made the key
// lead/<service>, for as long as its session lives.
//
// Leadership proves nothing to third parties: between looking and acting the
// store may have elected another. Whoever acts for the fleet makes its
// transaction conditional on [Key] having the version that is its term, so that
// what comes late is refused.
package election

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concierge/cluster"
)

// Sessions gives the session of the candidate's announcement. It blocks until
// there is one that is not lost, or ctx ends, which is its only error.
type Sessions interface {
	Session(ctx context.Context) (cluster.Session, error)
}

// Config is who stands for election. All but TTL, Changed and Log is needed.
type Config struct {
	Store           cluster.Store
	Sessions        Sessions
	Service         string
	ID, Incarnation string        // of the instance
	TTL             time.Duration // of the sessions; default 15 s
	// Changed, if set, is told of each beginning and end of the own leadership.
	// It is called by Run, one call at a time, and holds it up.
	Changed func(term cluster.Version, leading bool)
	Log     *slog.Logger // default none
}

// Leader is what the key of the leader says.
type Leader struct {
	ID          string `json:"id"`
	Incarnation string `json:"incarnation"`
	Session     string `json:"session"`
}

// Key is where the leader of a service is.
func Key(service string) string { return "lead/" + cluster.Segment(service) }

// Parse reads the key of a leader.
func Parse(e cluster.Entry) (Leader, error) {
	var l Leader
	if err := json.Unmarshal(e.Value, &l); err != nil {
		return Leader{}, fmt.Errorf("reading the leader at %s: %w", e.Key, err)
	}
	return l, nil
}

// Candidate stands for election. Its methods may be called concurrently.
type Candidate struct {
	cfg Config
	key string

	mu      sync.Mutex
	term    cluster.Version // guarded by mu; absent while not elected
	session cluster.Session // guarded by mu; that of the term
	former  *Leader         // guarded by mu; the other one who led last
}

// New returns a candidate. It does not stand before [Candidate.Run].
func New(cfg Config) (*Candidate, error) {
	if cfg.Service == "" || cfg.ID == "" || cfg.Incarnation == "" {
		return nil, errors.New("standing for election: service, id and incarnation are needed (set cluster.service and cluster.instance)")
	}
	cfg.TTL = cmp.Or(cfg.TTL, 15*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Candidate{cfg: cfg, key: Key(cfg.Service)}, nil
}

// Leading returns the term, and whether the candidate may act as the leader
// now. It may not when the store was silent for half the ttl: before another can
// be elected, this one has stopped.
func (c *Candidate) Leading() (term cluster.Version, leading bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.term == cluster.Absent {
		return cluster.Absent, false
	}
	select {
	case <-c.session.Lost():
		return c.term, false
	default:
		return c.term, c.session.Fresh() <= c.cfg.TTL/2
	}
}

// Former returns who led before this instance, if it has seen another one. It
// does not block.
func (c *Candidate) Former() (l Leader, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.former == nil {
		return Leader{}, false
	}
	return *c.former, true
}

func (c *Candidate) follow(l Leader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.former = &l
}

// Run stands for election until ctx ends, with one session after the other.
// At the end it resigns, which may take 5 s if the store is silent.
func (c *Candidate) Run(ctx context.Context) {
	for {
		o, err := c.cfg.Sessions.Session(ctx)
		if err != nil {
			return
		}
		newCampaign(c, o).run(ctx)
		if ctx.Err() != nil {
			return
		}
	}
}

// enter notes the term of the candidate, or that it has none.
func (c *Candidate) enter(term cluster.Version, o cluster.Session) {
	c.mu.Lock()
	last := c.term
	c.term, c.session = term, o
	c.mu.Unlock()
	if last == term {
		return
	}
	if last != cluster.Absent {
		c.tell("the instance leads no more", last, false)
	}
	if term != cluster.Absent {
		c.tell("the instance leads", term, true)
	}
}

func (c *Candidate) tell(message string, term cluster.Version, leading bool) {
	c.cfg.Log.Info(message, "service", c.cfg.Service, "id", c.cfg.ID, "term", uint64(term))
	if c.cfg.Changed != nil {
		c.cfg.Changed(term, leading)
	}
}
