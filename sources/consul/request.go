package consul

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/hashicorp/consul/api"
)

// options begins a read of the scope with the token as it is now.
func (s *Source) options(ctx context.Context, at scope) (*api.QueryOptions, error) {
	token, err := s.token.Current()
	if err != nil {
		return nil, fmt.Errorf("%w; see sources.consul.token_file", err)
	}
	return (&api.QueryOptions{
		Datacenter: at.dc,
		Namespace:  at.ns,
		Partition:  at.partition,
		Token:      token.Reveal(),
	}).WithContext(ctx), nil
}

// writeOptions begins an edit.
func (s *Source) writeOptions(ctx context.Context) (*api.WriteOptions, error) {
	read, err := s.options(ctx, s.scope)
	if err != nil {
		return nil, err
	}
	return (&api.WriteOptions{
		Datacenter: read.Datacenter,
		Namespace:  read.Namespace,
		Partition:  read.Partition,
		Token:      read.Token,
	}).WithContext(ctx), nil
}

// read asks once, and again without leave to be stale if the answer was too
// old. With an index it is held until there is news or wait is over. What was in
// the last answer and is in the new one no more is asked for again, since it
// may be hidden and not gone. It returns Consul's index with the answer.
func (s *Source) read(ctx context.Context, r reader, index uint64, wait time.Duration, last answer) (answer, uint64, error) {
	if index > 0 {
		var stop context.CancelCauseFunc
		ctx, stop = stayOnConnection(ctx)
		defer stop(nil)
	}
	opts, err := s.options(ctx, r.where())
	if err != nil {
		return nil, 0, err
	}
	opts.WaitIndex, opts.WaitTime, opts.AllowStale = index, wait, s.maxStale > 0
	again := *opts
	a, meta, err := r.read(ctx, s, opts, last)
	if err == nil && opts.AllowStale && (meta.LastContact > s.maxStale || !meta.KnownLeader) {
		again.AllowStale = false
		fresh := again
		a, meta, err = r.read(ctx, s, &fresh, last)
	}
	if err == nil && index > 0 && lost(last, a) {
		again.WaitIndex = 0
		a, meta, err = r.read(ctx, s, &again, last)
	}
	switch {
	case err == nil:
		return a, meta.LastIndex, nil
	case errors.Is(context.Cause(ctx), errMoved):
		return nil, 0, errMoved
	case errors.Is(err, errSparse):
		return nil, 0, errSparse
	}
	return nil, 0, s.hints.explain("reading "+r.String(), err)
}

// errMoved says that a poll lost its connection before there was an answer.
var errMoved = errors.New("connection lost while waiting")

// stayOnConnection makes a poll end with errMoved as cause when its connection
// breaks. Package net/http would repeat it on a new connection all by itself.
// Who answers there may be another server, or one that lost its data, whose
// index is below ours: it would hold the poll to the end of its wait.
func stayOnConnection(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, stop := context.WithCancelCause(ctx)
	var connections atomic.Int32
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			if connections.Add(1) == 2 {
				stop(errMoved)
			}
		},
		// A request that follows the answer is not a repetition.
		GotFirstResponseByte: func() { connections.Store(0) },
	}), stop
}

// led reports whether Consul itself is well: its servers have a leader. It
// tells a query that cannot be answered from a Consul that is away.
func (s *Source) led(ctx context.Context) bool {
	leader, err := s.leader(ctx)
	return err == nil && leader != ""
}

// there returns an error if Consul would not answer now. Who is refused the
// question, say by a proxy that knows of keys only, has to ask for keys to see.
func (s *Source) there(ctx context.Context) error {
	switch leader, err := s.leader(ctx); {
	case err != nil:
		if err = s.hints.explain("asking for the leader", err); refused(err) {
			return nil
		}
		return err
	case leader == "":
		return fmt.Errorf("consul at %s has no leader; consul members and consul operator raft list-peers show its state", s.hints.address)
	}
	return nil
}

// leader returns the address of the server that leads; empty if there is none.
func (s *Source) leader(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, ledTimeout)
	defer cancel()
	opts, err := s.options(ctx, scope{})
	if err != nil {
		return "", err
	}
	return s.api.Status().LeaderWithQueryOptions(opts)
}
