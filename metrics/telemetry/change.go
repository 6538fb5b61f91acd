package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Stage is how far a change has come.
type Stage string

// The stages, in their order.
const (
	StageWrite   Stage = "write"   // the files are in place
	StageNotify  Stage = "notify"  // the process was told
	StageHealthy Stage = "healthy" // and the health checks have accepted it
)

// CommandKind is what a command is for.
type CommandKind string

// The kinds.
const (
	CommandCheck  CommandKind = "check"  // accepts a staged file
	CommandReload CommandKind = "reload" // follows a change
	CommandHook   CommandKind = "hook"   // runs when the process is stopped
)

// CommandResult is what became of a command.
type CommandResult string

// The results.
const (
	CommandOK         CommandResult = "ok"
	CommandNonzero    CommandResult = "nonzero" // it failed, or was killed
	CommandTimeout    CommandResult = "timeout"
	CommandStartError CommandResult = "start_error" // it could not be executed
)

// changeMetrics are about changes on their way to the process.
type changeMetrics struct {
	applied, took *prometheus.HistogramVec
	commands      *prometheus.CounterVec
}

// appliedBuckets tell a change that was quick from one that waited for the
// quiescence, a slow reload or its turn.
var appliedBuckets = []float64{0.01, 0.1, 1, 10, 60}

func newChangeMetrics(m *maker) changeMetrics {
	return changeMetrics{
		applied:  m.histogram("concierge_change_applied_seconds", "Time from the arrival of a change until the files are in place (write), the process was told (notify), and the health checks have accepted it (healthy).", appliedBuckets, "stage"),
		commands: m.counter("concierge_commands_total", "Commands by kind (check, reload: after a change, hook: around the stop) and result (ok, nonzero, timeout, start_error).", "kind", "result"),
		took:     m.histogram("concierge_command_duration_seconds", "Time of commands by kind.", nil, "kind"),
	}
}

func (c changeMetrics) begin() {
	for _, stage := range []Stage{StageWrite, StageNotify, StageHealthy} {
		c.applied.WithLabelValues(string(stage))
	}
	for _, kind := range []CommandKind{CommandCheck, CommandReload, CommandHook} {
		c.took.WithLabelValues(string(kind))
		for _, result := range []CommandResult{CommandOK, CommandNonzero, CommandTimeout, CommandStartError} {
			c.commands.WithLabelValues(string(kind), string(result))
		}
	}
}

// Applied notes how long a change took to come that far.
func (t *Telemetry) Applied(s Stage, took time.Duration) {
	if t != nil {
		t.change.applied.WithLabelValues(string(s)).Observe(took.Seconds())
	}
}

// Commanded notes the end of a command.
func (t *Telemetry) Commanded(kind CommandKind, result CommandResult, took time.Duration) {
	if t == nil {
		return
	}
	t.change.commands.WithLabelValues(string(kind), string(result)).Inc()
	t.change.took.WithLabelValues(string(kind)).Observe(took.Seconds())
}
