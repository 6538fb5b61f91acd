package file

import (
	"context"
	"log/slog"
	"time"

	"concierge/sources"
)

const (
	quiet    = 10 * time.Millisecond // no event for this long: the edit is over
	patience = 50 * time.Millisecond // look at the latest this long after the first event
	polling  = 2 * time.Second       // pace without notifications and while away
)

// looker reads what the wanted queries need, once, and tells n which
// directories to watch before it reads them. An error means that nothing could
// be answered at all.
type looker interface {
	look(wanted []sources.Query, n *notifier) (answers, error)
}

// answers is what one look gave.
type answers struct {
	values map[sources.Query]sources.Value
	failed map[sources.Query]error
}

func newAnswers(n int) answers {
	return answers{make(map[sources.Query]sources.Value, n), make(map[sources.Query]error)}
}

func (a answers) put(q sources.Query, answer func() (sources.Value, error)) {
	v, err := answer()
	if err != nil {
		a.failed[q] = err
		return
	}
	a.values[q] = v
}

// follower keeps the wanted queries current: it looks when the kernel tells of
// a change and every so often besides, and publishes what differs. It is owned
// by the goroutine that calls run.
type follower struct {
	name    string
	log     *slog.Logger
	look    looker
	rescan  time.Duration
	publish func(sources.Update)
	meter   sources.Meter

	notes     *notifier
	wanted    []sources.Query
	published map[sources.Query]sources.Value // last good answers
	failed    map[sources.Query]string        // text of published failures
	away      string                          // text of the published outage
}

// run serves until ctx ends.
func (f *follower) run(ctx context.Context, wanted <-chan []sources.Query) {
	f.notes = newNotifier(f.log.With("component", "source", "source", f.name))
	defer f.notes.close()
	next := time.NewTimer(f.rescan)
	defer next.Stop()
	var first time.Time // of the events since the last look
	hasten := func() {
		if first.IsZero() {
			first = time.Now()
		}
		next.Reset(min(quiet, time.Until(first.Add(patience))))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case set, ok := <-wanted:
			if !ok {
				wanted = nil
				continue
			}
			f.wanted = set
			if !first.IsZero() {
				continue // the look that is due anyway serves the new set
			}
		case ev, ok := <-f.notes.events():
			if ok && f.notes.relevant(ev) {
				hasten()
			}
			continue
		case <-f.notes.lost():
			hasten()
			continue
		case <-next.C:
		}
		first = time.Time{}
		f.refresh()
		next.Reset(f.pace())
	}
}

func (f *follower) pace() time.Duration {
	if f.notes.polling() || f.away != "" {
		return min(polling, f.rescan)
	}
	return f.rescan
}

// refresh looks once and publishes what differs from what is known.
func (f *follower) refresh() {
	if len(f.wanted) == 0 {
		f.notes.forget()
		f.published, f.failed = nil, nil
		return
	}
	f.notes.begin()
	began := time.Now()
	a, err := f.look.look(f.wanted, f.notes)
	f.meter.Request(sources.OpGet, sources.ResultOf(err), time.Since(began))
	f.notes.end()
	if err != nil {
		f.outage(err)
		return
	}
	u := f.update(a)
	if len(u.Values) == 0 && len(u.Failed) == 0 && f.away == "" {
		return
	}
	f.away = ""
	f.publish(u)
}

// outage reports an outage once, and again only when its reason changes.
func (f *follower) outage(err error) {
	if err.Error() == f.away {
		return
	}
	f.away = err.Error()
	f.meter.Retry(f.pace())
	f.publish(sources.Update{Source: f.name, Err: err})
}

// update takes the new answers over and returns those that differ.
func (f *follower) update(a answers) sources.Update {
	u := sources.Update{Source: f.name, Values: make(map[sources.Query]sources.Value), Failed: make(map[sources.Query]error)}
	published := make(map[sources.Query]sources.Value, len(a.values))
	failed := make(map[sources.Query]string, len(a.failed))
	for q, v := range a.values {
		if old, known := f.published[q]; !known || !old.Equal(v) {
			u.Values[q] = v
		}
		published[q] = v
	}
	for q, err := range a.failed {
		if f.failed[q] != err.Error() {
			u.Failed[q] = err
		}
		failed[q] = err.Error()
	}
	f.published, f.failed = published, failed
	return u
}
