package sensu

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/time/rate"

	"concierge/metrics"
	"concierge/metrics/push/delivery"
)

var _ metrics.Target = (*Target)(nil)

// Target delivers to one agent.
type Target struct {
	cfg    Config
	client *delivery.Client
	pace   *rate.Limiter
	points points
	body   []byte // used again
}

// New checks the settings and connects to nothing yet.
func New(c Config) (*Target, error) {
	c = c.withDefaults()
	client, err := delivery.New(c.Server)
	if err = errors.Join(c.validate(), err); err != nil {
		return nil, fmt.Errorf("setting up the Sensu target: %w", err)
	}
	return &Target{cfg: c, client: client, pace: rate.NewLimiter(eventsASecond, eventsAtOnce)}, nil
}

// Push delivers the status of each check and then all values in one event.
func (t *Target) Push(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	var r metrics.Receipt
	if err := t.deliver(ctx, s, &r); err != nil {
		return r, fmt.Errorf("delivering to the Sensu agent at %s: %w", t.client, err)
	}
	return r, nil
}

func (t *Target) deliver(ctx context.Context, s *metrics.Snapshot, r *metrics.Receipt) error {
	for _, v := range verdicts(s.Samples) {
		body, err := t.cfg.marshal(s.At, v)
		if err != nil {
			return err
		}
		if _, err := t.post(ctx, body, r); err != nil {
			return fmt.Errorf("check %q: %w", v.name, err)
		}
	}
	t.points.write(s.At, s.Samples)
	n := t.points.counts
	r.Filtered, r.NotNumeric = n.filtered, n.notNumeric
	if n.written == 0 {
		return nil
	}
	var err error
	if t.body, err = t.cfg.appendMetrics(t.body[:0], s.At, t.points.bytes); err != nil {
		return err
	}
	left, err := t.post(ctx, t.body, r)
	if left > 0 {
		r.Sent = n.written
	}
	if err == nil {
		r.Accepted = n.written
	}
	return err
}

// post sends one event when it is time for it, and returns how much of it left.
func (t *Target) post(ctx context.Context, body []byte, r *metrics.Receipt) (left int, err error) {
	if err := t.pace.Wait(ctx); err != nil {
		return 0, slow(ctx, err)
	}
	answer, left, err := t.client.Do(ctx, delivery.Request{Method: http.MethodPost, Type: "application/json", Body: body})
	r.PlainBytes += len(body)
	r.WireBytes += left
	r.Stages.Add(answer.Took)
	if err == nil && (answer.Status < 200 || answer.Status > 299) {
		err = answer.Unexpected(answer.Text())
	}
	return left, err
}

// slow is the error for events that are too many for the time there is.
func slow(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: an agent takes %d events a second, and there are too many checks for the target's timeout (%w)",
		metrics.ErrTimeout, eventsAtOnce+eventsASecond, err)
}

// Close closes the connection that is kept.
func (t *Target) Close() { t.client.Close() }
