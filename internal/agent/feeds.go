package agent

import (
	"context"
	"io"
	"log/slog"
	"reflect"
	"sync"

	"concierge/sources"
)

// opening is a source that is configured: its settings, which decide whether a
// running one can stay, and how to make it.
type opening struct {
	settings any
	source   sources.Source
}

// feed is a running source and the sets on their way to it.
type feed struct {
	opening
	cancel context.CancelFunc
	done   chan struct{}
	more   chan struct{} // one slot: sets is not empty

	mu   sync.Mutex
	sets [][]sources.Query // guarded by mu
}

// delivery is a batch and who it comes from.
type delivery struct {
	from   *feed
	update sources.Update
}

// feeds runs the sources. It belongs to the loop.
type feeds struct {
	log     *slog.Logger
	updates chan delivery
	running map[string]*feed
}

func newFeeds(log *slog.Logger) *feeds {
	return &feeds{log: log, updates: make(chan delivery, 64), running: make(map[string]*feed)}
}

// replace makes the running sources those of next: equal ones go on untouched,
// others are stopped or started. A source of next that is not used is closed.
// It returns the names that go on: what others answered before is void.
func (f *feeds) replace(ctx context.Context, next map[string]opening) (same map[string]bool) {
	same = make(map[string]bool)
	for name, old := range f.running {
		if new, ok := next[name]; !ok || !reflect.DeepEqual(old.settings, new.settings) {
			old.stop()
			delete(f.running, name)
		}
	}
	for name, o := range next {
		if _, ok := f.running[name]; ok {
			closeSource(o.source)
			same[name] = true
			continue
		}
		f.start(ctx, name, o)
	}
	return same
}

func (f *feeds) start(ctx context.Context, name string, o opening) {
	ctx, cancel := context.WithCancel(ctx)
	fd := &feed{opening: o, cancel: cancel, done: make(chan struct{}), more: make(chan struct{}, 1)}
	f.running[name] = fd
	go func() {
		defer close(fd.done)
		wanted := make(chan []sources.Query)
		var delivering sync.WaitGroup
		delivering.Go(func() { fd.deliver(ctx, wanted) })
		defer delivering.Wait()
		o.source.Watch(ctx, wanted, func(u sources.Update) {
			u.Source = name
			select {
			case f.updates <- delivery{fd, u}:
			case <-ctx.Done():
			}
		})
	}()
}

// deliver hands every set to the source, in order. None is left out: an answer
// is forgotten with the set that drops its query, and only a source that has
// seen that set knows to answer again when the query comes back.
func (fd *feed) deliver(ctx context.Context, wanted chan<- []sources.Query) {
	for {
		select {
		case <-fd.more:
		case <-ctx.Done():
			return
		}
		fd.mu.Lock()
		sets := fd.sets
		fd.sets = nil
		fd.mu.Unlock()
		for _, set := range sets {
			select {
			case wanted <- set:
			case <-ctx.Done():
				return
			}
		}
	}
}

// want gives every running source its part of the wanted queries.
func (f *feeds) want(bySource map[string][]sources.Query) {
	for name, fd := range f.running {
		fd.mu.Lock()
		fd.sets = append(fd.sets, bySource[name])
		fd.mu.Unlock()
		select {
		case fd.more <- struct{}{}:
		default:
		}
	}
}

// current reports whether a delivery comes from a source that still counts: a
// replaced one may have left some behind.
func (f *feeds) current(d delivery) bool { return f.running[d.update.Source] == d.from }

// stopAll stops every source and waits for them.
func (f *feeds) stopAll() {
	var wg sync.WaitGroup
	for _, fd := range f.running {
		wg.Go(fd.stop)
	}
	wg.Wait()
	clear(f.running)
}

// stop ends the source and waits until it has.
func (fd *feed) stop() {
	fd.cancel()
	<-fd.done
	closeSource(fd.source)
}

func closeSource(s sources.Source) {
	if c, ok := s.(io.Closer); ok {
		_ = c.Close() // nothing is buffered in a source
	}
}
