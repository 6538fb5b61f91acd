package agent

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"concierge/internal/config"
	"concierge/metrics"
	"concierge/metrics/cycle"
	transport "concierge/metrics/push/delivery"
	"concierge/metrics/push/otlp"
	"concierge/metrics/push/pushgateway"
	"concierge/metrics/push/sensu"
	"concierge/metrics/push/statsd"
	"concierge/metrics/push/zabbix"
)

// sinks makes the targets. Where an entry has several servers the second is
// called NAME-2; validation sees to it that nobody else is.
func (m measuring) sinks() ([]cycle.Sink, error) {
	var made []cycle.Sink
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.cfg.Push)) {
		p := m.cfg.Push[name]
		targets, err := m.targets(p)
		refine, wrong := refinement(ownRules(p))
		errs = append(errs, m.at("metrics.push."+name, errors.Join(err, wrong)))
		for i, t := range targets {
			sink := cycle.Sink{Name: name, Entry: name, Target: t, Timeout: p.Timeout, Buffer: p.Buffer, Refine: refine}
			if i > 0 {
				sink.Name += "-" + strconv.Itoa(i+1)
				sink.Refine, _ = refinement(ownRules(p)) // each has its own memory
			}
			made = append(made, sink)
		}
	}
	return made, errors.Join(errs...)
}

// targets makes those of one entry; several only for Zabbix, where a list of
// servers may mean that all get everything.
func (m measuring) targets(p *config.Push) ([]metrics.Target, error) {
	if p.Zabbix != nil {
		return m.zabbix(p.Zabbix, p.Timeout)
	}
	var t metrics.Target
	var err error
	switch {
	case p.OTLP != nil:
		t, err = m.otlp(p.OTLP, p.Timeout)
	case p.StatsD != nil:
		t, err = statsd.New(statsd.Config{
			Address: p.StatsD.Address, Dialect: dialects[p.StatsD.Dialect], Prefix: p.StatsD.Prefix,
			Tags: labelsOf(p.StatsD.Tags), Timeout: p.Timeout,
		})
	case p.Pushgateway != nil:
		t, err = m.pushgateway(p.Pushgateway, p.Timeout)
	default:
		t, err = sensu.New(sensu.Config{
			Server: transport.Options{URL: p.Sensu.URL}, Timeout: p.Timeout, Entity: p.Sensu.Entity,
			Namespace: p.Sensu.Namespace, Handlers: p.Sensu.Handlers, MetricsHandlers: p.Sensu.MetricsHandlers,
		})
	}
	return []metrics.Target{t}, err
}

func (m measuring) otlp(o *config.OTLPPush, timeout time.Duration) (metrics.Target, error) {
	trust, err := trustOf(o.TLS)
	if err != nil {
		return nil, err
	}
	return otlp.New(otlp.Config{
		Server:  transport.Options{URL: o.URL, Headers: revealed(o.Headers), Token: contentOf(o.TokenFile), TLS: trust},
		Timeout: timeout, MaxPoints: o.MaxPoints, Service: o.Service, Host: m.cfg.Host, Resource: o.Resource, Log: m.log,
	})
}

func (m measuring) pushgateway(g *config.PushgatewayPush, timeout time.Duration) (metrics.Target, error) {
	trust, err := trustOf(g.TLS)
	if err != nil {
		return nil, err
	}
	return pushgateway.New(pushgateway.Config{
		Server: transport.Options{
			URL: g.URL, Headers: revealed(g.Headers), Username: g.Username, Password: contentOf(g.PasswordFile),
			Token: contentOf(g.TokenFile), TLS: trust,
		},
		Import: g.Import, Timeout: timeout, Job: g.Job, Withdraw: g.Delete,
	})
}

var dialects = map[string]statsd.Dialect{"plain": statsd.Plain, "datadog": statsd.Datadog}

// labelsOf reads name:value tags.
func labelsOf(tags []string) []metrics.Label {
	made := make([]metrics.Label, len(tags))
	for i, tag := range tags {
		made[i].Name, made[i].Value, _ = strings.Cut(tag, ":")
	}
	return made
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
