package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// StartReason is why the process was started.
type StartReason string

// The reasons.
const (
	StartFirst  StartReason = "first"
	StartConfig StartReason = "config" // a change asked for a restart
	StartCrash  StartReason = "crash"  // it ended, or was not healthy
	StartManual StartReason = "manual" // an operator asked for it
)

// ExitClass is how the process ended.
type ExitClass string

// The classes.
const (
	ExitZero    ExitClass = "zero"
	ExitNonzero ExitClass = "nonzero"
	ExitSignal  ExitClass = "signal" // by a signal other than KILL
	ExitKilled  ExitClass = "killed" // by KILL
)

// SignalOther is the label of signals that are seldom sent.
const SignalOther = "other"

// signalNames have labels of their own.
var signalNames = map[string]bool{"HUP": true, "INT": true, "KILL": true, "TERM": true, "USR1": true, "USR2": true, SignalOther: true}

// childMetrics are about the process.
type childMetrics struct {
	up, code, began        *prometheus.GaugeVec
	starts, exits, signals *prometheus.CounterVec
}

func newChildMetrics(m *maker) childMetrics {
	return childMetrics{
		up:      m.gauge("concierge_child_up", "1 while the process runs, else 0."),
		starts:  m.counter("concierge_child_starts_total", "Starts of the process by reason: first, config (a change asked for it), crash or manual.", "reason"),
		exits:   m.counter("concierge_child_exits_total", "Ends of the process by class: zero, nonzero, signal or killed.", "class"),
		signals: m.counter("concierge_child_signals_total", "Signals that were sent to the process: HUP, INT, TERM, KILL, USR1, USR2 or other.", "signal"),
		code:    m.gauge("concierge_child_last_exit_code", "Exit status of the last end, 128+n after signal n; 0 if it has not ended."),
		began:   m.gauge("concierge_child_start_timestamp_seconds", "When the process was started last, in seconds since 1970; 0 if it was not."),
	}
}

func (c childMetrics) begin() {
	for _, g := range []*prometheus.GaugeVec{c.up, c.code, c.began} {
		g.WithLabelValues()
	}
	for _, reason := range []StartReason{StartFirst, StartConfig, StartCrash, StartManual} {
		c.starts.WithLabelValues(string(reason))
	}
	for _, class := range []ExitClass{ExitZero, ExitNonzero, ExitSignal, ExitKilled} {
		c.exits.WithLabelValues(string(class))
	}
	for name := range signalNames {
		c.signals.WithLabelValues(name)
	}
}

// ChildStarted notes that the process was started.
func (t *Telemetry) ChildStarted(reason StartReason, at time.Time) {
	if t == nil {
		return
	}
	t.child.up.WithLabelValues().Set(1)
	t.child.began.WithLabelValues().Set(unix(at))
	t.child.starts.WithLabelValues(string(reason)).Inc()
}

// ChildExited notes that the process ended, with that exit status.
func (t *Telemetry) ChildExited(class ExitClass, code int) {
	if t == nil {
		return
	}
	t.child.up.WithLabelValues().Set(0)
	t.child.code.WithLabelValues().Set(float64(code))
	t.child.exits.WithLabelValues(string(class)).Inc()
}

// ChildSignalled notes that the process was sent a signal, which is named
// without SIG.
func (t *Telemetry) ChildSignalled(name string) {
	if t == nil {
		return
	}
	if !signalNames[name] {
		name = SignalOther
	}
	t.child.signals.WithLabelValues(name).Inc()
}
