package bench

import (
	"context"
	"errors"
	"time"

	"concierge/internal/testserver"
)

// idleOn observes all contenders in all scenarios of stores while nothing
// changes. They idle together: CPU time and connections of one do not depend
// on another, and one by one would take long.
func (r *run) idleOn(ctx context.Context, stores []store) (err error) {
	var daemons []*daemon
	defer func() {
		for _, d := range daemons {
			err = errors.Join(err, d.end())
		}
	}()
	for _, st := range stores {
		for _, s := range r.that(st.name(), form.idles) {
			started, err := r.idlers(ctx, st, s)
			daemons = append(daemons, started...)
			if err != nil {
				return err
			}
		}
	}
	return r.observe(ctx, daemons)
}

// idlers starts all contenders of a scenario. Those that were started are
// returned with an error too.
func (r *run) idlers(ctx context.Context, st store, s scenario) (daemons []*daemon, err error) {
	if err := r.fill(ctx, st, s); err != nil {
		return nil, err
	}
	for _, c := range r.of(s) {
		if c.yardstick {
			continue
		}
		d, err := r.startOn(ctx, st, s, c)
		if err != nil {
			return daemons, err
		}
		daemons = append(daemons, d)
	}
	return daemons, nil
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
		if err := r.idled(d, before[d]); err != nil {
			return d.explain(err)
		}
	}
	return nil
}

// idled notes what a daemon has used since it had used so much.
func (r *run) idled(d *daemon, before time.Duration) error {
	cpu, err := testserver.CPUTime(d.pid())
	if err != nil {
		return err
	}
	open, connected, err := openFiles(d.pid())
	if err != nil {
		return err
	}
	rests, err := memory(d.pid(), residentMemory)
	if err != nil {
		return err
	}
	into := r.results.at(d.scenario, d.contender)
	into.add(idleCPU, (cpu-before).Seconds()*float64(time.Minute)/float64(r.idle))
	into.add(idleMemory, float64(rests))
	into.add(descriptors, float64(open))
	into.add(connections, float64(connected))
	return nil
}
