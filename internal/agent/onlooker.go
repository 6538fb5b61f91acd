package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/endpoint"
	"concierge/metrics/telemetry"
)

// onlooker logs when something begins to fail and when it works again. Its
// methods may be called concurrently.
type onlooker struct {
	log *slog.Logger
	own *telemetry.Telemetry // nil measures nothing

	mu      sync.Mutex
	failing map[string]bool // guarded by mu; endpoints and heartbeats by name
	unread  []error         // guarded by mu; of endpoints
}

// failed is what could not be read.
func (o *onlooker) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return errors.Join(o.unread...)
}

func newOnlooker(log *slog.Logger, own *telemetry.Telemetry) *onlooker {
	return &onlooker{log: log, own: own, failing: make(map[string]bool)}
}

// turned notes how a thing is and reports whether that is new.
func (o *onlooker) turned(name string, failed bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	was := o.failing[name]
	o.failing[name] = failed
	return was != failed
}

// Scraped implements [cycle.Observer].
func (o *onlooker) Scraped(source string, r metrics.Reading) {
	if errors.Is(r.Err, context.Canceled) { // by the end of concierge, or a reload
		return
	}
	o.own.Scraped(source, r)
	o.note(source, r.Err)
	switch {
	case !o.turned("endpoint "+source, r.Err != nil):
	case r.Err != nil:
		o.log.Warn("metrics endpoint was not read", "endpoint", source, "reason", string(endpoint.ReasonOf(r.Err)), "error", r.Err)
	default:
		o.log.Info("metrics endpoint is read again", "endpoint", source)
	}
}

// Pushed implements [cycle.Observer]; its lane logs.
func (o *onlooker) Pushed(target string, r metrics.Receipt, took time.Duration, err error) {
	o.own.Pushed(target, r, took, err)
}

// Dropped implements [cycle.Observer]; its lane logs.
func (o *onlooker) Dropped(target string, samples int) { o.own.Dropped(target, samples) }

// Beat implements [cycle.Observer].
func (o *onlooker) Beat(target string, err error) {
	if errors.Is(err, context.Canceled) { // by the end of concierge
		return
	}
	o.own.Beat(target, err)
	if o.turned("heartbeat "+target, err != nil) && err != nil {
		o.log.Warn("heartbeat was not delivered", "target", target, "reason", string(metrics.ReasonOf(err)), "error", err)
	}
}

// note keeps a failure for those who read only once.
func (o *onlooker) note(source string, err error) {
	if err == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.unread) < 100 { // an instance that lives long asks for none of it
		o.unread = append(o.unread, fmt.Errorf("endpoint %s was not read: %w", source, err))
	}
}
