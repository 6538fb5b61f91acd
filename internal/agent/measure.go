package agent

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/metrics"
	"concierge/metrics/collect/check"
	"concierge/metrics/collect/container"
	"concierge/metrics/collect/endpoint"
	tool "concierge/metrics/collect/program"
	"concierge/metrics/cycle"
	"concierge/metrics/rules"
	"concierge/secrets"
)

// measuring makes what the metrics section asks for.
type measuring struct {
	cfg     *config.Metrics
	where   func(path string) string // a setting was written
	log     *slog.Logger
	environ []string
	runner  tool.Runner
	pid     func() int // of the process; 0 if it does not run
}

// options returns everything but what the instance itself adds. Nothing is
// connected to or read yet. Its error is one of the configuration.
func (m measuring) options() (cycle.Options, error) {
	o := cycle.Options{Host: m.cfg.Host, Interval: m.cfg.Interval, Heartbeat: m.cfg.Heartbeat, Log: m.log}
	if o.Host == "" {
		o.Host, _ = os.Hostname() // without one targets say what is missing
	}
	var errs [3]error
	o.Sinks, errs[0] = m.sinks()
	common := m.common(o.Sinks)
	o.Sources, errs[1] = m.sources(common)
	o.Refine, errs[2] = refinement(common)
	errs[2] = m.at("metrics.rules", errs[2])
	if err := errors.Join(errs[:]...); err != nil {
		return o, exit.With(exit.Config, err)
	}
	return o, nil
}

// at is an error about a setting, with the place where that was written.
func (m measuring) at(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", m.where(path), path, err)
}

// common returns the rules for all targets. Those of a lone target are among
// them, which spares a copy of everything in each cycle.
func (m measuring) common(sinks []cycle.Sink) []rules.Rule {
	list := ruleList(m.cfg.Rules)
	if len(sinks) == 1 {
		sinks[0].Refine = nil
		for _, p := range m.cfg.Push {
			list = append(list, ownRules(p)...)
		}
	}
	return list
}

// ownRules are those of one target.
func ownRules(p *config.Push) []rules.Rule {
	if p.Rules == nil && p.Zabbix != nil {
		return rules.Zabbix()
	}
	return ruleList(p.Rules)
}

// refinement returns what applies rules; nil if there are none.
func refinement(list []rules.Rule) (func([]metrics.Sample) []metrics.Sample, error) {
	if len(list) == 0 {
		return nil, nil
	}
	set, err := rules.New(list)
	return set.Apply, err
}

func ruleList(list []config.MetricRule) []rules.Rule {
	made := make([]rules.Rule, len(list))
	for i, r := range list {
		factor, _ := strconv.ParseFloat(r.Factor, 64) // it was checked
		made[i] = rules.Rule{
			Name: r.Name, Field: r.Field, Group: r.Group, Labels: r.Labels, NonFinite: r.NonFinite, Action: rules.Action(r.Action),
			Rename: r.Rename, SetField: r.SetField, SetGroup: r.SetGroup, SetLabels: r.SetLabels, Factor: factor,
		}
	}
	return made
}

// sources returns what is read in each cycle.
func (m measuring) sources(common []rules.Rule) ([]cycle.Source, error) {
	var made []cycle.Source
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.cfg.Collect)) {
		c := m.cfg.Collect[name]
		e, err := m.endpoint(c, common)
		if err != nil {
			errs = append(errs, m.at("metrics.collect."+name, err))
			continue
		}
		made = append(made, cycle.Source{Name: name, Collector: named{e, name}, Timeout: m.patience(c.Timeout)})
	}
	for _, name := range slices.Sorted(maps.Keys(m.cfg.Checks)) {
		c := m.cfg.Checks[name]
		one := &check.Check{Name: name, Program: m.program(c.Command), Timeout: m.patience(c.Timeout), Log: m.log}
		made = append(made, cycle.Source{Name: name, Collector: one, Timeout: 2 * c.Timeout}) // it ends by itself before
	}
	if !m.cfg.Container.Off {
		one := container.New(container.Options{Process: m.pid, Mounts: m.cfg.Container.Mounts, Log: m.log})
		made = append(made, cycle.Source{Name: "container", Collector: one, Timeout: endpoint.DefaultTimeout})
	}
	return made, errors.Join(errs...)
}

// patience is how long a reading may take: one that is longer than a cycle would
// hold up all others.
func (m measuring) patience(timeout time.Duration) time.Duration { return min(timeout, m.cfg.Interval) }

// program is one that measures: all that it gets is where programs are.
func (m measuring) program(command []string) tool.Program {
	return tool.Program{Command: command, Env: m.path(), Runner: m.runner}
}

func (m measuring) path() []string {
	i := slices.IndexFunc(m.environ, func(v string) bool { return strings.HasPrefix(v, "PATH=") })
	if i < 0 {
		return nil
	}
	return m.environ[i : i+1]
}

// named is an endpoint whose documents have its name.
type named struct {
	*endpoint.Endpoint
	name string
}

// Document implements [cycle.Documenter].
func (n named) Document() (string, []byte) { return n.name, n.Endpoint.Document() }

// endpoint makes the collector of an endpoint.
func (m measuring) endpoint(c *config.Collect, common []rules.Rule) (*endpoint.Endpoint, error) {
	format, err := endpoint.ParseFormat(c.Format)
	if err != nil {
		return nil, err
	}
	o := endpoint.Options{Format: format, Timeout: m.patience(c.Timeout), MaxBody: c.MaxBytes, MaxSamples: c.MaxSamples, Document: m.documents()}
	if len(common) > 0 {
		wanted, err := rules.New(common) // one for each endpoint: they are read at the same time
		if err != nil {
			return nil, err
		}
		o.Wants = wanted.Wants
	}
	r, err := m.reader(c)
	return endpoint.New(r, o), err
}

// documents reports whether a target takes whole answers.
func (m measuring) documents() bool {
	for _, p := range m.cfg.Push {
		if p.Zabbix != nil && p.Zabbix.Payload == "document" {
			return true
		}
	}
	return false
}

// reader makes what reads an endpoint.
func (m measuring) reader(c *config.Collect) (endpoint.Reader, error) {
	switch {
	case c.File != "":
		return endpoint.File{Path: c.File}, nil
	case c.Command != nil:
		return endpoint.Command{Program: m.program(c.Command)}, nil
	}
	trust, err := trustOf(c.TLS)
	if err != nil {
		return nil, err
	}
	h := endpoint.HTTP{URL: c.URL, Headers: revealed(c.Headers), Username: c.Username, TLS: trust}
	h.Password, h.Token = contentOf(c.PasswordFile), contentOf(c.TokenFile)
	return endpoint.NewHTTP(h)
}

// trustOf makes a configuration of TLS; nil is the system's default.
func trustOf(t config.TLS) (*tls.Config, error) {
	if !tlsOf(t).Enabled() {
		return nil, nil
	}
	return tlsOf(t).ClientConfig()
}

// contentOf returns what reads a secret from a file; nil without one.
func contentOf(path string) func() (string, error) {
	if path == "" {
		return nil
	}
	return func() (string, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("reading a credential: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	}
}

// revealed returns headers as they are sent.
func revealed(headers map[string]secrets.Text) map[string]string {
	made := make(map[string]string, len(headers))
	for name, value := range headers {
		made[name] = value.Reveal()
	}
	return made
}
