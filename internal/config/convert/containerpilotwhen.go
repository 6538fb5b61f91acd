package convert

import (
	"slices"
	"strings"
	"time"

	"concierge/internal/config"
)

// pilotWhen says what starts a job.
type pilotWhen struct {
	source   string
	event    string
	each     bool // each time, not only once
	interval time.Duration
	timeout  string
}

func readWhen(o *object) pilotWhen {
	if o == nil {
		return pilotWhen{}
	}
	w := pilotWhen{source: o.text("source"), event: o.text("once"), interval: o.duration("interval"), timeout: o.text("timeout")}
	if each := o.text("each"); each != "" {
		w.event, w.each = each, true
	}
	if w.event == "startup" {
		w.source, w.event = "", ""
	}
	if w.interval > 0 {
		w.source, w.event = "", ""
	}
	return w
}

// begins reports whether the job starts once and by itself, at once or after
// another one.
func (w pilotWhen) begins() bool {
	return w.interval == 0 && !w.each && (w.event == "" || w.event == "healthy" || w.event == "exitSuccess")
}

// schedule decides how a job is started here. It returns why it cannot be.
func (p *pilot) schedule(j *pilotJob) (reason string) {
	w := j.when
	service, watched := strings.CutPrefix(w.source, "watch.")
	switch {
	case len(j.command) == 0:
		return "it has no exec"
	case w.source != "" && w.source == j.raw:
		return "it waits for itself"
	case watched && w.event == "changed":
		return p.follow(j, service)
	case watched && w.event == "healthy" && !w.each:
		p.note(j.at(), "It waited until the service %s was healthy somewhere; here it starts at once.\nLet its command wait.", service)
		j.when = pilotWhen{}
		return ""
	case w.event == "stopping", w.event == "shutdown":
		return p.hook(j, "before_stop")
	case w.event == "stopped":
		return p.hook(j, "after_stop")
	case p.process != nil && w.source == p.process.raw && w.event == "exitSuccess" && !w.each:
		return p.hook(j, "after_stop")
	case w.begins() || w.interval > 0:
		return ""
	}
	return p.without(w)
}

// follow makes a job the command of a watch.
func (p *pilot) follow(j *pilotJob, service string) string {
	w := p.watched(service)
	if w == nil {
		return "nothing watches " + p.vars.restore(service)
	}
	w.run(j.command, j.timeout)
	j.omitted = true
	return ""
}

// hook makes a job run before or after the process is stopped.
func (p *pilot) hook(j *pilotJob, when string) string {
	if p.process == nil {
		return "it runs at the stop of a process, and there is none"
	}
	if j.when.source != p.process.raw && j.when.event != "shutdown" {
		p.comment(j.at(), "Was for %s alone; hooks are for the end of everything.", p.vars.restore(j.when.source))
	}
	j.hook = when
	return ""
}

// without says that an event has no counterpart, and what to do instead.
func (p *pilot) without(w pilotWhen) string {
	what := "nothing starts a program at " + w.event
	if w.source != "" {
		what += " of " + p.vars.restore(w.source)
	}
	switch w.event {
	case "exitFailed":
		return what + "; let the command of that job do it: … || …"
	case "enterMaintenance", "exitMaintenance":
		return what + "; whoever calls concierge ctl maintenance can do it"
	case "SIGHUP", "SIGUSR2":
		return what + "; send the signal to the program itself"
	}
	return what
}

// dependencies translates what a job waits for.
func (p *pilot) dependencies(at string, j *pilotJob) map[string]string {
	w := j.when
	if w.source == "" || j.hook != "" || strings.HasPrefix(w.source, "watch.") {
		return nil
	}
	if w.timeout != "" {
		p.comment(at, "It gave up waiting after %s; here it waits as long as it takes.", w.timeout)
	}
	i := slices.IndexFunc(p.jobs, func(o *pilotJob) bool { return o.raw == w.source })
	if i < 0 || p.jobs[i].omitted || p.jobs[i].hook != "" {
		p.note(at, "It waited for %s of %s, which does not happen here; it starts at once.", w.event, p.vars.restore(w.source))
		return nil
	}
	on := p.jobs[i]
	name := on.name
	if on == p.process {
		name = config.ProcessName
	}
	condition := p.condition(w, on)
	if condition == "" {
		p.note(at, "It waited for %s of %s, which does not happen here; it starts when that has started.", w.event, on.name)
		condition = "started"
	}
	return map[string]string{name: condition}
}

// condition returns what to wait for; nothing if it cannot happen.
func (p *pilot) condition(w pilotWhen, on *pilotJob) string {
	kind := on.kind()
	if on == p.process {
		kind = config.JobService
	}
	switch {
	case w.event == "healthy" && kind == config.JobService && on.checked():
		return "healthy"
	case w.event == "exitSuccess" && kind == config.JobOnce:
		return "completed"
	}
	return ""
}

// checked reports whether there is a health check with a command.
func (j *pilotJob) checked() bool {
	h, ok := j.o.fields["health"].(map[string]any)
	return ok && h["exec"] != nil
}
