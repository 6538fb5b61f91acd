package cycle

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"concierge/metrics"
)

// Source is an endpoint that is read in each cycle.
type Source struct {
	Name      string
	Collector metrics.Collector
	Timeout   time.Duration // for one reading
}

// Sink is a target with its settings.
type Sink struct {
	Name string
	// Entry is what the configuration calls it; several sinks have it in common
	// where one entry names several servers.
	Entry   string
	Target  metrics.Target
	Timeout time.Duration // for one push
	// Buffer is how many samples wait for a target that is away; beyond it the
	// oldest snapshots are dropped.
	Buffer int
	// Refine applies rules of this target alone; nil changes nothing. What it is
	// given is a copy that it may change.
	Refine func([]metrics.Sample) []metrics.Sample
}

// Life is how the process is, for the heartbeat.
type Life struct {
	Alive bool
	// Unborn says that it was never started: there is nothing to tell yet.
	Unborn bool
	// Exit is the status of its last end; -1 if it has not ended.
	Exit int
}

// Observer is told what happens, for concierge's own telemetry. Its methods are
// called concurrently and must be quick.
type Observer interface {
	// Scraped is told of a reading.
	Scraped(source string, r metrics.Reading)
	// Pushed is told of a delivery.
	Pushed(target string, r metrics.Receipt, took time.Duration, err error)
	// Dropped is told of samples that waited for too long.
	Dropped(target string, samples int)
	// Beat is told of a heartbeat.
	Beat(target string, err error)
}

// Options are what an [Engine] is made of.
type Options struct {
	Host     string
	Interval time.Duration // from one cycle to the next
	Sources  []Source
	Sinks    []Sink
	// Before is called before the readings of each cycle and before each delivery,
	// also concurrently; nil does nothing.
	Before func()
	// Refine applies rules to what was read; nil changes nothing.
	Refine func([]metrics.Sample) []metrics.Sample
	// Own appends concierge's own values; nil has none.
	Own func([]metrics.Sample) []metrics.Sample
	// Life tells how the process is.
	Life func() Life
	// Heartbeat is the time from one heartbeat to the next; 0 has none.
	Heartbeat time.Duration
	Observer  Observer
	Log       *slog.Logger
}

func (o *Options) before() {
	if o.Before != nil {
		o.Before()
	}
}

// Engine runs the cycles.
type Engine struct {
	o        Options
	lanes    []*lane
	measurer *measurer           // belongs to cycles
	now      chan chan []Outcome // cycles on demand
	extra    chan struct{}       // one slot: a cycle out of turn, for nobody
	pulse    chan struct{}       // one slot: a heartbeat out of turn
	cancel   context.CancelFunc
	work     sync.WaitGroup
}

// Outcome is what became of one push.
type Outcome struct {
	Target  string
	Took    time.Duration
	Elapsed int64 // as of [metrics.Elapsed]
	Receipt metrics.Receipt
	Err     error
}

// Start begins with the cycles, the first one at once. Close has to follow.
func Start(o Options) *Engine {
	ctx, cancel := context.WithCancel(context.Background())
	e := &Engine{o: o, measurer: newMeasurer(o), now: make(chan chan []Outcome), extra: make(chan struct{}, 1), pulse: make(chan struct{}, 1), cancel: cancel}
	for _, s := range o.Sinks {
		l := newLane(s, o, e.extra)
		e.lanes = append(e.lanes, l)
		e.work.Go(func() { l.run(ctx) })
	}
	e.work.Go(func() { e.cycles(ctx) })
	if o.Heartbeat > 0 {
		e.work.Go(func() { e.beats(ctx) })
	}
	return e
}

// Close delivers the last words of the process, waits for them for at most
// within, and ends everything.
func (e *Engine) Close(within time.Duration, last Life) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	e.beat(ctx, last)
	e.cancel()
	e.work.Wait()
	e.withdraw(ctx)
	e.hangUp()
}

// Stop ends everything without last words, as when another engine takes over.
func (e *Engine) Stop() {
	e.cancel()
	e.work.Wait()
	e.hangUp()
}

// withdraw has the targets take back what must not outlast the instance.
func (e *Engine) withdraw(ctx context.Context) {
	var group sync.WaitGroup
	for _, l := range e.lanes {
		if w, ok := l.sink.Target.(metrics.Withdrawer); ok {
			group.Go(func() {
				if err := w.Withdraw(ctx); err != nil {
					l.log.Warn("metrics were not taken back", "error", err)
				}
			})
		}
	}
	group.Wait()
}

// hangUp closes what the targets keep open.
func (e *Engine) hangUp() {
	for _, l := range e.lanes {
		if c, ok := l.sink.Target.(metrics.Closer); ok {
			c.Close()
		}
	}
}

// Beat sends a heartbeat out of turn, because the process has ended or was
// started. It does not wait for it.
func (e *Engine) Beat() { nudge(e.pulse) }

// nudge fills a channel with one slot, unless it is full already.
func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Now runs a cycle at once and returns what became of each push.
func (e *Engine) Now(ctx context.Context) ([]Outcome, error) {
	answer := make(chan []Outcome, 1)
	select {
	case e.now <- answer:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case outcomes := <-answer:
		return outcomes, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// cycles runs the cycles on time: a long one does not put off those after it,
// and none is made up for.
func (e *Engine) cycles(ctx context.Context) {
	tick := time.NewTicker(e.o.Interval)
	defer tick.Stop()
	e.cycle(ctx, nil)
	for {
		select {
		case <-tick.C:
			e.cycle(ctx, nil)
		case answer := <-e.now:
			e.cycle(ctx, answer)
		case <-e.extra:
			e.cycle(ctx, nil)
		case <-ctx.Done():
			return
		}
	}
}

// cycle measures once and hands the result to every target.
func (e *Engine) cycle(ctx context.Context, answer chan<- []Outcome) {
	e.o.before()
	s := e.measurer.measure(ctx)
	if ctx.Err() != nil {
		return
	}
	s.holders.Store(int32(len(e.lanes)) + 1)
	defer s.release()
	var waiting []chan Outcome
	for _, l := range e.lanes {
		var outcome chan Outcome
		if answer != nil {
			outcome = make(chan Outcome, 1)
			waiting = append(waiting, outcome)
		}
		l.offer(parcel{s, outcome})
	}
	if answer == nil {
		return
	}
	e.work.Go(func() { // the next cycle does not wait for it
		outcomes := make([]Outcome, 0, len(waiting))
		for _, outcome := range waiting {
			select {
			case o := <-outcome:
				outcomes = append(outcomes, o)
			case <-ctx.Done():
				return
			}
		}
		answer <- outcomes
	})
}
