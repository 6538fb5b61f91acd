package etcd

import (
	"cmp"
	"context"
	"log/slog"

	"concierge/sources"
)

// Source watches and edits keys of an etcd cluster. Its methods are safe for
// concurrent use; Watch is called once.
type Source struct {
	cfg  Config
	conn *connection
	log  *slog.Logger
	// services is the prefix of the records of the cluster's services; it is empty
	// without a namespace.
	services string
}

var (
	_ sources.Source = (*Source)(nil)
	_ sources.Store  = (*Source)(nil)
)

// New returns a source that is ready to watch. It neither needs the server nor
// waits for it; errors are those of the configuration: an endpoint or a
// certificate that cannot be used.
func New(cfg Config, log *slog.Logger) (*Source, error) {
	cfg, tlsConfig, err := cfg.check()
	if err != nil {
		return nil, err
	}
	sources.PinServerName(tlsConfig)
	log = log.With("component", "etcd")
	cfg.Budget = cmp.Or(cfg.Budget, sources.NewBudget(0, log))
	if cfg.Meter == nil {
		cfg.Meter = sources.Unmetered{}
	}
	return &Source{cfg: cfg, conn: newConnection(cfg, tlsConfig), log: log, services: servicesOf(cfg.Namespace)}, nil
}

// Close ends the connections. Calls that are under way fail.
func (s *Source) Close() error { return s.conn.close() }

// Watch implements [sources.Source].
func (s *Source) Watch(ctx context.Context, wanted <-chan []sources.Query, publish func(sources.Update)) {
	ledger := newLedger(s.cfg.Name, publish)
	session := &session{source: s, ledger: ledger}
	var queries []sources.Query
	for ctx.Err() == nil {
		sets := session.until(ctx, queries, wanted)
		for _, set := range sets {
			ledger.keep(set)
			queries = set
		}
	}
}

// until serves the queries until a new set arrives or ctx ends. It returns the
// sets that arrived, and goes on taking sets while the session ends, since the
// agent may be waiting to hand one over while it is waited for in publish.
func (s *session) until(ctx context.Context, queries []sources.Query, wanted <-chan []sources.Query) (sets [][]sources.Query) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.run(ctx, queries)
	}()
	for {
		select {
		case set, open := <-wanted:
			if !open {
				wanted = nil
				continue
			}
			sets = append(sets, set)
			cancel()
		case <-done:
			return sets
		}
	}
}
