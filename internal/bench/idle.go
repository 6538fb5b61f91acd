package bench

import (
	"concierge/internal/testserver"
	"context"
	"errors"
	"time"
)

// idleAll observes all contenders in all scenarios of all stores while nothing
// changes. They idle together: CPU time and connections of one do not depend
// on another, and one by one would take long.
func (r *run) idleAll(ctx context.Context, stores []store) (err error) {
	r.say("%s of idling", r.idle)
	var daemons []*daemon
	defer func() {
		for _, d := range daemons {
			err = errors.Join(err, d.end())
		}
	}()
	for _, st := range stores {
		for _, s := range r.scenarios(st.name()) {
			for _, c := range r.of(st) {
				d, err := r.startOn(ctx, st, s, c)
				if err != nil {
					return err
				}
				daemons = append(daemons, d)
			}
		}
	}
	return r.observe(ctx, daemons)
}

func (r *run) startOn(ctx context.Context, st store, s scenario, c contender) (*daemon, error) {
	j, err := c.newJob(r.dir, st, s)
	if err != nil {
		return nil, err
	}
	return startDaemon(ctx, c, j)
}

func (r *run) observe(ctx context.Context, daemons []*daemon) error {
	if err := pause(ctx, r.settle); err != nil {
		return err
	}
	before := make(map[*daemon]time.Duration)
	for _, d := range daemons {
		cpu, err := testserver.CPUTime(d.pid())
		if err != nil {
			return d.explain(err)
		}
		before[d] = cpu
	}
	if err := pause(ctx, r.idle); err != nil {
		return err
	}
	for _, d := range daemons {
		cpu, err := testserver.CPUTime(d.pid())
		if err != nil {
			return d.explain(err)
		}
		open, connected, err := openFiles(d.pid())
		if err != nil {
			return d.explain(err)
		}
		into := r.results.at(d.scenario, d.contender)
		into.add(idleCPU, (cpu-before[d]).Seconds()*float64(time.Minute)/float64(r.idle))
		into.add(descriptors, float64(open))
		into.add(connections, float64(connected))
	}
	return nil
}
