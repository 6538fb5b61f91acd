package bench

import (
	"concierge/internal/testserver"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"
)

// longestChange bounds the time from a change in the store to the file.
const longestChange = time.Minute

// betweenChanges lets a daemon wait for the next change again, as it does when
// people make them.
const betweenChanges = 20 * time.Millisecond

// run measures contenders on stores. It belongs to one goroutine.
type run struct {
	plan
	dir        string // for inputs and outputs
	contenders []contender
	results    results
	progress   io.Writer
	written    int // changes made so far, so that every value is new
}

// on measures what happens on a store, in turns of all contenders it is for.
func (r *run) on(ctx context.Context, st store) error {
	for _, n := range r.sizes {
		if err := st.fill(ctx, n); err != nil {
			return err
		}
	}
	for _, s := range r.scenarios(st.name()) {
		r.say("%s, %s", st.name(), s)
		if err := r.onceOnEach(ctx, st, s); err != nil {
			return err
		}
		for range r.rounds {
			for _, c := range r.of(st) {
				if err := r.followChanges(ctx, st, s, c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// of returns the contenders that the store is for.
func (r *run) of(st store) []contender {
	var on []contender
	for _, c := range r.contenders {
		if c.measuredOn(st.name()) {
			on = append(on, c)
		}
	}
	return on
}

func (r *run) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.progress, "measuring "+format+"\n", args...)
}

// onceOnEach renders the scenario once and again with every contender.
func (r *run) onceOnEach(ctx context.Context, st store, s scenario) error {
	began := time.Now()
	for n := 0; n < r.minOnce || n < r.maxOnce && time.Since(began) < r.onceBudget; n++ {
		for _, c := range r.of(st) {
			if err := r.once(ctx, st, s, c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) once(ctx context.Context, st store, s scenario, c contender) error {
	j, err := c.newJob(r.dir, st, s)
	if err != nil {
		return err
	}
	took, err := once(ctx, c.binary, c.once(j)...)
	if err != nil {
		return err
	}
	if err := checkOutput(j); err != nil {
		return fmt.Errorf("%s with %s on %s: %w", c.name, s, st.name(), err)
	}
	into := r.results.at(s, c)
	into.addTime(onceTime, took.Elapsed)
	into.addTime(onceCPU, took.CPU)
	into.add(onceMemory, float64(took.Peak))
	return os.RemoveAll(j.dir)
}

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
	for range r.changes {
		if err := r.change(ctx, st, d, into); err != nil {
			return d.explain(err)
		}
	}
	after, err := testserver.CPUTime(d.pid())
	if err != nil {
		return d.explain(err)
	}
	into.addTime(changeCPU, (after-before)/time.Duration(r.changes))
	peak, err := peakMemory(d.pid())
	into.add(daemonMemory, float64(peak))
	return err
}

// change sets one key and waits for it in the output. The clock runs from
// before the request; the output is watched while the store still answers.
func (r *run) change(ctx context.Context, st store, d *daemon, into samples) error {
	ctx, cancel := context.WithTimeout(ctx, longestChange)
	defer cancel()
	if err := pause(ctx, betweenChanges); err != nil {
		return err
	}
	r.written++
	value := fmt.Sprintf("changed-%08d", r.written)
	key := rand.IntN(d.keys)
	type answer struct {
		took time.Duration
		err  error
	}
	answered := make(chan answer, 1)
	begin := time.Now()
	go func() {
		err := st.put(ctx, d.keys, key, value)
		answered <- answer{time.Since(begin), err}
	}()
	seen, err := d.output.await(ctx, value)
	a := <-answered
	if err := errors.Join(a.err, err); err != nil {
		return err
	}
	into.addTime(latency, seen.Sub(begin))
	into.addTime(putTime, a.took)
	return nil
}

// checkOutput wants a rendering of all keys, so that nobody is fast by leaving
// something out.
func checkOutput(j job) error {
	text, err := os.ReadFile(j.output())
	if err != nil {
		return err
	}
	return checkText(string(text), j.keys)
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
