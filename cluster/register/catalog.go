package register

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster/pace"
)

const (
	defaultTTL   = 15 * time.Second
	defaultAfter = time.Minute
	// requestTimeout bounds one request to the agent, which is on this machine.
	requestTimeout = 5 * time.Second
)

// CatalogConfig says what is announced to which agent of Consul. Client,
// Service and Health are needed.
type CatalogConfig struct {
	Client  *api.Client // belongs to the caller and outlives the catalog
	Service Service
	Health  Health
	// Token is asked before each request, since a file may have a newer one;
	// without it the client's own is sent.
	Token func() (string, error)
	// Namespace and Partition are Consul's; empty is the client's own.
	Namespace, Partition string
	// TTL is how long Consul believes what it was told of the health, and how
	// often what it knows is compared; default 15 s. It is told every third of it.
	TTL time.Duration
	// HTTP, if set, is the URL that Consul asks every third of the ttl, instead of
	// being told.
	HTTP string
	// After is how long an instance is critical before Consul forgets it; default
	// 1 min, which is also Consul's least. It looks every 30 s.
	After time.Duration
	Log   *slog.Logger // default none
}

// Catalog keeps an instance registered with an agent of Consul. Its methods may
// be called concurrently.
type Catalog struct {
	*registrar
	cfg CatalogConfig
}

// NewCatalog returns one that registers nothing before [Catalog.Run].
func NewCatalog(cfg CatalogConfig) (*Catalog, error) {
	if err := cfg.Service.check(); err != nil {
		return nil, err
	}
	if cfg.Client == nil || cfg.Health == nil {
		return nil, errors.New("registering a service with consul: a client and the health are needed (set sources.consul)")
	}
	cfg.TTL, cfg.After = cmp.Or(cfg.TTL, defaultTTL), cmp.Or(cfg.After, defaultAfter)
	return &Catalog{registrar: newRegistrar(cfg.Log, cfg.Service), cfg: cfg}, nil
}

// Run keeps the instance registered until ctx ends. Then it takes it out of the
// catalogue, which may take 5 s if the agent is silent.
func (c *Catalog) Run(ctx context.Context) {
	e := &entry{Catalog: c}
	var again pace.Pace
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		select {
		case <-due.C:
		case <-c.news:
		case <-ctx.Done():
			c.leave(ctx, e)
			return
		}
		wait := c.cfg.TTL / 3
		if err := e.keep(ctx); err != nil {
			wait = min(wait, again.Next())
			c.note(err)
		} else {
			again.Reset()
			c.note(nil)
		}
		due.Reset(wait)
	}
}

// leave takes back what is ours. ctx is over; what the agent does not take in
// time it forgets by itself.
func (c *Catalog) leave(ctx context.Context, e *entry) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if err := e.withdraw(ctx); err != nil {
		c.log.Warn("the service was not taken out of the catalogue; consul forgets it when it was critical for long", "after", c.cfg.After, "error", err)
	}
	c.note(errNotYet)
}

// query are the options of a request to the agent.
func (c *Catalog) query(ctx context.Context) (*api.QueryOptions, error) {
	o := &api.QueryOptions{Namespace: c.cfg.Namespace, Partition: c.cfg.Partition}
	if c.cfg.Token != nil {
		token, err := c.cfg.Token()
		if err != nil {
			return nil, fmt.Errorf("asking for the token: %w", err)
		}
		o.Token = token
	}
	return o.WithContext(ctx), nil
}
