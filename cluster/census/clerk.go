package census

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/election"
	"concierge/cluster/member"
)

// Office is the election of the leader.
type Office interface {
	// Leading returns the term, and whether this instance may act as the leader
	// now. It does not block.
	Leading() (term cluster.Version, leading bool)
}

// Succession is the election of the leader with its past.
type Succession interface {
	Office
	// Former returns who led before, if that is known. It does not block.
	Former() (l election.Leader, ok bool)
}

// Crew is who is there.
type Crew interface {
	// Peers are the instances as last seen; current is false before the first
	// look and while the store is away. It does not block, and what it returns is
	// not changed.
	Peers() (peers []member.Peer, current bool)
}

// Sessions gives the session that the instance is announced with. It blocks
// until there is one that is not lost, or ctx ends, which is its only error.
type Sessions interface {
	Session(ctx context.Context) (cluster.Session, error)
}

// Config is what a clerk needs. What has no default is needed.
type Config struct {
	Store    cluster.Store
	Sessions Sessions // those of the candidate
	Office   Succession
	Crew     Crew
	Service  string
	Numbers  []string // metrics that are summed up; default none
	Wanted   int      // instances, unless the store says so; default nobody said
	// Targets are the releases that should be applied, by set; default none: then
	// it is what most have.
	Targets func() map[string]string
	TTL     time.Duration // of the sessions; default 15 s
	Every   time.Duration // at least this between two writes of the counts; default 2 s
	Log     *slog.Logger  // default none
}

const (
	defaultTTL   = 15 * time.Second
	defaultEvery = 2 * time.Second
)

// Clerk counts and writes down while its instance leads. Its methods may be
// called concurrently.
type Clerk struct {
	cfg  Config
	news chan struct{} // one slot: look again

	mu     sync.Mutex
	wanted int  // guarded by mu
	said   bool // guarded by mu; the store has told of wanted in this term
}

// New returns a clerk that does nothing before [Clerk.Run].
func New(cfg Config) (*Clerk, error) {
	if cfg.Store == nil || cfg.Sessions == nil || cfg.Office == nil || cfg.Crew == nil || cfg.Service == "" {
		return nil, errors.New("counting the instances: a store, sessions, an office, a crew and a service are needed (set cluster.service)")
	}
	cfg.TTL, cfg.Every = cmp.Or(cfg.TTL, defaultTTL), cmp.Or(cfg.Every, defaultEvery)
	if cfg.Targets == nil {
		cfg.Targets = func() map[string]string { return nil }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Clerk{cfg: cfg, news: make(chan struct{}, 1)}, nil
}

// Nudge says that the office or the crew has changed. It does not block.
func (c *Clerk) Nudge() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// Counts are those of now; ok is false unless the instance leads and knows
// enough.
func (c *Clerk) Counts() (counts Counts, ok bool) {
	if _, leading := c.cfg.Office.Leading(); !leading {
		return counts, false
	}
	peers, current := c.cfg.Crew.Peers()
	c.mu.Lock()
	wanted, said := c.wanted, c.said
	c.mu.Unlock()
	if !current || !said {
		return counts, false
	}
	return Count(peers, wanted, c.cfg.Targets(), c.cfg.Numbers), true
}

// Run counts whenever the instance leads, until ctx ends. It looks who is there
// at other times, too: the next leader has to know whom it misses.
func (c *Clerk) Run(ctx context.Context) {
	roll := newRoll()
	tick := time.NewTicker(c.cfg.Every)
	defer tick.Stop()
	for ctx.Err() == nil {
		c.call(roll)
		if term, leading := c.cfg.Office.Leading(); leading {
			newTerm(c, term, roll).run(ctx)
		}
		select {
		case <-tick.C:
		case <-c.news:
		case <-ctx.Done():
		}
	}
}

// call notes who is there.
func (c *Clerk) call(r *roll) {
	if peers, current := c.cfg.Crew.Peers(); current {
		r.see(peers, time.Now())
	}
}

// hear takes how many are wanted; what cannot be read counts as not said.
func (c *Clerk) hear(e cluster.Entry) {
	w, ok, err := read[Wanted](e)
	if err != nil {
		c.cfg.Log.Warn("how many instances are wanted is not known", "service", c.cfg.Service, "error", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said, c.wanted = true, c.cfg.Wanted
	if ok && err == nil {
		c.wanted = w.Count
	}
}

// forget says that nothing is known of what is wanted.
func (c *Clerk) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = false
}
