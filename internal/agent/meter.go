package agent

import (
	"errors"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"concierge/internal/config"
	"concierge/metrics/telemetry"
	"concierge/reload"
	"concierge/reload/job"
	"concierge/reload/process"
	"concierge/secrets/vault"
	"concierge/sources"
)

// sourceMeter tells the metrics of one source.
type sourceMeter struct {
	own  *telemetry.Telemetry
	name string
}

var _ vault.Meter = sourceMeter{}

// Request implements [sources.Meter].
func (m sourceMeter) Request(op sources.Op, r sources.Result, took time.Duration) {
	m.own.Requested(m.name, string(op), string(r), took)
}

// Reconnect implements [sources.Meter].
func (m sourceMeter) Reconnect(why sources.Reason) { m.own.Reconnected(m.name, string(why)) }

// Retry implements [sources.Meter].
func (m sourceMeter) Retry(pause time.Duration) { m.own.Retries(m.name, pause) }

// TokenEnds implements [vault.Meter].
func (m sourceMeter) TokenEnds(at time.Time) { m.own.TokenEnds(m.name, at) }

// Leases implements [vault.Meter].
func (m sourceMeter) Leases(held int, first time.Time) { m.own.Leases(m.name, held, first) }

// programMeter tells the metrics of the process and of commands.
type programMeter struct{ own *telemetry.Telemetry }

var (
	_ job.Meter    = programMeter{}
	_ reload.Meter = programMeter{}
)

// Started implements [job.Meter].
func (m programMeter) Started(name string, why job.Cause, at time.Time) {
	if name == config.ProcessName {
		m.own.ChildStarted(telemetry.StartReason(why), at)
	}
}

// Ended implements [job.Meter].
func (m programMeter) Ended(name string, s process.Status) {
	if name != config.ProcessName {
		return
	}
	class := telemetry.ExitZero
	switch {
	case s.Signal == syscall.SIGKILL:
		class = telemetry.ExitKilled
	case s.Signal != 0:
		class = telemetry.ExitSignal
	case s.Code != 0:
		class = telemetry.ExitNonzero
	}
	m.own.ChildExited(class, s.ExitCode())
}

// Signalled implements [job.Meter].
func (m programMeter) Signalled(name string, sig syscall.Signal) {
	if name == config.ProcessName {
		m.own.ChildSignalled(strings.TrimPrefix(unix.SignalName(sig), "SIG"))
	}
}

// Command implements [reload.Meter].
func (m programMeter) Command(p reload.Purpose, took time.Duration, err error) {
	result := telemetry.CommandNonzero
	_, late := errors.AsType[*process.TimeoutError](err)
	_, absent := errors.AsType[*process.StartError](err)
	switch {
	case err == nil:
		result = telemetry.CommandOK
	case late:
		result = telemetry.CommandTimeout
	case absent:
		result = telemetry.CommandStartError
	}
	m.own.Commanded(telemetry.CommandKind(p), result, took)
}
