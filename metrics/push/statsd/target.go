package statsd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"concierge/metrics"
)

var (
	_ metrics.Target = (*Target)(nil)
	_ metrics.Beater = (*Target)(nil)
)

// Target delivers to one receiver.
type Target struct {
	cfg      Config
	place    place
	wire     wire
	counters counters
	lines    lineWriter
	packet   packet
	swept    time.Time
}

// New checks the settings and opens nothing yet.
func New(c Config) (*Target, error) {
	p, err := c.place()
	c = c.withDefaults(p)
	if err = errors.Join(err, c.validate()); err != nil {
		return nil, fmt.Errorf("setting up the StatsD target: %w", err)
	}
	return &Target{
		cfg: c, place: p,
		wire:     wire{place: p, rate: c.Rate},
		counters: counters{last: make(map[string]sum), most: c.MaxCounters},
		lines:    c.lines(),
		packet:   packet{most: c.MaxPacket},
	}, nil
}

func (c Config) lines() lineWriter {
	return lineWriter{dialect: c.Dialect, prefix: c.Prefix, tags: c.Tags}
}

// Push delivers gauges, and how much counters grew.
func (t *Target) Push(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	var r metrics.Receipt
	settled, err := t.deliver(ctx, s, &r)
	t.counters.settle(settled)
	if s.At.Sub(t.swept) > forgetAfter {
		t.counters.sweep(s.At)
		t.swept = s.At
	}
	if err != nil {
		return r, fmt.Errorf("delivering values to %s: %w", t.cfg.Address, err)
	}
	return r, nil
}

// deliver sends a snapshot and returns how many steps of counters were among
// what was delivered.
func (t *Target) deliver(ctx context.Context, s *metrics.Snapshot, r *metrics.Receipt) (settled int, err error) {
	if err := t.wire.open(ctx); err != nil {
		return 0, err
	}
	t.packet.reset()
	for i := range s.Samples {
		before := len(t.counters.steps)
		line, ok := t.line(&s.Samples[i], s.At, r)
		if !ok {
			continue
		}
		if !t.packet.add(line) {
			if err := t.send(ctx, r); err != nil {
				return kept(settled, err), err
			}
			settled = before
			if !t.packet.add(line) {
				r.Filtered++ // longer than a packet
			}
		}
	}
	if err := t.send(ctx, r); err != nil {
		return kept(settled, err), err
	}
	r.Accepted = r.Sent
	return len(t.counters.steps), nil
}

// kept is how many steps count after an error: none if nobody was there.
func kept(settled int, err error) int {
	if lost(err) {
		return 0
	}
	return settled
}

// line makes the line or lines of a sample; there is none for what the target
// cannot take, and for a counter that is new.
func (t *Target) line(m *metrics.Sample, at time.Time, r *metrics.Receipt) (line []byte, ok bool) {
	switch {
	case m.Kind == metrics.Text:
		r.NotNumeric++
		return nil, false
	case math.IsNaN(m.Value) || math.IsInf(m.Value, 0) || !t.lines.series(m):
		r.Filtered++
		return nil, false
	case m.Kind != metrics.Counter:
		return t.lines.appendGauge(t.packet.scratch(), m.Value), true
	}
	series := append(append(t.packet.scratch(), t.lines.name...), t.lines.rest...)
	by, known, room := t.counters.grown(series, m.Value, at)
	if !room {
		r.Filtered++
	}
	if !known {
		return nil, false
	}
	return t.lines.appendCount(series[:0], by), true
}

// send sends the packet, if there is anything in it.
func (t *Target) send(ctx context.Context, r *metrics.Receipt) error {
	if len(t.packet.bytes) == 0 {
		return nil
	}
	if err := t.wire.send(ctx, t.packet.bytes); err != nil {
		return err
	}
	r.Sent += t.packet.values
	r.PlainBytes += len(t.packet.bytes)
	r.WireBytes += len(t.packet.bytes)
	t.packet.reset()
	return nil
}

// Beat delivers a few samples as gauges, with a socket of its own.
func (t *Target) Beat(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	beat := Target{
		cfg: t.cfg, wire: wire{place: t.place, rate: t.cfg.Rate},
		lines: t.cfg.lines(), packet: packet{most: t.cfg.MaxPacket},
	}
	defer beat.wire.close()
	return beat.Push(ctx, s)
}

// Close closes the socket.
func (t *Target) Close() { t.wire.close() }
