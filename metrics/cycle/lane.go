package cycle

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"concierge/metrics"
)

// parcel is a snapshot on its way to a target.
type parcel struct {
	snapshot *shared
	outcome  chan<- Outcome // nil: nobody waits for it
}

// lane delivers to one target, in order. What cannot be delivered waits for the
// next cycle; when too much waits the oldest is dropped. The newest stays in any
// case: a buffer that is smaller than one cycle is one for one cycle.
type lane struct {
	sink Sink
	o    Options
	log  *slog.Logger
	more chan struct{} // one slot: something was offered
	// extra asks for a cycle out of turn.
	extra chan<- struct{}

	mu      sync.Mutex
	waiting []parcel // guarded by mu; the oldest first
	busy    bool     // guarded by mu; the first of them is being pushed
	samples int      // guarded by mu; in waiting
	lost    int      // guarded by mu; samples dropped since all was well
	elapsed int64    // guarded by mu; of the last push
	pushed  bool     // guarded by mu; there was one

	failing bool             // belongs to run: the log says so
	refined []metrics.Sample // belongs to run: memory for Refine
}

func newLane(s Sink, o Options, extra chan<- struct{}) *lane {
	return &lane{sink: s, o: o, log: o.Log.With("target", s.Name), more: make(chan struct{}, 1), extra: extra}
}

// offer adds a parcel and drops the oldest ones if too many samples wait.
func (l *lane) offer(p parcel) {
	l.mu.Lock()
	l.waiting = append(l.waiting, p)
	l.samples += len(p.snapshot.Samples)
	l.mu.Unlock()
	l.trim()
	nudge(l.more)
}

// trim drops the oldest parcels while too many samples wait, but not the newest,
// and not one that is on its way.
func (l *lane) trim() {
	for _, d := range l.excess() {
		if l.o.Observer != nil {
			l.o.Observer.Dropped(l.sink.Name, len(d.snapshot.Samples))
		}
		d.tell(Outcome{Target: l.sink.Name, Err: errDropped})
		d.snapshot.release()
	}
}

// excess takes out what is to be dropped. The log is told of the first in a row.
func (l *lane) excess() (dropped []parcel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest := 0
	if l.busy {
		oldest = 1
	}
	for len(l.waiting) > oldest+1 && l.samples > l.sink.Buffer {
		n := len(l.waiting[oldest].snapshot.Samples)
		dropped = append(dropped, l.waiting[oldest])
		l.waiting = slices.Delete(l.waiting, oldest, oldest+1)
		l.samples -= n
		if l.lost == 0 {
			l.log.Warn("metrics wait for too long: from now on the oldest are dropped (see the target's buffer)", "values", n, "buffer", l.sink.Buffer)
		}
		l.lost += n
	}
	return dropped
}

func (p parcel) tell(o Outcome) {
	if p.outcome != nil {
		p.outcome <- o
	}
}

// run delivers what is offered until ctx ends. When a server has had the time
// to learn of new metrics it gets a cycle of its own.
func (l *lane) run(ctx context.Context) {
	learner, _ := l.sink.Target.(metrics.Learner)
	var learned time.Time
	timer := time.NewTimer(0)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-l.more:
			l.deliver(ctx)
			if learner == nil {
				continue
			}
			if at := learner.Learning(); !at.IsZero() && !at.Equal(learned) {
				learned = at
				timer.Reset(time.Until(at))
			}
		case <-timer.C:
			nudge(l.extra)
		case <-ctx.Done():
			return
		}
	}
}

// deliver pushes everything that waits. After a failure the rest waits for the
// next cycle: that is the back-off.
func (l *lane) deliver(ctx context.Context) {
	for {
		p, ok := l.first()
		if !ok {
			return
		}
		if ctx.Err() != nil {
			p.snapshot.release()
			return
		}
		outcome := l.push(ctx, p.snapshot.Snapshot)
		p.snapshot.release()
		l.note(outcome)
		if outcome.Err != nil {
			l.failed(outcome)
			return
		}
		l.done(outcome)
	}
}

// first returns the oldest parcel, which is not dropped until done or failed.
// It has to be released.
func (l *lane) first() (parcel, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return parcel{}, false
	}
	l.busy = true
	l.waiting[0].snapshot.holders.Add(1)
	return l.waiting[0], true
}

// done removes the parcel that was delivered.
func (l *lane) done(o Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
	p := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	l.samples -= len(p.snapshot.Samples)
	p.tell(o)
	p.snapshot.release()
	if l.lost > 0 && len(l.waiting) == 0 {
		l.log.Info("metrics are no longer dropped", "dropped", l.lost)
		l.lost = 0
	}
}

// failed tells everybody who waits what became of the push: theirs waits for the
// next cycle, and who asks wants to know now.
func (l *lane) failed(o Outcome) {
	l.mu.Lock()
	l.busy = false
	for i := range l.waiting {
		l.waiting[i].tell(o)
		l.waiting[i].outcome = nil
	}
	l.mu.Unlock()
	l.trim()
}

// push delivers one snapshot.
func (l *lane) push(ctx context.Context, s *metrics.Snapshot) Outcome {
	l.o.before()
	s, l.refined = l.sink.refined(s, l.refined)
	outcome := Deliver(ctx, l.sink, s)
	if l.o.Observer != nil {
		l.o.Observer.Pushed(l.sink.Name, outcome.Receipt, outcome.Took, outcome.Err)
	}
	return outcome
}

// Deliver pushes a snapshot, without the rules of the target.
func Deliver(ctx context.Context, sink Sink, s *metrics.Snapshot) Outcome {
	ctx, cancel := context.WithTimeout(ctx, sink.Timeout)
	defer cancel()
	began := time.Now()
	receipt, err := sink.Target.Push(ctx, s)
	took := time.Since(began)
	return Outcome{Target: sink.Name, Took: took, Elapsed: metrics.Elapsed(took, err), Receipt: receipt, Err: err}
}

// Refined applies the target's own rules to a copy.
func (s Sink) Refined(all *metrics.Snapshot) *metrics.Snapshot {
	own, _ := s.refined(all, nil)
	return own
}

// refined does the same with memory that can be used again.
func (s Sink) refined(all *metrics.Snapshot, memory []metrics.Sample) (own *metrics.Snapshot, used []metrics.Sample) {
	if s.Refine == nil {
		return all, memory
	}
	used = append(memory[:0], all.Samples...)
	changed := *all
	changed.Samples = s.Refine(used)
	return &changed, used
}

// note keeps the verdict for the heartbeat, and logs when it changes.
func (l *lane) note(o Outcome) {
	l.mu.Lock()
	l.elapsed, l.pushed = o.Elapsed, true
	waiting := len(l.waiting)
	l.mu.Unlock()
	switch {
	case o.Err != nil && !l.failing:
		l.log.Warn("metrics were not delivered, they wait", "reason", string(metrics.ReasonOf(o.Err)), "error", o.Err)
	case o.Err == nil && l.failing:
		l.log.Info("metrics are delivered again", "waiting", waiting)
	}
	l.failing = o.Err != nil
}

// last returns the verdict on the last push.
func (l *lane) last() (elapsed int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.elapsed, l.pushed
}
