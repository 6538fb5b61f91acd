package pushgateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"concierge/metrics"
	"concierge/metrics/exposition"
	"concierge/metrics/push/delivery"
)

var (
	_ metrics.Target = (*Target)(nil)
	_ metrics.Beater = (*Target)(nil)
)

// Target delivers to one server.
type Target struct {
	cfg    Config
	client *delivery.Client
	pulse  *delivery.Client // for heartbeats: the other may hang
	writer exposition.Writer
	body   []byte // used again

	mu     sync.Mutex
	groups map[string]bool // guarded by mu; paths of groups that may be there
}

// New checks the settings and connects to nothing yet.
func New(c Config) (*Target, error) {
	c = c.withDefaults()
	client, err := delivery.New(c.Server)
	if err = errors.Join(c.validate(), err); err != nil {
		return nil, fmt.Errorf("setting up the Pushgateway target: %w", err)
	}
	pulse, err := delivery.New(c.Server)
	if err != nil {
		return nil, err
	}
	return &Target{cfg: c, client: client, pulse: pulse, groups: make(map[string]bool)}, nil
}

// Push replaces what the Pushgateway has of the instance with the snapshot.
func (t *Target) Push(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	text, r := t.write(&t.writer, t.body[:0], s, false)
	t.body = text
	if err := t.send(ctx, t.client, t.request(http.MethodPut, s.Host, false, text), &r); err != nil {
		return r, fmt.Errorf("delivering values to %s: %w", t.client, err)
	}
	return r, nil
}

// Beat delivers a few samples, with memory and a connection of its own.
func (t *Target) Beat(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.BeatTimeout)
	defer cancel()
	text, r := t.write(new(exposition.Writer), nil, s, true)
	if err := t.send(ctx, t.pulse, t.request(http.MethodPut, s.Host, true, text), &r); err != nil {
		return r, fmt.Errorf("delivering a heartbeat to %s: %w", t.client, err)
	}
	return r, nil
}

// write writes the text of a snapshot and begins its receipt.
func (t *Target) write(w *exposition.Writer, b []byte, s *metrics.Snapshot, heartbeat bool) ([]byte, metrics.Receipt) {
	group := t.cfg.group(s.Host, heartbeat)
	if t.cfg.Import {
		w.Labels, w.At = t.cfg.group(s.Host, false), s.At
	} else {
		w.Reserved = labelNames(group)
	}
	b, n := w.Append(b, s.Samples)
	return b, metrics.Receipt{Sent: n.Written, Filtered: n.Filtered, NotNumeric: n.NotNumeric, PlainBytes: len(b)}
}

func (t *Target) request(method, host string, heartbeat bool, text []byte) delivery.Request {
	r := delivery.Request{Method: method, Type: exposition.Type, Body: text}
	if t.cfg.Import {
		r.Method = http.MethodPost
		return r
	}
	r.Path = groupPath(t.cfg.group(host, heartbeat))
	t.mu.Lock()
	t.groups[r.Path] = true
	t.mu.Unlock()
	return r
}

// send sends a request and books what became of it.
func (t *Target) send(ctx context.Context, by *delivery.Client, request delivery.Request, r *metrics.Receipt) error {
	if t.cfg.Import && len(request.Body) == 0 {
		return nil
	}
	answer, left, err := by.Do(ctx, request)
	r.WireBytes = left
	r.Stages.Add(answer.Took)
	if left == 0 {
		r.Sent = 0
	}
	if err == nil && (answer.Status < 200 || answer.Status > 299) {
		err = answer.Unexpected(answer.Text())
	}
	if err == nil {
		r.Accepted = r.Sent
	}
	return err
}

// Close closes the connections that are kept.
func (t *Target) Close() {
	t.client.Close()
	t.pulse.Close()
}

// Withdraw implements [metrics.Withdrawer]: it deletes the groups from the
// Pushgateway if the settings say so.
func (t *Target) Withdraw(ctx context.Context) error {
	if !t.cfg.Withdraw {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.cfg.BeatTimeout)
	defer cancel()
	var errs []error
	for path := range t.groups {
		answer, _, err := t.client.Do(ctx, delivery.Request{Method: http.MethodDelete, Path: path})
		if err == nil && (answer.Status < 200 || answer.Status > 299) {
			err = answer.Unexpected(answer.Text())
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("deleting the metrics at %s: %w", t.client, err)
	}
	return nil
}
