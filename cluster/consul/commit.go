package consul

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster"
	"concierge/cluster/pace"
)

const (
	// lockDelay is how long Consul refuses an owner after another one was lost;
	// zero would be its default of 15 s. Here versions fence, not time.
	lockDelay = time.Millisecond
	// lockTries is how often that refusal is met before it is an error.
	lockTries = 5
)

var (
	errDenied  = errors.New("permission denied")
	errRefused = errors.New("consul refused to give a key to a session that it has")
)

// Commit implements [cluster.Store].
func (s *Store) Commit(ctx context.Context, t cluster.Txn) (bool, error) {
	done, err := s.commit(ctx, t)
	return done, s.explain("writing "+keys(t), err)
}

func (s *Store) commit(ctx context.Context, t cluster.Txn) (bool, error) {
	ops, err := s.operations(t)
	if err != nil {
		return false, err
	}
	ctx, cancel := s.request(ctx)
	defer cancel()
	for range lockTries {
		failed, err := s.transact(ctx, ops)
		switch {
		case err != nil || len(failed) == 0:
			return err == nil, err
		case slices.ContainsFunc(failed, denied):
			return false, fmt.Errorf("%w: %s", errDenied, failed[0].What)
		case slices.ContainsFunc(failed, func(e *api.TxnError) bool { return e.OpIndex < len(t.If) }):
			return false, nil
		}
		// What is left is a session that has ended, or the delay after another one.
		if err := s.alive(ctx, ops[failed[0].OpIndex].KV.Session, failed[0].What); err != nil {
			return false, err
		}
		if err := pace.Rest(ctx, 2*lockDelay); err != nil {
			return false, err
		}
	}
	return false, errRefused
}

// denied knows a refused permission by its text: Consul gives it no other mark
// among the failures of a transaction, and so does its own client.
func denied(e *api.TxnError) bool { return strings.Contains(e.What, "Permission denied") }

// operations returns the transaction as Consul takes it: conditions first, so
// that the numbers of its failures tell them from writes.
func (s *Store) operations(t cluster.Txn) (api.TxnOps, error) {
	var ops api.TxnOps
	add := func(op api.KVTxnOp) {
		op.Key, op.Namespace, op.Partition = s.root+op.Key, s.cfg.Namespace, s.cfg.Partition
		ops = append(ops, &api.TxnOp{KV: &op})
	}
	for _, c := range t.If {
		if c.Version == cluster.Absent {
			add(api.KVTxnOp{Verb: api.KVCheckNotExists, Key: c.Key})
		} else {
			add(api.KVTxnOp{Verb: api.KVCheckIndex, Key: c.Key, Index: uint64(c.Version)})
		}
	}
	for _, w := range t.Then {
		switch owner, ok := w.Session.(*session); {
		case w.Delete:
			add(api.KVTxnOp{Verb: api.KVDelete, Key: w.Key})
		case w.Session == nil:
			add(api.KVTxnOp{Verb: api.KVSet, Key: w.Key, Value: w.Value})
		case !ok:
			return nil, fmt.Errorf("the session of %s is of another store", w.Key)
		default:
			// Consul lets nobody lock what another session holds, be it one of the
			// same instance that is dead but for its ttl. Nothing holds a new key.
			add(api.KVTxnOp{Verb: api.KVDelete, Key: w.Key})
			add(api.KVTxnOp{Verb: api.KVLock, Key: w.Key, Value: w.Value, Session: owner.id})
		}
	}
	return ops, nil
}

// transact returns the operations that failed; with any, none was done. The
// library's own call would keep the status of other failures to itself.
func (s *Store) transact(ctx context.Context, ops api.TxnOps) (failed api.TxnErrors, err error) {
	o, err := s.options(ctx)
	if err != nil {
		return nil, err
	}
	_, err = s.cfg.Client.Raw().Write("/v1/txn", ops, nil, o)
	status, ok := errors.AsType[api.StatusError](err)
	if !ok || status.Code != http.StatusConflict {
		return nil, err
	}
	var answer api.TxnResponse
	if json.Unmarshal([]byte(status.Body), &answer) != nil || len(answer.Errors) == 0 {
		return nil, err
	}
	return answer.Errors, nil
}

// alive returns [cluster.ErrLost] if Consul no longer has the session.
func (s *Store) alive(ctx context.Context, id, why string) error {
	if id == "" {
		return errors.New(why)
	}
	var found []*api.SessionEntry
	o := &api.QueryOptions{Datacenter: s.cfg.Datacenter, Namespace: s.cfg.Namespace, Partition: s.cfg.Partition, RequireConsistent: true}
	var err error
	if o.Token, err = s.token(); err != nil {
		return err
	}
	if _, err := s.cfg.Client.Raw().Query("/v1/session/info/"+id, &found, o.WithContext(ctx)); err != nil {
		return err
	}
	if len(found) == 0 {
		return cluster.ErrLost
	}
	return nil
}

func keys(t cluster.Txn) string {
	names := make([]string, len(t.Then))
	for i, w := range t.Then {
		names[i] = w.Key
	}
	return strings.Join(names, ", ")
}
