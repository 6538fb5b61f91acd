package agent

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"concierge/internal/config"
	"concierge/metrics"
	"concierge/metrics/cycle"
	"concierge/metrics/push/zabbix"
)

// sinks makes the targets.
func (m measuring) sinks() ([]cycle.Sink, error) {
	var made []cycle.Sink
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.cfg.Push)) {
		p := m.cfg.Push[name]
		targets, err := m.targets(p)
		if err != nil {
			errs = append(errs, fmt.Errorf("push.%s: %w", name, err))
		}
		for i, t := range targets {
			sink := cycle.Sink{Name: name, Target: t, Timeout: p.Timeout, Buffer: p.Buffer}
			if i > 0 {
				sink.Name += "-" + strconv.Itoa(i+1)
			}
			sink.Refine, err = refinement(ownRules(p))
			errs = append(errs, err)
			made = append(made, sink)
		}
	}
	return made, errors.Join(errs...)
}

// targets makes those of one entry; several only for Zabbix, where a list of
// servers may mean that all get everything.
func (m measuring) targets(p *config.Push) ([]metrics.Target, error) {
	switch {
	case p.Zabbix != nil:
		return m.zabbix(p.Zabbix, p.Timeout)
	}
	return nil, errors.New("no such target")
}

func (m measuring) zabbix(z *config.ZabbixPush, timeout time.Duration) ([]metrics.Target, error) {
	servers, err := zabbix.ParseDestinations(z.Servers)
	if err != nil {
		return nil, err
	}
	c := zabbix.Config{
		Timeout: timeout, MaxValues: z.MaxValues, Prefix: z.Prefix, Texts: z.Texts, Heartbeat: m.cfg.Heartbeat, Log: m.log,
		Discovery: zabbix.Discovery{
			Off: z.Discovery.Off, Old: z.Discovery.Old, Window: z.Discovery.Window, Learning: z.Discovery.Learning, MaxRows: z.Discovery.MaxRows,
		},
	}
	c.Compression = map[string]zabbix.Compression{"always": zabbix.CompressAlways, "never": zabbix.CompressNever}[z.Compression]
	if z.Payload == "document" {
		c.Payload = zabbix.Document
	}
	if t := z.TLS; t != (config.ZabbixTLS{}) {
		c.TLS = &zabbix.TLS{CA: t.CAFile, Cert: t.CertFile, Key: t.KeyFile, Issuer: t.Issuer, Subject: t.Subject}
	}
	if r := z.Register; r != nil {
		c.Register = &zabbix.Registration{Metadata: r.Metadata, Interface: r.Interface}
	}
	var made []metrics.Target
	for _, nodes := range servers {
		c.Nodes = nodes
		t, err := zabbix.New(c)
		if err != nil {
			return nil, err
		}
		made = append(made, t)
	}
	return made, nil
}
