package zabbix

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"concierge/metrics"
)

var (
	_ metrics.Target  = (*Target)(nil)
	_ metrics.Beater  = (*Target)(nil)
	_ metrics.Learner = (*Target)(nil)
)

// Target delivers to one server, which may have several nodes.
type Target struct {
	cfg     Config
	cluster *cluster
	remote  bool

	// What follows belongs to the goroutine that pushes.
	encoder   encoder
	packet    packet
	limit     int    // values in one request; 0 is none
	twins     *twins // nil where no two values can have one key
	inventory *inventory
	bulletin  bulletin
	learned   time.Time // when the server should have made the items
	registry  registry
	complaint string // the last one that was logged, until it is settled
}

// New checks the settings and connects to nothing yet.
func New(c Config) (*Target, error) {
	c = c.withDefaults()
	err := c.validate()
	if c.TLS != nil {
		err = errors.Join(err, c.TLS.validate())
	}
	if err != nil {
		return nil, fmt.Errorf("setting up the Zabbix target: %w", err)
	}
	remote := slices.ContainsFunc(c.Nodes, func(addr string) bool { return !local(addr) })
	t := &Target{
		cfg:     c,
		cluster: &cluster{line: line{timeout: c.ConnectTimeout, tls: c.TLS}, nodes: c.Nodes},
		remote:  remote,
		encoder: newEncoder(c),
		packet:  packet{compression: c.Compression, remote: remote},
		limit:   c.MaxValues,
		twins:   newTwins(),
	}
	t.inventory = newInventory(c.Discovery, &t.encoder)
	return t, nil
}

// Push registers the host and announces the metrics if that is due, and delivers
// all values in one request. Values without an item are counted, and no error.
func (t *Target) Push(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	var r metrics.Receipt
	host, err := t.host(s)
	if err != nil {
		return r, err
	}
	if err := t.register(ctx, host, &r); err != nil {
		return r, err
	}
	if err := t.announce(ctx, host, s, &r); err != nil {
		return r, err
	}
	if err := t.deliver(ctx, host, s, &r); err != nil {
		return r, fmt.Errorf("delivering values to Zabbix: %w", err)
	}
	t.judge(host, &r)
	return r, t.checkDocuments(s)
}

// Learning implements [metrics.Learner].
func (t *Target) Learning() time.Time { return t.learned }

// host returns whose values these are. All of a push are of one host, since a
// group of proxies decides by the first row who takes the whole packet.
func (t *Target) host(s *metrics.Snapshot) (string, error) {
	if t.cfg.Host != "" {
		return t.cfg.Host, nil
	}
	return s.Host, checkHost(s.Host)
}

// exchange sends a frame and adds what it cost to the receipt.
func (t *Target) exchange(ctx context.Context, frame []byte, plain int, r *metrics.Receipt) (answer, error) {
	a, cost, err := t.cluster.ask(ctx, frame)
	r.WireBytes += cost.wire
	r.Failovers.Refused += cost.failovers.Refused
	r.Failovers.TimedOut += cost.failovers.TimedOut
	r.Failovers.Redirected += cost.failovers.Redirected
	r.Stages.Add(cost.stages)
	if cost.wire > 0 {
		r.PlainBytes += plain
	}
	if err != nil {
		return a, err
	}
	return a, a.err()
}
