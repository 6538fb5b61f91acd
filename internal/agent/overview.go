package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"concierge/cluster"
	"concierge/cluster/census"
	"concierge/cluster/election"
	"concierge/cluster/member"
	"concierge/cluster/rollout"
	"concierge/internal/config"
	"concierge/internal/exit"
)

// Overview is a fleet as its operators see it. Its methods may be called
// concurrently.
type Overview struct {
	store   cluster.Store
	service string
	cfg     *config.Cluster
}

var errNoFleet = errors.New("there is no cluster in the configuration (add a cluster section, or give --cluster-service and a store such as --etcd-endpoints)")

// OpenOverview opens the store of the cluster section. Close has to follow.
func OpenOverview(cfg *config.Config, log *slog.Logger) (*Overview, error) {
	if cfg.Cluster == nil {
		return nil, exit.With(exit.Usage, errNoFleet)
	}
	return &Overview{newFleetStore(cfg, log), cfg.Cluster.Service, cfg.Cluster}, nil
}

// Close lets go of the store.
func (o *Overview) Close() error { return o.store.Close() }

// Fleet is all that is known of a service.
type Fleet struct {
	Service   string            `json:"service"`
	Leader    string            `json:"leader,omitempty"`
	Counts    *census.Counts    `json:"counts,omitempty"` // nil while nobody leads
	Instances []member.Peer     `json:"instances"`
	Rollouts  []rollout.Summary `json:"rollouts"`
}

// Fleet looks at everything once.
func (o *Overview) Fleet(ctx context.Context) (Fleet, error) {
	f := Fleet{Service: o.service}
	lead, err := o.store.Read(ctx, election.Key(o.service))
	if err != nil {
		return f, unreachable(err)
	}
	if l, err := election.Parse(lead.Get(election.Key(o.service))); err == nil {
		f.Leader = l.ID
	}
	counts, known, err := census.ReadCounts(ctx, o.store, o.service)
	if err != nil {
		return f, unreachable(err)
	}
	if known {
		f.Counts = &counts
	}
	names, err := o.Rollouts(ctx)
	if err != nil {
		return f, err
	}
	for _, name := range names {
		v, err := o.view(ctx, name)
		if err != nil {
			return f, err
		}
		f.Rollouts = append(f.Rollouts, rollout.Show(v))
	}
	f.Instances, err = member.Read(ctx, o.store, o.service)
	return f, unreachable(err)
}

// unreachable gives a failure of the store its exit status.
func unreachable(err error) error {
	if err == nil {
		return nil
	}
	return exit.With(exit.Store, err)
}

// Rollouts are the names of those that were ever begun.
func (o *Overview) Rollouts(ctx context.Context) ([]string, error) {
	lead := o.service + "."
	view, err := o.store.Read(ctx, "roll/"+rollout.Escape(lead))
	if err != nil {
		return nil, unreachable(err)
	}
	var names []string
	for _, e := range view.Entries {
		set, rest, _ := strings.Cut(strings.TrimPrefix(e.Key, "roll/"), "/")
		name, ok := rollout.Unescape(set)
		name = strings.TrimPrefix(name, lead)
		begun := rest == "record" || rest == "trouble"   // the first release may be too large to begin with
		if ok && begun && !strings.Contains(name, ".") { // else it is of a service whose name has more dots
			names = append(names, name)
		}
	}
	return slices.Compact(names), nil
}

// view is a rollout with its instances.
func (o *Overview) view(ctx context.Context, name string) (v rollout.View, err error) {
	set := o.service + "." + name
	state, err := o.store.Read(ctx, rollout.Prefix(set))
	if err != nil {
		return v, unreachable(err)
	}
	acks, err := o.store.Read(ctx, rollout.AckPrefix(set))
	if err != nil {
		return v, unreachable(err)
	}
	if v, err = rollout.Parse(set, state, acks); err != nil {
		return v, exit.With(exit.Failed, err)
	}
	members, err := crew{roster: &member.Roster{Store: o.store, Service: o.service}, name: name, domain: o.domain(name)}.Read(ctx)
	return v.With(members, time.Now()), unreachable(err)
}

func (o *Overview) domain(name string) string {
	if r := o.cfg.Rollouts[name]; r != nil {
		return r.Domain
	}
	return ""
}

func (o *Overview) noRollout() error {
	return exit.With(exit.Failed, fmt.Errorf("service %s has no rollout yet (it begins with the first instance whose configuration has cluster.rollouts)", o.service))
}

// choose returns the rollout of that name; without one, the only one.
func (o *Overview) choose(ctx context.Context, name string) (string, error) {
	names, err := o.Rollouts(ctx)
	switch {
	case err != nil:
		return "", err
	case len(names) == 0:
		return "", o.noRollout()
	case name == "" && len(names) > 1:
		return "", exit.With(exit.Usage, fmt.Errorf("service %s has several rollouts, name one: %s", o.service, strings.Join(names, ", ")))
	case name == "":
		return names[0], nil
	case !slices.Contains(names, name):
		return "", exit.With(exit.Usage, fmt.Errorf("service %s has no rollout %q (known: %s)", o.service, name, strings.Join(names, ", ")))
	}
	return name, nil
}

// Rollout sums a rollout up; an empty name is the only one.
func (o *Overview) Rollout(ctx context.Context, name string) (rollout.Summary, error) {
	name, err := o.choose(ctx, name)
	if err != nil {
		return rollout.Summary{}, err
	}
	v, err := o.view(ctx, name)
	return rollout.Show(v), err
}

// History is what was decided about a rollout, the oldest first.
func (o *Overview) History(ctx context.Context, name string) ([]rollout.Event, error) {
	name, err := o.choose(ctx, name)
	if err != nil {
		return nil, err
	}
	view, err := o.store.Read(ctx, rollout.EventPrefix(o.service+"."+name))
	return rollout.History(view), unreachable(err)
}

// Move is what an operator does to a rollout.
type Move string

// The moves.
const (
	MovePause    Move = "pause"
	MoveResume   Move = "resume"
	MoveAbort    Move = "abort"
	MoveRollback Move = "rollback"
	MovePromote  Move = "promote"
	MoveRetry    Move = "retry"
)

// Order is a move with what it is about.
type Order struct {
	Move     Move
	Release  string // of MoveRetry; empty is the one refused last
	Who, Why string
}

// Do makes a move, and returns how the rollout is then.
func (o *Overview) Do(ctx context.Context, name string, order Order) (rollout.Summary, error) {
	return o.change(ctx, name, func(v rollout.View) (cluster.Txn, error) {
		by := rollout.By{Who: order.Who, Why: order.Why}
		switch order.Move {
		case MovePause:
			return rollout.Pause(v, by)
		case MoveResume:
			return rollout.Resume(v, by)
		case MoveAbort:
			return rollout.Abort(v, by)
		case MoveRollback:
			return rollout.Rollback(v, o.policy(name), by)
		case MovePromote:
			return rollout.Promote(v, by)
		}
		return rollout.Retry(v, order.Release, by)
	})
}

// policy is that of a rollout as far as this configuration knows it.
func (o *Overview) policy(name string) rollout.Policy {
	if r := o.cfg.Rollouts[name]; r != nil {
		return rolloutPolicy(r, o.cfg.TTL, 0)
	}
	return rollout.Policy{}
}

// change does what decide says, again when somebody else was quicker.
func (o *Overview) change(ctx context.Context, name string, decide func(rollout.View) (cluster.Txn, error)) (rollout.Summary, error) {
	name, err := o.choose(ctx, name)
	if err != nil {
		return rollout.Summary{}, err
	}
	for {
		v, err := o.view(ctx, name)
		if err != nil {
			return rollout.Summary{}, err
		}
		t, err := decide(v)
		if err != nil {
			return rollout.Summary{}, exit.With(exit.Failed, err)
		}
		done, err := o.store.Commit(ctx, t)
		if err != nil {
			return rollout.Summary{}, unreachable(err)
		}
		if done {
			v, err = o.view(ctx, name)
			return rollout.Show(v), err
		}
	}
}

// Want says how many instances of the service there should be.
func (o *Overview) Want(ctx context.Context, count int, who, why string) (before int, err error) {
	w, err := census.SetWanted(ctx, o.store, o.service, census.Wanted{Count: count, Author: who, Reason: why})
	if errors.Is(err, census.ErrChanged) {
		return w.Count, exit.With(exit.Failed, err)
	}
	return w.Count, unreachable(err)
}

var _ io.Closer = (*Overview)(nil)
