package bench

import (
	"context"
	"fmt"
	"io"
	"time"
)

// run measures contenders on stores. It belongs to one goroutine.
type run struct {
	plan
	dir        string // for inputs and outputs
	contenders []contender
	results    results
	progress   io.Writer
	filled     map[spaceOn]bool
	written    int // changes made so far, so that every value is new
}

// spaceOn is a set of keys on a server.
type spaceOn struct {
	address string
	keys    int
}

// of returns the contenders that take part in the scenario.
func (r *run) of(s scenario) []contender {
	var on []contender
	for _, c := range r.contenders {
		if c.does(s) {
			on = append(on, c)
		}
	}
	return on
}

// fill sets the keys that a scenario needs, once.
func (r *run) fill(ctx context.Context, st store, s scenario) error {
	space := spaceOn{st.address(s), s.space()}
	if r.filled[space] {
		return nil
	}
	r.filled[space] = true
	return st.fill(ctx, s.space())
}

// work measures all that a scenario has, in turns of all contenders.
func (r *run) work(ctx context.Context, st store, s scenario) error {
	if err := r.fill(ctx, st, s); err != nil {
		return err
	}
	if s.form.oneShot() {
		if err := r.onceOnEach(ctx, st, s); err != nil {
			return err
		}
	}
	for range r.rounds {
		for _, c := range r.of(s) {
			if err := r.daemon(ctx, st, s, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// daemon measures what a running contender does when keys change.
func (r *run) daemon(ctx context.Context, st store, s scenario, c contender) error {
	switch {
	case s.form.changes():
		return r.followChanges(ctx, st, s, c)
	case s.form == withChild:
		return r.tellChild(ctx, st, s, c)
	}
	return nil
}

// onceOnEach renders the scenario once and again with every contender.
func (r *run) onceOnEach(ctx context.Context, st store, s scenario) error {
	for range r.shots() {
		for _, c := range r.of(s) {
			if err := r.once(ctx, st, s, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) once(ctx context.Context, st store, s scenario, c contender) error {
	if c.once == nil {
		return nil
	}
	took, err := r.onceAs(ctx, timerRole, st, s, c)
	if err != nil {
		return err
	}
	into := r.results.at(s, c)
	into.addTime(onceTime, took.Elapsed)
	into.addTime(onceCPU, took.CPU)
	into.add(onceMemory, float64(took.Peak))
	return nil
}

// onceAs makes one run and looks at what it has written.
func (r *run) onceAs(ctx context.Context, role string, st store, s scenario, c contender) (spent, error) {
	j, err := c.newJob(r.dir, st, s)
	if err != nil {
		return spent{}, err
	}
	took, err := onceAs(ctx, role, c.binary, c.once(j)...)
	if err != nil {
		return took, err
	}
	if err := checkOutput(j); err != nil {
		return took, fmt.Errorf("%s with %s on %s: %w", c.name, s, st.name(), err)
	}
	// The outputs stay until the end: ext4 searches long for a free inode while
	// thousands were freed within the last seconds.
	return took, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
