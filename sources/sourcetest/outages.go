package sourcetest

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// away is how long a store stays away: long enough for several retries, each
// of which could report the outage again.
const away = 2 * time.Second

func (s Subject) outages(t *testing.T) {
	t.Run("StoreAwayAtStartIsSaidOnceAndAnsweredLater", s.awayAtStart)
	t.Run("StoreAwayAndBackLosesNothing", s.awayAndBack)
	t.Run("SetIsTakenWhileStoreIsAway", s.setWhileAway)
	t.Run("WatchEndsWhileStoreIsAway", s.endWhileAway)
	t.Run("EveryOutageIsSaid", s.twoOutages)
}

func (s Subject) awayAtStart(t *testing.T) {
	f := s.OpenFaulty(t)
	f.put(t, "app/port", "80")
	f.Outage.Stop()
	there, absent := f.key("app/port"), f.key("app/none")
	w := follow(t, f, nil, there, absent)
	w.until("the outage is said", outage(1))
	observe(t.Context(), away)
	if v := w.view(); len(v.values) != 0 || len(v.failed) != 0 {
		t.Errorf("answered by a store that is away: %s", v)
	}
	f.Outage.Start()
	v := w.answered(there, absent)
	w.once(v, 1)
	if !v.is(there, "80") || v.values[absent].Exists {
		t.Errorf("answers after the return are %v", v.values)
	}
}

func (s Subject) awayAndBack(t *testing.T) {
	f := s.OpenFaulty(t)
	f.put(t, "app/port", "80", "other/x", "1")
	key, tree := f.key("app/port"), f.tree("other/")
	w := follow(t, f, func(v view) error {
		if v.has(key, tree) && (!v.values[key].Exists || !v.values[tree].Exists) {
			return fmt.Errorf("absence was reported: %s", v)
		}
		return nil
	}, key, tree)
	w.answered(key, tree)
	f.Outage.Stop()
	w.until("the outage is said", outage(1))
	observe(t.Context(), away)
	f.Outage.Start()
	f.put(t, "app/port", "81")
	w.once(w.value(key, "81"), 1)
	f.put(t, "other/x", "2")
	w.holds(f, tree, "other/x", "2")
}

func (s Subject) setWhileAway(t *testing.T) {
	f := s.OpenFaulty(t)
	f.put(t, "a/1", "x", "b/1", "y")
	a, b := f.key("a/1"), f.key("b/1")
	w := follow(t, f, nil, a)
	w.answered(a)
	f.Outage.Stop()
	w.until("the outage is said", outage(1))
	for range 20 {
		w.want(b)
		w.want(a, b)
	}
	f.Outage.Start()
	w.once(w.value(b, "y"), 1)
}

func (s Subject) endWhileAway(t *testing.T) {
	f := s.OpenFaulty(t)
	f.Outage.Stop()
	w := follow(t, f, nil, f.key("a/1"))
	w.until("the outage is said", outage(1))
	w.stop()
}

func (s Subject) twoOutages(t *testing.T) {
	f := s.OpenFaulty(t)
	key := f.key("app/port")
	w := follow(t, f, nil, key)
	w.answered(key)
	for n := range 2 {
		f.Outage.Stop()
		w.until("the outage is said", outage(n+1))
		f.Outage.Start()
		f.put(t, "app/port", fmt.Sprint(n))
		w.value(key, fmt.Sprint(n))
	}
	w.once(w.view(), 2)
}

// outage is a condition: n outages were reported.
func outage(n int) func(view) bool {
	return func(v view) bool { return len(v.errs()) >= n }
}

// once checks that no outage was reported more than once.
func (w *watch) once(v view, outages int) {
	w.tb.Helper()
	if got := v.errs(); len(got) != outages {
		w.tb.Errorf("%d outages were reported %d times: %v", outages, len(got), got)
	}
	for _, u := range v.updates {
		if u.Err != nil && len(u.Values) != 0 {
			w.tb.Errorf("an outage carries answers: %v", u)
		}
	}
}

// observe lets time pass in which something must not happen.
func observe(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
