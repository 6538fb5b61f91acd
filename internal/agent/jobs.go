package agent

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"concierge/internal/config"
	"concierge/reload"
	"concierge/reload/job"
	"concierge/reload/probe"
	"concierge/reload/process"
	"concierge/reload/usage"
)

// hooks are the names of the jobs that run around the life of the process.
type hooks struct{ beforeStop, afterStop []string }

// jobs makes the plans of the process and the jobs.
func (c *compiler) jobs() error {
	var errs []error
	if p := c.cfg.Process; p != nil {
		plan, err := c.plan("process", config.ProcessName, job.Main, &p.Program)
		errs = append(errs, err)
		c.program.process = &reload.Process{Plan: plan, Reload: reloadOf(p.Reload)}
	}
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Jobs)) {
		j := c.cfg.Jobs[name]
		plan, err := c.plan("jobs."+name, name, job.Kind(j.Type), &j.Program)
		errs = append(errs, err)
		plan.Every, plan.Timeout = j.Every, j.Timeout
		c.hook(&plan, j.Hook)
		c.program.jobs = append(c.program.jobs, jobPlan{plan, j})
	}
	return errors.Join(errs...)
}

// jobPlan is a job without its environment, which needs the stores.
type jobPlan struct {
	plan job.Plan
	cfg  *config.Job
}

// hook gives a job its place around the process.
func (c *compiler) hook(plan *job.Plan, hook string) {
	switch process := c.program.process; hook {
	case "before_start":
		needs := maps.Clone(process.Plan.Needs)
		if needs == nil {
			needs = make(map[string]job.Condition)
		}
		needs[plan.Name] = job.Completed
		process.Plan.Needs = needs
	case "after_start":
		condition := job.Started
		if process.Plan.Health != nil || process.Plan.Readiness != nil {
			condition = job.Healthy
		}
		plan.Needs = map[string]job.Condition{config.ProcessName: condition}
	case "before_stop":
		plan.Manual = true
		c.program.hooks.beforeStop = append(c.program.hooks.beforeStop, plan.Name)
	case "after_stop":
		plan.Manual = true
		c.program.hooks.afterStop = append(c.program.hooks.afterStop, plan.Name)
	}
}

// plan makes what the process and the jobs have in common; at is the place in
// the configuration.
func (c *compiler) plan(at, name string, kind job.Kind, p *config.Program) (job.Plan, error) {
	plan := job.Plan{
		Name: name, Kind: kind,
		Spec: process.Spec{
			Command: p.Command, Dir: p.Dir, SignalGroup: p.SignalGroup, Identity: identityOf(p),
			Stop: process.Stop{Signal: syscall.Signal(p.Stop.Signal), Timeout: p.Stop.Timeout, Splay: p.Stop.Splay},
		},
		Restart: policyOf(p.Restart), Patience: p.StartTimeout,
	}
	if p.Output.Format != "raw" && p.Output.Format != "" {
		plan.Spec.Output = process.Output{Format: process.Format(p.Output.Format), Name: name}
		if p.Output.Redact {
			plan.Spec.Output.Filter = c.redactor
		}
	}
	for other, condition := range p.DependsOn {
		if plan.Needs == nil {
			plan.Needs = make(map[string]job.Condition)
		}
		plan.Needs[other] = job.Condition(condition)
	}
	if r := p.Runaway; r != nil {
		plan.Limits = usage.Limits{Memory: r.Bytes(), CPU: r.CPU(), For: r.For}
	}
	var errs [2]error
	plan.Health, errs[0] = c.check(at+".health", p.Health)
	plan.Readiness, errs[1] = c.check(at+".readiness", p.Readiness)
	return plan, errors.Join(errs[:]...)
}

// check makes a health check; nil is none. Commands get the environment of
// commands, not that of the program, which may hold secrets.
func (c *compiler) check(at string, h *config.Health) (*job.Check, error) {
	if h == nil {
		return nil, nil
	}
	var p interface {
		probe.Probe
		Validate() error
	}
	switch {
	case h.HTTP != "":
		p = probe.HTTP{URL: h.HTTP}
	case h.TCP != "":
		p = probe.TCP{Address: h.TCP}
	case h.GRPC != "":
		address, service, _ := strings.Cut(h.GRPC, "/")
		if strings.HasPrefix(h.GRPC, "unix:") {
			address, service = h.GRPC, ""
		}
		p = probe.GRPC{Address: address, Service: service}
	default:
		p = probe.Exec{Command: h.Command, Env: commandEnv(c.cfg, c.environ), Runner: c.children}
	}
	check := &job.Check{Probe: p, Thresholds: probe.Thresholds{
		Grace: h.Grace, Interval: h.Interval, Timeout: h.Timeout, Failures: h.Failures, Successes: h.Successes,
	}}
	if err := errors.Join(p.Validate(), check.Thresholds.Validate()); err != nil {
		return nil, fmt.Errorf("%s: %w", c.cfg.Where(at), err)
	}
	return check, nil
}

func identityOf(p *config.Program) process.Identity {
	id := process.Identity{User: p.User, Group: p.Group}
	if p.Umask != "" {
		mask, err := strconv.ParseUint(p.Umask, 8, 12)
		if err == nil {
			id.Umask = new(int(mask))
		}
	}
	for name, text := range p.Limits {
		if id.Limits == nil {
			id.Limits = make(map[string]process.Limit)
		}
		soft, hard, two := strings.Cut(text, ":")
		if !two {
			hard = soft
		}
		id.Limits[name] = process.Limit{Soft: limitOf(soft), Hard: limitOf(hard)}
	}
	return id
}

func limitOf(text string) uint64 {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return process.Unlimited
	}
	return n
}

func policyOf(r config.Restart) job.Policy {
	limit, err := strconv.Atoi(r.Limit)
	if err != nil {
		limit = 0 // unlimited
	}
	return job.Policy{
		When: job.When(r.Policy), Delay: r.Delay, MaxDelay: r.MaxDelay, Reset: r.Reset,
		Limit: limit, Window: r.Window, Expected: r.ExpectedCodes, End: r.GiveUp == "end",
	}
}

func reloadOf(r *config.Reload) reload.Reload {
	if r == nil {
		return reload.Reload{}
	}
	return reload.Reload{
		Signal:  syscall.Signal(r.Signal),
		Command: process.Command{Command: r.Command, Timeout: r.Timeout},
	}
}

// following is what the loop knows of the jobs.
type following struct {
	plans []job.Plan
	begun bool // they were handed over
	// changed is closed at the first change of a job since the last step began.
	changed <-chan struct{}
}

// followJobs hands the jobs over as soon as everything they read is in place,
// and again when they are to run in another way.
func (i *instance) followJobs() {
	if i.o.dry || i.o.once || len(i.prog.jobs) == 0 && !i.following.begun || !i.following.begun && !i.filesComing(nil) {
		return
	}
	plans, ok := i.jobPlans()
	if !ok || i.following.begun && reflect.DeepEqual(plans, i.following.plans) {
		return
	}
	i.following.plans, i.following.begun = plans, true
	i.applier.follow(plans)
}

// jobPlans returns the plans of the jobs with their environment. ok is false as
// long as variables are missing that one of them is to get.
func (i *instance) jobPlans() (plans []job.Plan, ok bool) {
	vars, complete := i.variables()
	for _, j := range i.prog.jobs {
		var own []string
		if len(j.cfg.Variables) > 0 && !complete {
			return nil, false
		}
		for _, kv := range vars {
			if name, _, _ := strings.Cut(kv, "="); matches(j.cfg.Variables, name) {
				own = append(own, kv)
			}
		}
		plan := j.plan
		plan.Spec.Env = environmentOf(i.o.Environ, j.cfg.Environment, own...)
		plans = append(plans, plan)
	}
	return plans, true
}

// variables returns the variables from stores, if all of them are known.
func (i *instance) variables() (vars []string, complete bool) {
	env := i.prog.env
	if env == nil {
		return nil, true
	}
	if env.ready == (digest{}) {
		return nil, false
	}
	for _, u := range env.units {
		vars = append(vars, u.vars()...)
	}
	return vars, true
}

// processReady reports whether the process can be used, as far as its health
// checks know.
func (i *instance) processReady() bool {
	p := i.prog.process
	return p == nil || p.Plan.Health == nil && p.Plan.Readiness == nil || i.applier.Jobs.Main().Status().Ready
}

// jobsChanged returns a channel that is closed at the next change of a job
// since the step began, if the loop waits for one: for what the process needs,
// or for its health, which others are told for as long as there are others.
func (i *instance) jobsChanged() <-chan struct{} {
	if i.prog.process != nil && (i.handover.taken == nil || !i.ready || i.fleet != nil) {
		return i.following.changed
	}
	return nil
}

// sets gives sets what their section says.
func (c *compiler) sets() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Sets)) {
		s, cfg := c.byName[name], c.cfg.Sets[name]
		if s == nil {
			continue // a mistake that was told with the configuration
		}
		s.dir = cfg.Directory
		if cfg.Check != nil {
			s.checks = []reload.Check{reload.CommandCheck{Command: c.command(*cfg.Check)}}
		}
		health, err := c.check("sets."+name+".health", cfg.Health)
		if health != nil {
			s.health = []job.Check{*health}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
