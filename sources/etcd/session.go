package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/sources"
)

// steady is how long a watch must have lasted to count as a success that ends
// the back-off.
const steady = 10 * time.Second

// session serves one set of queries after the other. All state belongs to the
// goroutine of run, of which there is one at a time.
type session struct {
	source  *Source
	ledger  *ledger
	retry   sources.Backoff // after outages and broken watches
	refused sources.Backoff // until refused queries are tried again
	broken  int             // watches that broke before they were steady, in a row
}

// run serves the queries until ctx ends.
func (s *session) run(ctx context.Context, queries []sources.Query) {
	if len(queries) == 0 {
		<-ctx.Done()
		return
	}
	for ctx.Err() == nil {
		if err := s.serve(ctx, queries); err != nil && ctx.Err() == nil {
			s.pause(ctx)
		}
	}
}

// serve reads everything and follows it. An error asks for a pause before it
// is done again.
func (s *session) serve(ctx context.Context, queries []sources.Query) error {
	r, err := s.read(ctx, queries)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, rpctypes.ErrCompacted) {
			s.ledger.outage(s.source.explain("reading what is wanted", err))
		}
		return err
	}
	s.retry.Spread = true
	m := s.source.mirrors(r)
	s.ledger.answer(s.sortOut(m, r, queries))
	f := follower{client: r.client, spans: r.watch, rev: r.rev}
	f.apply = func(events []*clientv3.Event) { s.ledger.answer(m.apply(events), nil) }
	begin := time.Now()
	refresh := s.refresh(queries)
	defer refresh.Stop()
	err = f.follow(ctx, refresh.C)
	lasted := time.Since(begin)
	if result := resultOf(err); result != "" {
		s.source.cfg.Meter.Request(sources.OpWatch, result, lasted)
	}
	tell(s.source.cfg.Meter, err)
	s.note(err, lasted)
	return err
}

// read reads all that is wanted. A request that got no answer is repeated on
// the next member: the library keeps using a silent one until the keepalive
// ends its connection.
func (s *session) read(ctx context.Context, queries []sources.Query) (r *reader, err error) {
	realms := s.source.realms(queries)
	for range min(2, len(s.source.cfg.Endpoints)) {
		err = s.source.conn.do(ctx, func(client *clientv3.Client) error {
			r = newReader(client, realms...)
			return r.read(ctx, plans(s.targets(queries)))
		})
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			break
		}
	}
	return r, err
}

// targets returns what can be asked of etcd, each once.
func (s *session) targets(queries []sources.Query) (targets []target) {
	seen := make(map[target]struct{}, len(queries))
	targets = make([]target, 0, len(queries))
	for _, q := range queries {
		t, ok := s.source.target(q)
		if _, again := seen[t]; again || !ok || s.source.unanswerable(q) != nil {
			continue
		}
		seen[t] = struct{}{}
		targets = append(targets, t)
	}
	return targets
}

// sortOut returns the answers and the refusals of a read.
func (s *session) sortOut(m mirrors, r *reader, queries []sources.Query) (map[sources.Query]sources.Value, map[sources.Query]error) {
	values := make(map[sources.Query]sources.Value, len(queries))
	failed := make(map[sources.Query]error)
	for _, q := range queries {
		if err := s.source.unanswerable(q); err != nil {
			failed[q] = err
			continue
		}
		t, _ := s.source.target(q)
		if err, ok := r.refused[t]; ok {
			failed[q] = s.source.explain("reading "+q.String(), err)
			continue
		}
		values[q] = m.answer(q)
	}
	return values, failed
}

// unanswerable returns why a query can never be answered by etcd, or nil.
func (s *Source) unanswerable(q sources.Query) error {
	if _, ok := targetOf(q); !ok {
		return fmt.Errorf("reading %s: etcd holds keys and services only (use key, tree, service or services)", q)
	}
	if inService(q) {
		return s.unlisted(q)
	}
	if q.Kind == sources.Key && s.cfg.Prefix+q.Path == "" {
		return fmt.Errorf("reading %s: the key is empty (name a key)", q)
	}
	return nil
}

// refresh returns a timer that is due when refused queries are worth another
// try; it never is without any.
func (s *session) refresh(queries []sources.Query) *time.Timer {
	if s.ledger.refusals(queries) {
		return time.NewTimer(s.refused.Next())
	}
	s.refused.Reset()
	never := time.NewTimer(time.Hour)
	never.Stop()
	return never
}

// note keeps the score of watches. The first breaks are the normal fate of a
// connection; a watch that never lasts is worth a word.
func (s *session) note(err error, lasted time.Duration) {
	if err == nil || lasted >= steady {
		s.retry.Reset()
		s.broken = 0
	}
	if err == nil {
		return
	}
	s.broken++
	s.source.log.Debug("the watch broke and is begun anew", "error", err)
	if s.broken == 3 {
		s.source.log.Warn("watches break again and again; changes arrive late", "error", err)
	}
}
