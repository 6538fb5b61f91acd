package cycle

import (
	"context"
	"errors"
	"sync"
	"time"

	"concierge/metrics"
)

// The names of the values of a heartbeat.
const (
	StateName   = "container.state" // 1 as long as the process lives, 0 as its last words
	ExitName    = "child.exitcode"  // with state 0 alone: one that was started again has none yet
	ElapsedName = "push.elapsed"    // ms of the last push, 0 if it failed, -1 if there was no answer
)

// beatTimeout bounds one heartbeat, so that it never meets the next one.
const beatTimeout = 3 * time.Second

var errDropped = errors.New("dropped, because too much waits for the target")

// beats sends heartbeats on time. Each has its own connections and goroutines:
// a target that hangs delays neither the next one nor others.
func (e *Engine) beats(ctx context.Context) {
	tick := time.NewTicker(e.o.Heartbeat)
	defer tick.Stop()
	var pending sync.WaitGroup
	defer pending.Wait()
	for {
		life := e.o.Life()
		pending.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, min(beatTimeout, e.o.Heartbeat))
			defer cancel()
			e.beat(ctx, life)
		})
		select {
		case <-tick.C:
		case <-e.pulse:
		case <-ctx.Done():
			return
		}
	}
}

// beat delivers one heartbeat to every target that takes one, and waits for it.
func (e *Engine) beat(ctx context.Context, life Life) {
	if life.Unborn {
		return
	}
	at := time.Now()
	var group sync.WaitGroup
	for _, l := range e.lanes {
		beater, ok := l.sink.Target.(metrics.Beater)
		if !ok {
			continue
		}
		s := &metrics.Snapshot{At: at, Host: e.o.Host, Samples: l.pulse(life)}
		group.Go(func() {
			_, err := beater.Beat(ctx, s)
			if e.o.Observer != nil {
				e.o.Observer.Beat(l.sink.Name, err)
			}
		})
	}
	group.Wait()
}

// pulse makes the values of a heartbeat.
func (l *lane) pulse(life Life) []metrics.Sample {
	state := 0.0
	if life.Alive {
		state = 1
	}
	samples := []metrics.Sample{{Name: StateName, Value: state}}
	if !life.Alive && life.Exit >= 0 {
		samples = append(samples, metrics.Sample{Name: ExitName, Value: float64(life.Exit)})
	}
	if elapsed, ok := l.last(); ok {
		samples = append(samples, metrics.Sample{Name: ElapsedName, Value: float64(elapsed)})
	}
	return samples
}
