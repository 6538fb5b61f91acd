package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"concierge/cluster"
	"concierge/cluster/member"
	"concierge/cluster/rollout"
	"concierge/internal/config"
	"concierge/internal/exit"
)

// Explain says for each rollout why an instance runs what it runs. A name of
// which nothing was ever known is an error.
func (o *Overview) Explain(ctx context.Context, id string) (map[string][]string, error) {
	names, err := o.Rollouts(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(names) == 0:
		return nil, o.noRollout()
	}
	lines, known := make(map[string][]string), false
	for _, name := range names {
		v, err := o.view(ctx, name)
		if err != nil {
			return nil, err
		}
		lines[name], known = rollout.Explain(v, id), known || v.Knows(id)
	}
	words, err := o.own(ctx, id)
	switch {
	case err != nil:
		return nil, unreachable(err)
	case words == nil && !known:
		return nil, o.stranger(ctx, id)
	}
	for _, name := range names {
		lines[name] = append(lines[name], words.about(name)...)
	}
	return lines, nil
}

// ownWords are what an instance says of itself.
type ownWords struct {
	status *member.Status
	last   *member.LastWords // of a life before, or of one that is over
}

// own reads what an instance says of itself; nil if it never said anything.
func (o *Overview) own(ctx context.Context, id string) (*ownWords, error) {
	peers, err := member.Read(ctx, o.store, o.service)
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(peers, func(p member.Peer) bool { return p.ID == id }); at >= 0 {
		return &ownWords{status: peers[at].Status}, nil
	}
	last, err := member.ReadLastWords(ctx, o.store, o.service, id)
	if err != nil || last == nil {
		return nil, err
	}
	return &ownWords{last: last}, nil
}

// about are the lines for a rollout.
func (w *ownWords) about(name string) []string {
	switch {
	case w == nil:
	case w.last != nil && w.last.Lost:
		return []string{fmt.Sprintf("it vanished without a word: missed at %s", w.last.When.Format(time.RFC3339))}
	case w.last != nil && w.last.Signal != "":
		return []string{fmt.Sprintf("it ended at %s by signal %s", w.last.When.Format(time.RFC3339), w.last.Signal)}
	case w.last != nil:
		return []string{fmt.Sprintf("it ended at %s with exit status %d", w.last.When.Format(time.RFC3339), w.last.ExitCode)}
	case w.status != nil && w.status.Notes[name] != "":
		return []string{"it says: " + w.status.Notes[name]}
	}
	return nil
}

// Instance is the part of a fleet that is about one instance, which is there.
func (f Fleet) Instance(id string) (Fleet, error) {
	at := slices.IndexFunc(f.Instances, func(p member.Peer) bool { return p.ID == id })
	if at < 0 {
		return f, strangerAmong(f.Service, id, f.Instances)
	}
	f.Instances = f.Instances[at : at+1]
	return f, nil
}

// stranger is the error for a name that no instance has.
func (o *Overview) stranger(ctx context.Context, id string) error {
	peers, err := member.Read(ctx, o.store, o.service)
	if err != nil {
		return unreachable(err)
	}
	return strangerAmong(o.service, id, peers)
}

func strangerAmong(service, id string, peers []member.Peer) error {
	var names []string
	for _, p := range peers {
		names = append(names, p.ID)
	}
	hint := config.Suggest(id, names)
	if hint == "" {
		hint = "see concierge status for those that are there"
	}
	return exit.With(exit.Failed, fmt.Errorf("service %s has no instance %q (%s)", service, id, hint))
}

// Freeze is a hold that an operator asks for.
type Freeze struct {
	Rollout  string // empty: every one
	Instance string // empty: all of them
	Who, Why string
	Last     time.Duration // how long; 0 is until it is let go
	Force    bool          // also for an instance that is not there
}

// Hold freezes an instance, or all of them.
func (o *Overview) Hold(ctx context.Context, f Freeze) error {
	if f.Instance != "" && !f.Force {
		peers, err := member.Read(ctx, o.store, o.service)
		if err != nil {
			return unreachable(err)
		}
		if !slices.ContainsFunc(peers, func(p member.Peer) bool { return p.ID == f.Instance }) {
			return fmt.Errorf("%w; one that is still to come is held with --force", strangerAmong(o.service, f.Instance, peers))
		}
	}
	names, err := o.named(ctx, f.Rollout)
	if err != nil {
		return err
	}
	for _, name := range names {
		_, err := o.change(ctx, name, func(v rollout.View) (cluster.Txn, error) {
			h := rollout.Hold{By: f.Who, Why: f.Why}
			if f.Last > 0 {
				h.Until = time.Now().Add(f.Last)
			}
			return rollout.Freeze(v, f.Instance, h)
		})
		if err != nil {
			return fmt.Errorf("rollout %s: %w", name, err)
		}
	}
	return nil
}

// Unhold ends the holds of an instance, or with an empty one that of all, in
// those of the rollouts that have one.
func (o *Overview) Unhold(ctx context.Context, f Freeze) error {
	names, err := o.named(ctx, f.Rollout)
	if err != nil {
		return err
	}
	held := make(map[string]bool)
	for _, name := range names {
		v, err := o.view(ctx, name)
		if err != nil {
			return err
		}
		for id := range v.Holds {
			held[id] = true
		}
		if _, found := v.Holds[f.Instance]; !found {
			continue
		}
		if _, err := o.change(ctx, name, func(v rollout.View) (cluster.Txn, error) {
			return rollout.Thaw(v, f.Instance, rollout.By{Who: f.Who, Why: f.Why})
		}); err != nil {
			return fmt.Errorf("rollout %s: %w", name, err)
		}
	}
	if held[f.Instance] {
		return nil
	}
	return exit.With(exit.Failed, notHeld(f.Instance, slices.Sorted(maps.Keys(held))))
}

// notHeld names what is held instead.
func notHeld(id string, held []string) error {
	var names []string
	for _, h := range held {
		if h == "" {
			h = "all of them (--all)"
		}
		names = append(names, h)
	}
	what, hint := fmt.Sprintf("instance %q is not held", id), "nothing is"
	if id == "" {
		what = "there is no hold of all"
	}
	if len(names) > 0 {
		hint = "held: " + strings.Join(names, ", ")
	}
	return fmt.Errorf("%s (%s)", what, hint)
}

// named are the rollouts that are meant: the one of that name, or without a
// name every one, and one at least.
func (o *Overview) named(ctx context.Context, name string) ([]string, error) {
	if name != "" {
		name, err := o.choose(ctx, name)
		return []string{name}, err
	}
	names, err := o.Rollouts(ctx)
	if err == nil && len(names) == 0 {
		err = o.noRollout()
	}
	return names, err
}
