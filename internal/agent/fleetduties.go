package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"concierge/cluster/census"
	"concierge/cluster/register"
	"concierge/internal/config"
	"concierge/metrics"
	"concierge/reload/process"
	"concierge/sources"
	"concierge/sources/consul"
)

// count makes the instance count the service, and follow its rules, whenever it
// leads.
func (f *fleet) count(i *instance) error {
	var err error
	f.clerk, err = census.New(census.Config{
		Store: f.store, Sessions: f.announcer, Office: f.candidate, Crew: f.roster, Service: f.cfg.Service,
		Numbers: f.cfg.Numbers, Wanted: f.cfg.Wanted, Targets: f.targets, TTL: f.cfg.TTL, Log: f.log,
	})
	if err != nil {
		return err
	}
	f.office.Go(func() { f.clerk.Run(f.duties) })
	if len(f.cfg.Rules) == 0 {
		return nil
	}
	rules, err := census.NewRules(census.RulesConfig{
		Store: f.store, Office: f.candidate, Figures: f.clerk, Runner: ruleRunner{i.children, i.commandEnv(), i.redactor.Redact},
		Service: f.cfg.Service, ID: f.announcer.Instance().ID, Rules: rulesOf(f.cfg), Log: f.log,
	})
	if err != nil {
		return err
	}
	f.office.Go(func() { rules.Run(f.duties) })
	return nil
}

// targets are the releases that the rollouts aim at. It may be called by others.
func (f *fleet) targets() map[string]string {
	made := make(map[string]string)
	for name, t := range f.aims.Range {
		made[name.(string)] = t.(string)
	}
	return made
}

func rulesOf(cfg *config.Cluster) []census.Rule {
	var rules []census.Rule
	for _, name := range slices.Sorted(maps.Keys(cfg.Rules)) {
		r := cfg.Rules[name]
		when, _ := r.Condition() // it was checked
		rules = append(rules, census.Rule{
			Name: name, When: census.Condition(when), Command: r.Command, Timeout: r.Timeout, CoolDown: r.CoolDown,
			Step: r.Step, Down: r.Down, Min: r.Min, Max: r.Max,
		})
	}
	return rules
}

// longestCommand is longer than any timeout of a rule, which ends the context.
const longestCommand = 24 * time.Hour

// ruleRunner runs the commands of rules as any command of the instance.
type ruleRunner struct {
	children *process.Children
	env      []string
	redact   func(string) string
}

// Run implements [census.Runner].
func (r ruleRunner) Run(ctx context.Context, command, env []string) error {
	err := process.Command{Command: command, Timeout: longestCommand}.Run(ctx, r.children, slices.Concat(r.env, env))
	if err != nil {
		return errors.New(r.redact(err.Error()))
	}
	return nil
}

// registrar announces the instance as a service.
type registrar interface {
	Run(ctx context.Context)
	Nudge()
}

// announce makes others find the instance, if the configuration wants it.
func (f *fleet) announce(i *instance) (err error) {
	r := f.cfg.Register
	if r == nil {
		return nil
	}
	me := f.announcer.Instance()
	ports := slices.Sorted(maps.Keys(me.Ports))
	port := r.Port
	if port == "" && len(ports) > 0 {
		port = ports[0]
	}
	service := register.Service{
		Name: cmp.Or(r.Name, f.cfg.Service), Instance: me.ID, Incarnation: me.Incarnation, Node: me.Host, Address: me.Address,
		Port: me.Ports[port], Tags: r.Tags, Meta: r.Meta,
	}
	if c := i.prog.cfg.Sources.Consul; c != nil && f.cfg.Store != etcdName {
		f.registrar, err = f.catalog(i, c, service)
	} else {
		f.registrar, err = register.NewRecord(register.RecordConfig{
			Store: f.store, Sessions: f.announcer, Service: service, Health: f.wellness, Log: f.log,
		})
	}
	if err == nil {
		f.office.Go(func() { f.registrar.Run(f.duties) })
	}
	return err
}

// catalog is the registrar of an agent of Consul.
func (f *fleet) catalog(i *instance, c *config.Consul, service register.Service) (registrar, error) {
	access, err := consul.Dial(consulConfig(c, f.log, sources.Unmetered{}))
	if err != nil {
		return nil, err
	}
	f.hangUps = append(f.hangUps, access.Close)
	url := ""
	if f.cfg.Register.Check == "http" {
		if url = probedURL(i.prog.cfg.Process); url == "" {
			return nil, fmt.Errorf("cluster.register.check is http, but the process has no health check with a URL (add process.readiness.http, or write check: ttl)")
		}
	}
	return register.NewCatalog(register.CatalogConfig{
		Client: access.Client, Token: access.Token, Namespace: c.Namespace, Partition: c.Partition, Service: service,
		Health: f.wellness, TTL: f.cfg.TTL, HTTP: url, After: f.cfg.Register.After, Log: f.log,
	})
}

// probedURL is what Consul can ask about a process.
func probedURL(p *config.Process) string {
	if p == nil {
		return ""
	}
	for _, h := range [...]*config.Health{p.Readiness, p.Health} {
		if h != nil && strings.HasPrefix(h.HTTP, "http") {
			return h.HTTP
		}
	}
	return ""
}

// wellness is how the instance is, for those who want to use it. It may be
// called by others.
func (f *fleet) wellness() (register.State, string) {
	switch health := f.health.Load(); {
	case health == nil:
		return register.Critical, "it starts"
	case *health == healthy:
		return register.Passing, *health
	default:
		return register.Critical, *health
	}
}

// samples appends the numbers of the service, if this instance leads. It may be
// called by others.
func (f *fleet) samples(samples []metrics.Sample) []metrics.Sample {
	if f == nil || f.clerk == nil {
		return samples
	}
	for _, s := range f.clerk.Samples() {
		sample := metrics.Sample{Name: s.Name, Group: "cluster", Value: s.Value}
		if s.Of != "" {
			sample.Labels = []metrics.Label{{Name: "metric", Value: s.Of}}
		}
		samples = append(samples, sample)
	}
	return samples
}

// pick takes the numbers that are told to the fleet out of what was measured. It
// may be called by others.
func (f *fleet) pick(samples []metrics.Sample) {
	if f == nil || len(f.cfg.Numbers) == 0 {
		return
	}
	numbers := make(map[string]float64)
	for _, s := range samples {
		for _, n := range f.cfg.Numbers {
			rest, ok := strings.CutPrefix(n, s.Name)
			if ok && len(s.Labels) == 0 && s.Kind != metrics.Text && (rest == "" && s.Field == "" || rest == "."+s.Field && s.Field != "") {
				numbers[n] = s.Value
			}
		}
	}
	f.numbers.Store(&numbers)
}
