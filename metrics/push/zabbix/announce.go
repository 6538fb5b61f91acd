package zabbix

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"concierge/metrics"
)

// retryAnnouncement is how long a server that knows no discovery rule of this
// host is left alone: it needs about that long to notice a new template.
const retryAnnouncement = 30 * time.Second

// Announcement is a document of low-level discovery and the key of its rule.
type Announcement struct{ Key, Document string }

// Announcements returns what would be announced if the snapshot were the only
// one, for people to look at.
func (t *Target) Announcements(s *metrics.Snapshot) []Announcement {
	e := newEncoder(t.cfg)
	v := newInventory(t.cfg.Discovery, &e)
	v.see(t.cfg.Now(), s.Samples)
	var all []Announcement
	for _, k := range v.kinds() {
		var text strings.Builder
		for piece := range v.document(k, t.cfg.Discovery.Old) {
			text.Write(piece)
		}
		all = append(all, Announcement{Key: k.discovery(t.cfg.Prefix), Document: text.String()})
	}
	return all
}

// bulletin is when the server was told what.
type bulletin struct {
	taken time.Time // the last time that it took a document
	retry time.Time // not before
}

// announce tells the server which metrics there are, before their values: at
// first, after a change, and once in a while.
func (t *Target) announce(ctx context.Context, host string, s *metrics.Snapshot, r *metrics.Receipt) error {
	if t.cfg.Discovery.Off || t.cfg.Payload == Document {
		return nil
	}
	now := t.cfg.Now()
	t.inventory.see(now, s.Samples)
	r.Announced.Entities = t.inventory.rows
	if !t.bulletin.due(now, t.inventory, t.cfg.Discovery.Repeat) {
		return nil
	}
	v, err := t.sendDocuments(ctx, host, s.At, r)
	r.Announced.Sent = true
	switch {
	case errors.Is(err, errRefused) || errors.Is(err, errHungUp):
		// Whether the server works at all is for the values to find out.
		t.bulletin.retry = now.Add(retryAnnouncement)
		t.cfg.Log.Warn("the server did not take the announcement of metrics", "host", host, "error", err)
		return nil
	case err != nil:
		return fmt.Errorf("announcing metrics to Zabbix: %w", err)
	case v.processed == 0: // what becomes of the values says why
		t.bulletin.retry = now.Add(retryAnnouncement)
		return nil
	}
	r.Announced.Taken = true
	t.took(now)
	return nil
}

// took books that the server took the documents. Those rules that it does not
// know are not in the template of this host.
func (t *Target) took(now time.Time) {
	if t.inventory.changed {
		t.learned = now.Add(t.cfg.Discovery.Learning)
	}
	t.inventory.changed = false
	t.bulletin = bulletin{taken: now}
	if n := t.inventory.omitted; n > 0 {
		t.cfg.Log.Warn("there are more metrics than are announced: raise discovery.max_rows or drop some by a rule", "announced", t.inventory.rows, "omitted", n)
	}
}

func (b bulletin) due(now time.Time, v *inventory, repeat time.Duration) bool {
	if len(v.rules) == 0 || now.Before(b.retry) {
		return false
	}
	return v.changed || b.taken.IsZero() || now.Sub(b.taken) >= repeat
}

// sendDocuments sends all documents as values of their rules in one request.
func (t *Target) sendDocuments(ctx context.Context, host string, at time.Time, r *metrics.Receipt) (verdict, error) {
	t.packet.begin(host, at)
	for _, k := range t.inventory.kinds() {
		t.packet.addPieces(k.discovery(t.cfg.Prefix), t.inventory.document(k, t.cfg.Discovery.Old))
	}
	frame, err := t.packet.end()
	if err != nil {
		return verdict{}, err
	}
	a, err := t.exchange(ctx, frame, t.packet.total, r)
	if err != nil {
		return verdict{}, err
	}
	return readVerdict(a, t.packet.values)
}
