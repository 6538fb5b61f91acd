package member

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/pace"
)

// ErrTaken says that another life has the same name.
var ErrTaken = errors.New("the name is taken")

const (
	defaultTTL   = 15 * time.Second
	defaultEvery = 5 * time.Second
	urgentEvery  = time.Second
	leaveTimeout = 5 * time.Second // for the last words and the end of the session, each
)

// Config is what an announcer announces. Store, Service and Instance.ID are
// needed.
type Config struct {
	Store    cluster.Store
	Service  string
	Instance Instance      // without an incarnation it gets a new one, without a start that of now
	TTL      time.Duration // of the session; default 15 s
	// Every is at least between two writes of the status, default 5 s; but 1 s at
	// most when the phase, the health or what runs has changed.
	Every time.Duration
	Log   *slog.Logger // default none
}

// Announcer announces one life of one instance, anew whenever the store has
// forgotten it. Its methods may be called concurrently.
type Announcer struct {
	cfg  Config
	news chan struct{} // one slot: the status has changed

	mu      sync.Mutex
	status  *Status         // guarded by mu; nil until reported
	words   *LastWords      // guarded by mu; nil until said
	session cluster.Session // guarded by mu; nil while not announced
	changed chan struct{}   // guarded by mu; closed when session changes
	err     error           // guarded by mu; nil while announced
	seen    cluster.Version // guarded by mu; of the key, as it was written with session
}

// New returns an announcer. Nothing is announced before [Announcer.Run].
func New(cfg Config) (*Announcer, error) {
	if cfg.Service == "" || cfg.Instance.ID == "" {
		return nil, errors.New("announcing an instance: service and id are needed (set cluster.service and cluster.instance)")
	}
	cfg.TTL, cfg.Every = cmp.Or(cfg.TTL, defaultTTL), cmp.Or(cfg.Every, defaultEvery)
	cfg.Instance.Incarnation = cmp.Or(cfg.Instance.Incarnation, NewIncarnation())
	if cfg.Instance.Started.IsZero() {
		cfg.Instance.Started = time.Now()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Announcer{cfg: cfg, news: make(chan struct{}, 1), changed: make(chan struct{})}, nil
}

// Instance returns who is announced.
func (a *Announcer) Instance() Instance { return a.cfg.Instance }

// Report changes the status. The newest wins; it is written at once, or when
// enough time has passed since the last one.
func (a *Announcer) Report(s Status) {
	s.Incarnation = a.cfg.Instance.Incarnation
	a.mu.Lock()
	a.status = &s
	a.mu.Unlock()
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// LastWords sets what is left behind when Run ends.
func (a *Announcer) LastWords(w LastWords) {
	w.Incarnation = a.cfg.Instance.Incarnation
	a.mu.Lock()
	defer a.mu.Unlock()
	a.words = &w
}

// Err returns why the instance is not announced, and nil if it is. It is
// [ErrTaken] while another life has its name.
func (a *Announcer) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil && a.session == nil {
		return errors.New("the instance is not announced yet")
	}
	return a.err
}

// Session returns the session that the instance is announced with, once it is.
// Who holds keys by it asks again when it is lost.
func (a *Announcer) Session(ctx context.Context) (cluster.Session, error) {
	for {
		a.mu.Lock()
		o, changed := a.session, a.changed
		a.mu.Unlock()
		if o != nil && !lost(o) {
			return o, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting to be announced: %w", ctx.Err())
		}
	}
}

// Fresh is that of the session; long, without one. It does not block.
func (a *Announcer) Fresh() time.Duration {
	a.mu.Lock()
	o := a.session
	a.mu.Unlock()
	if o == nil || lost(o) {
		return math.MaxInt64
	}
	return o.Fresh()
}

// Seen is the entry by which others see that the instance is there; one that no
// entry fulfils while it is not announced. It does not block.
func (a *Announcer) Seen() cluster.Condition {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := cluster.Condition{Key: InstanceKey(a.cfg.Service, a.cfg.Instance.ID), Version: math.MaxInt64}
	if a.session != nil && a.seen != cluster.Absent {
		c.Version = a.seen
	}
	return c
}

func lost(o cluster.Session) bool {
	select {
	case <-o.Lost():
		return true
	default:
		return false
	}
}

// Run announces the instance until ctx ends. Then it leaves the last words and
// takes the announcement back, which may take 15 s if the store is silent.
func (a *Announcer) Run(ctx context.Context) {
	var p pace.Pace
	for ctx.Err() == nil {
		begin := time.Now()
		err := a.live(ctx)
		if time.Since(begin) > a.cfg.TTL {
			p.Reset()
		}
		if ctx.Err() == nil {
			a.withdraw(err)
			_ = p.Wait(ctx) // the loop looks at ctx itself
		}
	}
	a.withdraw(context.Cause(ctx))
}

// live announces the instance with one session, until that is lost.
func (a *Announcer) live(ctx context.Context) error {
	o, err := a.cfg.Store.Open(ctx, a.cfg.TTL)
	if err != nil {
		return err
	}
	l := newLife(a, o)
	err = l.run(ctx)
	if ctx.Err() == nil {
		err = errors.Join(err, a.end(ctx, o))
	} else {
		l.leave(ctx)
	}
	return err
}

// end closes a session, also when ctx is over.
func (a *Announcer) end(ctx context.Context, o cluster.Session) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	return o.Close(ctx)
}

// publish says that the instance is announced with the session.
func (a *Announcer) publish(o cluster.Session, seen cluster.Version) {
	a.mu.Lock()
	again := a.session == o
	a.err, a.seen = nil, seen
	if !again {
		a.set(o)
	}
	a.mu.Unlock()
	if !again {
		a.cfg.Log.Info("the instance is announced", "service", a.cfg.Service, "id", a.cfg.Instance.ID, "session", o.ID())
	}
}

// withdraw says that it is not, and why. A trouble is said when it begins or
// turns into another kind, not each time that it is met.
func (a *Announcer) withdraw(err error) {
	a.mu.Lock()
	begins := a.err == nil || errors.Is(err, ErrTaken) != errors.Is(a.err, ErrTaken)
	a.err = err
	a.set(nil)
	a.mu.Unlock()
	if begins && err != nil && !errors.Is(err, context.Canceled) {
		a.cfg.Log.Warn("the instance is not announced; it is tried again", "service", a.cfg.Service, "id", a.cfg.Instance.ID, "error", err)
	}
}

// set is called with mu held.
func (a *Announcer) set(o cluster.Session) {
	if a.session != o {
		a.session = o
		close(a.changed)
		a.changed = make(chan struct{})
	}
}
