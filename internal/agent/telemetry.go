package agent

import (
	"errors"
	"runtime"
	"slices"
	"time"

	"concierge/metrics/telemetry"
	"concierge/reload"
)

// gaugePause is the least time between two looks at how everything is, for the
// gauges: a look goes over all queries, and changes may come without pause.
const gaugePause = time.Second

// environmentLabel is how metrics call the variables of the process: what they
// are made of may be paths of secrets.
const environmentLabel = "environment"

// gauges are due when something happened since the last look. They belong to
// the loop.
type gauges struct {
	due    bool
	looked time.Time
}

// newTelemetry makes the instance's own metrics; nil measures nothing.
func newTelemetry(o *Control) *telemetry.Telemetry {
	if o == nil {
		return nil
	}
	return telemetry.New(telemetry.Build{Version: o.Version, Revision: o.Revision, GoVersion: runtime.Version()})
}

// inventory lists what metrics may name.
func (p *program) inventory() telemetry.Inventory {
	inv := telemetry.Inventory{Sources: p.sources(), Process: p.process != nil}
	for _, s := range p.sets {
		for _, u := range s.units {
			inv.Templates = append(inv.Templates, u.metric())
		}
	}
	if p.metering != nil {
		for _, s := range p.metering.Sources {
			inv.Endpoints = append(inv.Endpoints, s.Name)
		}
		for _, s := range p.metering.Sinks {
			inv.Targets = append(inv.Targets, s.Name)
		}
	}
	slices.Sort(inv.Templates) // those of one file are one
	inv.Templates = slices.Compact(inv.Templates)
	return inv
}

// sources are those of the configuration.
func (p *program) sources() []telemetry.Source {
	var all []telemetry.Source
	for name, configured := range map[string]bool{
		consulName: p.cfg.Sources.Consul != nil, etcdName: p.cfg.Sources.Etcd != nil,
		fileName: p.cfg.Sources.File != nil, vaultName: p.cfg.Secrets.Vault != nil,
	} {
		if configured {
			all = append(all, telemetry.Source{Name: name, Kind: name})
		}
	}
	return all
}

// metric is how metrics call the unit.
func (u *unit) metric() string {
	if u.set.env {
		return environmentLabel
	}
	return u.target.Path
}

// noteRendering measures an execution whose data was complete. What differs is
// counted when it is known what became of it.
func (i *instance) noteRendering(u *unit, before digest, began time.Time) {
	i.gauges.due = true
	if i.own == nil {
		return
	}
	i.own.Executed(u.metric(), time.Since(began))
	_, held := errors.AsType[*heldError](u.err)
	switch {
	case held:
		i.own.Rendered(u.metric(), telemetry.RenderRefused)
	case u.err != nil:
		i.own.Rendered(u.metric(), telemetry.RenderFailed)
	case len(u.missing) > 0:
	case before == u.sum:
		i.own.Rendered(u.metric(), telemetry.RenderUnchanged)
	case u.set.env:
		i.own.Rendered(u.metric(), telemetry.RenderChanged)
	default:
		if u.uncounted {
			i.own.Rendered(u.metric(), telemetry.RenderChanged) // and changed again
		}
		u.uncounted = true
	}
}

// takeUncounted returns the units whose new output is about to be applied.
func (s *set) takeUncounted() []*unit {
	var units []*unit
	for _, u := range s.units {
		if u.uncounted {
			u.uncounted = false
			units = append(units, u)
		}
	}
	return units
}

// noteApplied measures what became of the renderings of a set, and of the
// change that they came from.
func (i *instance) noteApplied(a attempt, r reload.Result, report reload.Report) {
	i.gauges.due = true
	if i.own == nil {
		return
	}
	rendering := telemetry.RenderChanged
	switch {
	case r.Rejected:
		rendering = telemetry.RenderRefused
	case r.Err == nil && r.Changed == 0:
		rendering = telemetry.RenderUnchanged // what was in place before the start
	}
	for _, u := range a.units {
		i.own.Rendered(u.metric(), rendering)
		if r.Err == nil {
			u.noteCertificate()
		}
		if r.Err == nil && r.Changed > 0 {
			i.own.Placed(u.metric(), report.Written)
		}
	}
	if r.Err != nil || r.Changed == 0 || a.since.IsZero() {
		return
	}
	i.own.Applied(telemetry.StageWrite, report.Written.Sub(a.since))
	if r.ActionErr == nil {
		i.own.Applied(telemetry.StageNotify, report.Told.Sub(a.since))
	}
	if !report.Healthy.IsZero() {
		i.own.Applied(telemetry.StageHealthy, report.Healthy.Sub(a.since))
	}
}

// lookAround tells the gauges and the health how everything is, if something
// happened and the last look was not just now.
func (i *instance) lookAround(now time.Time) {
	if !i.gauges.due || i.own == nil || now.Before(i.gauges.again()) {
		return
	}
	i.gauges.due, i.gauges.looked = false, now
	i.own.Sources(i.sourceStates())
	i.own.Templates(i.templateStates())
	i.vitals.see(i.sight())
}

// again is when the next look may be.
func (g *gauges) again() time.Time { return g.looked.Add(gaugePause) }

// sourceStates describes the sources.
func (i *instance) sourceStates() []telemetry.SourceState {
	watched, missing := make(map[string]int), make(map[string]int)
	for q := range i.deps.users {
		watched[q.Source]++
		if v, answered := i.snapshot.Lookup(q); answered && !v.Exists {
			missing[q.Source]++
		}
	}
	var all []telemetry.SourceState
	for _, s := range i.prog.sources() {
		o, away := i.outages.away[s.Name]
		all = append(all, telemetry.SourceState{
			Source: s, Up: i.outages.heard[s.Name] && !away, Away: o.since,
			Watched: watched[s.Name], Missing: missing[s.Name],
		})
	}
	return all
}

// templateStates describes the templates.
func (i *instance) templateStates() []telemetry.TemplateState {
	var all []telemetry.TemplateState
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			state := telemetry.TemplateState{
				Name: u.metric(), Missing: len(u.missing), Bytes: len(u.result.Output), NotAfter: u.notAfter,
				Stage: telemetry.TemplateRendered,
			}
			switch {
			case u.err != nil:
				state.Stage = telemetry.TemplateFailed
			case !u.complete, len(u.missing) > 0:
				state.Stage = telemetry.TemplateWaiting
			}
			all = append(all, state)
		}
	}
	return all
}

// checkStates describes the health checks of what runs. It is called outside of
// the loop.
func (i *instance) checkStates() []telemetry.CheckState {
	var all []telemetry.CheckState
	for _, c := range i.applier.Jobs.Checkups() {
		all = append(all, telemetry.CheckState{Name: c.Job + "." + c.About, Healthy: c.Healthy(), Failures: c.Failures})
	}
	return all
}
