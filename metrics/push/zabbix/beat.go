package zabbix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"concierge/metrics"
)

// Beat delivers a few samples with their names as keys: push.elapsed, or
// source.staleness[consul] for a sample with a label. If the target has a
// [Config.Heartbeat] it is sent, too. It has memory and connections of its own.
func (t *Target) Beat(ctx context.Context, s *metrics.Snapshot) (metrics.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.BeatTimeout)
	defer cancel()
	var r metrics.Receipt
	host, err := t.host(s)
	if err != nil {
		return r, err
	}
	// The samples are few: to compress them takes more memory than it saves.
	beat := Target{cfg: t.cfg, cluster: t.cluster, packet: packet{compression: CompressNever}, encoder: encoder{all: true}}
	beat.cfg.Payload = Items
	if err := beat.deliver(ctx, host, s, &r); err != nil {
		return r, fmt.Errorf("delivering a heartbeat to Zabbix: %w", err)
	}
	return r, t.sendHeartbeat(ctx, host)
}

// sendHeartbeat makes the server show the host as one with an active agent.
func (t *Target) sendHeartbeat(ctx context.Context, host string) error {
	if t.cfg.Heartbeat == 0 {
		return nil
	}
	body, err := json.Marshal(map[string]any{
		"request": "active check heartbeat", "host": host, "heartbeat_freq": int(t.cfg.Heartbeat.Seconds()),
	})
	if err != nil {
		return err
	}
	var p packet
	p.compression = CompressNever
	p.beginRequest(body)
	frame, err := p.endRequest()
	if err != nil {
		return err
	}
	return t.cluster.tell(ctx, frame)
}

// tell sends a frame that gets no answer: the server closes the connection.
func (c *cluster) tell(ctx context.Context, frame []byte) error {
	_, err := c.line.ask(ctx, c.order()[0], frame, new(metrics.Stages))
	if err == nil || errors.Is(err, errHungUp) {
		return nil
	}
	return err
}
