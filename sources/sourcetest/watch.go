package sourcetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"concierge/sources"
)

const (
	// patience bounds every wait for something that must happen. It covers a
	// retry whose delay has grown during an outage of some seconds.
	patience = 30 * time.Second
	// promptly bounds what must not depend on the store at all.
	promptly = 5 * time.Second
)

// watch runs a source as the agent does and keeps what it published.
type watch struct {
	tb     testing.TB
	wanted chan []sources.Query
	cancel context.CancelFunc
	done   chan struct{} // closed when Watch has returned
	news   chan struct{} // one slot: something was published

	publishing atomic.Bool

	mu      sync.Mutex
	updates []sources.Update                // guarded by mu
	values  map[sources.Query]sources.Value // guarded by mu; the newest answers
	failed  map[sources.Query]error         // guarded by mu
	during  func(view) error                // called in each publish
}

// view is what was published up to one moment.
type view struct {
	updates []sources.Update
	values  map[sources.Query]sources.Value
	failed  map[sources.Query]error
}

// follow starts to watch and wants the queries. during may be nil; it is asked
// after each update and its error fails the test.
func follow(tb testing.TB, f Fixture, during func(view) error, queries ...sources.Query) *watch {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{
		tb: tb, wanted: make(chan []sources.Query), cancel: cancel,
		done: make(chan struct{}), news: make(chan struct{}, 1),
		values: make(map[sources.Query]sources.Value), failed: make(map[sources.Query]error),
		during: during,
	}
	go func() {
		defer close(w.done)
		f.Source.Watch(ctx, w.wanted, w.publish)
	}()
	tb.Cleanup(w.stop)
	w.want(queries...)
	return w
}

// publish is what the source calls.
func (w *watch) publish(u sources.Update) {
	if w.publishing.Swap(true) {
		w.tb.Error("publish was called concurrently")
	}
	defer w.publishing.Store(false)
	select {
	case <-w.done:
		w.tb.Error("publish was called after Watch had returned")
	default:
	}
	w.mu.Lock()
	w.updates = append(w.updates, u)
	maps.Copy(w.failed, u.Failed)
	for q, v := range u.Values {
		w.values[q] = v
		delete(w.failed, q)
	}
	w.mu.Unlock()
	if w.during != nil {
		if err := w.during(w.view()); err != nil {
			w.tb.Error(err)
		}
	}
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// want hands over a new set, which the source must take promptly.
func (w *watch) want(queries ...sources.Query) {
	w.tb.Helper()
	limit := time.NewTimer(promptly)
	defer limit.Stop()
	select {
	case w.wanted <- queries:
	case <-limit.C:
		w.tb.Fatalf("the source did not take a new set within %s", promptly)
	}
}

func (w *watch) view() view {
	w.mu.Lock()
	defer w.mu.Unlock()
	return view{updates: slices.Clone(w.updates), values: maps.Clone(w.values), failed: maps.Clone(w.failed)}
}

// until waits until ok, which is asked after each update.
func (w *watch) until(what string, ok func(view) bool) view {
	w.tb.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		v := w.view()
		if ok(v) {
			return v
		}
		select {
		case <-w.news:
		case <-limit.C:
			w.tb.Fatalf("waited %s in vain until %s; published:\n%s", patience, what, w.view())
		}
	}
}

// answered waits until every query has an answer.
func (w *watch) answered(queries ...sources.Query) view {
	w.tb.Helper()
	return w.until("all is answered", func(v view) bool { return v.has(queries...) })
}

// value waits until the key has the value.
func (w *watch) value(q sources.Query, want string) view {
	w.tb.Helper()
	return w.until(fmt.Sprintf("%s is %.40q", q, want), func(v view) bool { return v.is(q, want) })
}

// keys waits until the tree holds exactly these pairs: path, value, path, value, …
func (w *watch) holds(f Fixture, q sources.Query, pairs ...string) view {
	w.tb.Helper()
	return w.until(fmt.Sprintf("%s holds %.200q", q, pairs), func(v view) bool {
		answer, ok := v.values[q]
		return ok && slices.Equal(flat(f, answer), pairs)
	})
}

// stop ends the watch, which must return promptly.
func (w *watch) stop() {
	w.tb.Helper()
	w.cancel()
	limit := time.NewTimer(promptly)
	defer limit.Stop()
	select {
	case <-w.done:
	case <-limit.C:
		w.tb.Fatalf("Watch did not return within %s after its context ended", promptly)
	}
}

func (v view) has(queries ...sources.Query) bool {
	for _, q := range queries {
		if _, ok := v.values[q]; !ok {
			return false
		}
	}
	return true
}

func (v view) is(q sources.Query, want string) bool {
	pair, ok := v.values[q].Data.(sources.KeyPair)
	return ok && v.values[q].Exists && pair.Value == want
}

// errs returns the outages reported so far.
func (v view) errs() (errs []error) {
	for _, u := range v.updates {
		if u.Err != nil {
			errs = append(errs, u.Err)
		}
	}
	return errs
}

// String shows the last updates for a failed test.
func (v view) String() (s string) {
	for _, u := range v.updates[max(0, len(v.updates)-20):] {
		s += fmt.Sprintf("  %d values, failed %v, err %v", len(u.Values), u.Failed, u.Err)
		if len(u.Values) <= 5 {
			s += fmt.Sprintf(": %.300v", u.Values)
		}
		s += "\n"
	}
	return s
}

// flat returns a tree's pairs as path, value, path, value, … without the root.
func flat(f Fixture, v sources.Value) (out []string) {
	pairs, _ := v.Data.(sources.Pairs)
	for _, p := range pairs {
		out = append(out, p.Path[min(len(f.Root), len(p.Path)):], p.Value)
	}
	return out
}
