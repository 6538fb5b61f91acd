package agent

import (
	"context"
	"math"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"concierge/internal/config"
	"concierge/metrics"
	"concierge/metrics/cycle"
	"concierge/reload/board"
)

// lastWords is how long the end of the process may take to be delivered. With what
// comes before and after it, in a small control group, it is less than 3 s.
const lastWords = 2500 * time.Millisecond

// deliverer measures and delivers while the instance runs. It belongs to the loop,
// except where it says otherwise.
type deliverer struct {
	on      bool            // this instance measures at all
	engine  *cycle.Engine   // nil: nothing is configured
	cfg     *config.Metrics // what engine was made of
	retired sync.WaitGroup

	current atomic.Pointer[cycle.Engine] // the same as engine, for others
	alone   atomic.Bool                  // there is no process to look at
}

// metering does what can fail about the metrics of a configuration; nil without
// any.
func (i *instance) metering(cfg *config.Config) (*cycle.Options, error) {
	if cfg.Metrics == nil {
		return nil, nil
	}
	m := measuring{cfg: cfg.Metrics, where: cfg.Where, log: i.log, environ: i.o.Environ, runner: i.children, pid: i.pidOfProcess}
	o, err := m.options()
	o.Life, o.Observer, o.Before = i.life, newOnlooker(i.log, i.own), i.o.Lighten
	own := *cfg.Metrics.Own && i.own != nil
	o.Own = func(samples []metrics.Sample) []metrics.Sample {
		fleet := i.shared.Load()
		fleet.pick(samples)
		if samples = fleet.samples(samples); own {
			samples = i.own.Samples(samples)
		}
		return samples
	}
	return &o, err
}

// pidOfProcess may be called by others.
func (i *instance) pidOfProcess() int { return i.applier.Jobs.Main().Status().PID }

// life is how the process is; of an instance without one, how that is. It may be
// called by others.
func (i *instance) life() cycle.Life {
	if i.deliverer.alone.Load() {
		return cycle.Life{Alive: true, Exit: -1}
	}
	main := i.applier.Jobs.Main()
	life := cycle.Life{Alive: main.Running(), Exit: -1}
	status, ended := main.LastEnd()
	if ended {
		life.Exit = status.ExitCode()
	}
	life.Unborn = !life.Alive && !ended
	return life
}

// measure begins to measure.
func (i *instance) measure() {
	i.deliverer.on = !i.o.once && !i.o.dry
	i.deliverer.adopt(i.prog)
}

// adopt measures as a new program wants it.
func (d *deliverer) adopt(prog *program) {
	d.alone.Store(prog.process == nil)
	if !d.on || d.engine != nil && reflect.DeepEqual(d.cfg, prog.cfg.Metrics) {
		return
	}
	if old := d.engine; old != nil {
		d.retired.Go(old.Stop)
	}
	d.engine, d.cfg = nil, prog.cfg.Metrics
	if prog.metering != nil {
		d.engine = cycle.Start(*prog.metering)
	}
	d.current.Store(d.engine)
}

// see tells the targets at once when the process has ended or was started. It
// may be called by others.
func (d *deliverer) see(e board.Event) {
	if engine := d.current.Load(); engine != nil && e.Kind == board.Job && e.Name == config.ProcessName {
		engine.Beat()
	}
}

// close delivers the last words: the process has ended with this status.
func (d *deliverer) close(status int, life func() cycle.Life) {
	if d.engine != nil {
		last := cycle.Life{Exit: status}
		if life != nil {
			last.Unborn = life().Unborn
		}
		d.engine.Close(lastWords, last)
	}
	d.retired.Wait()
}

// Push implements [admin.Pusher]: of several targets the worst is told. It may
// be called by others.
func (d *deliverer) Push(ctx context.Context) (elapsed int64, err error) {
	engine := d.current.Load()
	if engine == nil {
		return 0, errNotMeasured
	}
	outcomes, err := engine.Now(ctx)
	switch {
	case err != nil:
		return -1, nil
	case len(outcomes) == 0:
		return 0, errNoTarget
	}
	return worst(outcomes), nil
}

// worst is the verdict on several deliveries.
func worst(outcomes []cycle.Outcome) int64 {
	var least, most int64 = math.MaxInt64, 0
	for _, o := range outcomes {
		least, most = min(least, o.Elapsed), max(most, o.Elapsed)
	}
	if least <= 0 {
		return least
	}
	return most
}
