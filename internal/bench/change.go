package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"concierge/internal/testserver"
)

// longestChange bounds the time from a change in the store to the file.
const longestChange = time.Minute

// betweenChanges lets a daemon wait for the next change again, as it does when
// people make them.
const betweenChanges = 20 * time.Millisecond

// followChanges starts a daemon, changes keys one by one, and measures when
// each change is in the file.
func (r *run) followChanges(ctx context.Context, st store, s scenario, c contender) (err error) {
	d, err := r.startOn(ctx, st, s, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.end()) }()
	into := r.results.at(s, c)
	before, err := testserver.CPUTime(d.pid())
	if err != nil {
		return d.explain(err)
	}
	n := 0
	for range r.changes() {
		if _, err := r.change(ctx, st, d, into); err != nil {
			return d.explain(err)
		}
		n++
	}
	after, err := testserver.CPUTime(d.pid())
	if err != nil {
		return d.explain(err)
	}
	into.addTime(changeCPU, (after-before)/time.Duration(n))
	peak, err := memory(d.pid(), peakMemory)
	into.add(daemonMemory, float64(peak))
	return err
}

// startOn starts a contender as a daemon on a store that has the keys.
func (r *run) startOn(ctx context.Context, st store, s scenario, c contender) (*daemon, error) {
	j, err := c.newJob(r.dir, st, s)
	if err != nil {
		return nil, err
	}
	return startDaemon(ctx, c, j)
}

// change sets one key and waits for it in the output, and returns when it was
// there. The clock runs from before the request; the output is watched while
// the store still answers.
func (r *run) change(ctx context.Context, st store, d *daemon, into samples) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, longestChange)
	defer cancel()
	if err := pause(ctx, betweenChanges); err != nil {
		return time.Time{}, err
	}
	r.written++
	value := fmt.Sprintf("changed-%08d", r.written)
	i := rand.IntN(d.keys)
	type answer struct {
		took time.Duration
		err  error
	}
	answered := make(chan answer, 1)
	begin := time.Now()
	go func() {
		err := st.put(ctx, d.space(), d.key(i), value)
		answered <- answer{time.Since(begin), err}
	}()
	seen, err := d.out.await(ctx, d.output(d.file(i)), value)
	a := <-answered
	if err := errors.Join(a.err, err); err != nil {
		return seen, err
	}
	into.addTime(latency, seen.Sub(begin))
	into.addTime(putTime, a.took)
	return seen, nil
}
