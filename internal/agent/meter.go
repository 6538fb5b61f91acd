package agent

import (
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"concierge/internal/config"
	"concierge/metrics/cycle"
	"concierge/reload/board"
)

// lastWords is how long the end of the process may take to be delivered.
const lastWords = 3 * time.Second

// meter measures and delivers while the instance runs. It belongs to the loop,
// except where it says otherwise.
type meter struct {
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
	m := measuring{cfg: cfg.Metrics, log: i.log, environ: i.o.Environ, runner: i.children, pid: i.pidOfProcess}
	o, err := m.options()
	o.Life, o.Observer = i.life, newOnlooker(i.log)
	return &o, err
}

// pidOfProcess may be called by others.
func (i *instance) pidOfProcess() int { return i.applier.Jobs.Main().Status().PID }

// life is how the process is; of an instance without one, how that is. It may be
// called by others.
func (i *instance) life() cycle.Life {
	if i.meter.alone.Load() {
		return cycle.Life{Alive: true, Exit: -1}
	}
	main := i.applier.Jobs.Main()
	life := cycle.Life{Alive: main.Running(), Exit: -1}
	if status, ended := main.LastEnd(); ended {
		life.Exit = status.ExitCode()
	}
	return life
}

// measure begins to measure.
func (i *instance) measure() {
	i.meter.on = !i.o.once && !i.o.dry
	i.meter.adopt(i.prog)
}

// adopt measures as a new program wants it.
func (m *meter) adopt(prog *program) {
	m.alone.Store(prog.process == nil)
	if !m.on || m.engine != nil && reflect.DeepEqual(m.cfg, prog.cfg.Metrics) {
		return
	}
	if old := m.engine; old != nil {
		m.retired.Go(old.Stop)
	}
	m.engine, m.cfg = nil, prog.cfg.Metrics
	if prog.metering != nil {
		m.engine = cycle.Start(*prog.metering)
	}
	m.current.Store(m.engine)
}

// see tells the targets at once when the process has ended or was started. It
// may be called by others.
func (m *meter) see(e board.Event) {
	if engine := m.current.Load(); engine != nil && e.Kind == board.Job && e.Name == config.ProcessName {
		engine.Beat()
	}
}

// close delivers the last words: the process has ended with this status.
func (m *meter) close(status int) {
	if m.engine != nil {
		m.engine.Close(lastWords, cycle.Life{Exit: status})
	}
	m.retired.Wait()
}
