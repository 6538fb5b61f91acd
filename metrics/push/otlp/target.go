package otlp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/delivery"
)

const contentType = "application/x-protobuf"

var (
	_ metrics.Target = (*Target)(nil)
	_ metrics.Beater = (*Target)(nil)
)

// Target delivers to one server.
type Target struct {
	cfg     Config
	client  *delivery.Client
	pulse   *delivery.Client // for heartbeats: the other may hang
	resume  atomic.Int64     // nanoseconds since 1970: the server is left alone until then
	parcel  parcel           // belongs to the goroutine that pushes
	warning string           // likewise: the last one that was logged
}

// New checks the settings and connects to nothing yet.
func New(c Config) (*Target, error) {
	c = c.withDefaults()
	client, err := delivery.New(c.Server)
	if err = errors.Join(c.validate(), err); err != nil {
		return nil, fmt.Errorf("setting up the OpenTelemetry target: %w", err)
	}
	pulse, err := delivery.New(c.Server)
	if err != nil {
		return nil, err
	}
	return &Target{cfg: c, client: client, pulse: pulse}, nil
}

// Push delivers everything in one request, or in several if there is a limit.
func (t *Target) Push(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	var r metrics.Receipt
	if err := t.deliver(ctx, t.client, &t.parcel, s, &r); err != nil {
		return r, fmt.Errorf("delivering values to %s: %w", t.client, err)
	}
	return r, nil
}

// Beat delivers a few samples, with memory and a connection of its own.
func (t *Target) Beat(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.BeatTimeout)
	defer cancel()
	var r metrics.Receipt
	if err := t.deliver(ctx, t.pulse, &parcel{plain: true}, s, &r); err != nil {
		return r, fmt.Errorf("delivering a heartbeat to %s: %w", t.client, err)
	}
	return r, nil
}

// deliver sends a snapshot, request by request.
func (t *Target) deliver(ctx context.Context, by *delivery.Client, p *parcel, s *metrics.Snapshot, r *metrics.Receipt) error {
	if err := t.wait(); err != nil {
		return err
	}
	p.open(s, t.cfg.Started())
	defer p.close()
	r.Filtered, r.NotNumeric = p.families.filtered, p.families.notNumeric
	for !p.empty() {
		points, body, err := p.pack(t.cfg, s)
		if err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
		r.PlainBytes += p.plainSize
		err = t.send(ctx, by, delivery.Request{
			Method: http.MethodPost, Type: contentType, Gzip: !p.plain && !t.cfg.Plain, Body: body,
		}, points, r)
		if err != nil {
			return err
		}
	}
	return nil
}

// send sends one request and books the server's verdict.
func (t *Target) send(ctx context.Context, by *delivery.Client, request delivery.Request, points int, r *metrics.Receipt) error {
	answer, left, err := by.Do(ctx, request)
	r.WireBytes += left
	r.Stages.Add(answer.Took)
	if left > 0 {
		r.Sent += points
	}
	if err != nil {
		return err
	}
	if patience(answer.Status) {
		t.resume.Store(t.cfg.Now().Add(answer.RetryAfter(t.cfg.Now())).UnixNano())
	}
	v, err := judge(answer, points)
	if err != nil {
		return err
	}
	r.Accepted += points - v.rejected
	r.Rejected += v.rejected
	if by == t.client {
		t.note(v)
	}
	return nil
}

// note logs what the server remarks, once for each remark.
func (t *Target) note(v verdict) {
	if v.said != "" && v.said != t.warning {
		t.cfg.Log.Warn("the server remarks on values", "rejected", v.rejected, "remark", v.said)
	}
	t.warning = v.said
}

// wait is the error for a push before the server wants one again.
func (t *Target) wait() error {
	until := time.Unix(0, t.resume.Load())
	if left := until.Sub(t.cfg.Now()); left > 0 {
		return fmt.Errorf("the server asked to be left alone for %s more; the next cycle after that tries again", left.Round(time.Second))
	}
	return nil
}

// Close closes the connections that are kept.
func (t *Target) Close() {
	t.client.Close()
	t.pulse.Close()
}
