package convert

import (
	"cmp"
	"fmt"

	"concierge/internal/config"
)

// version2 translates the file of ContainerPilot 2, where the process stands on
// the command line.
func (p *pilot) version2() {
	p.config.Process = &config.Process{Program: p.service(nil, config.Restart{})}
	p.note(config.ProcessName, "The command stood on ContainerPilot's command line; let it stand behind\nconcierge run -- or write command: […].")
	for _, h := range []struct{ key, name, when string }{
		{"onStart", "pre-start", "before_start"}, {"preStart", "pre-start", "before_start"},
		{"preStop", "pre-stop", "before_stop"}, {"postStop", "post-stop", "after_stop"},
	} {
		if words, split := p.root.words(h.key); len(words) > 0 {
			p.set(h.name, &config.Job{Program: p.task(p.vars.command(words, split)), Type: config.JobOnce, Hook: h.when})
		}
	}
	for i, o := range p.root.list("services") {
		p.service2(i, o)
	}
	for _, o := range p.root.list("backends") {
		p.backend2(o)
	}
	for _, o := range p.root.list("coprocesses") {
		p.coprocess2(o)
	}
	for _, o := range p.root.list("tasks") {
		p.task2(o)
	}
}

// service2 translates what is checked and registered: the process.
func (p *pilot) service2(i int, o *object) {
	const at = config.ProcessName
	p.advertised(at, o)
	words, _ := o.words("health")
	if i > 0 && len(words) > 0 {
		p.note(at, "The health check of the service %s is left out: a program has one.", p.vars.restore(o.text("name")))
		return
	}
	if len(words) > 0 {
		p.config.Process.Readiness = p.health(at, o, words, "poll")
	}
	p.leftOver(at, o)
}

func (p *pilot) backend2(o *object) {
	words, split := o.words("onChange")
	timeout := o.duration("timeout")
	p.watch(o)
	if w := p.watched(o.text("name")); w != nil {
		w.run(p.vars.command(words, split), timeout)
	}
}

func (p *pilot) coprocess2(o *object) {
	words, split := o.words("command")
	j := &pilotJob{o: o, restarts: o.text("restarts")}
	j.name = p.jobName(cmp.Or(o.text("name"), fmt.Sprint("coprocess-", len(p.config.Jobs)+1)))
	if len(words) == 0 {
		p.note("jobs", "The coprocess %s is left out: it has no command.", j.name)
		return
	}
	p.set(j.name, &config.Job{Program: p.service(p.vars.command(words, split), p.restart(j.at(), j, config.JobService))})
	p.leftOver(j.at(), o)
}

func (p *pilot) task2(o *object) {
	words, split := o.words("command")
	name := p.jobName(cmp.Or(o.text("name"), fmt.Sprint("task-", len(p.config.Jobs)+1)))
	every := o.duration("frequency")
	if len(words) == 0 || every == 0 {
		p.note("jobs", "The task %s is left out: it has no command or no frequency.", name)
		return
	}
	p.set(name, &config.Job{
		Program: p.task(p.vars.command(words, split)), Type: config.JobInterval, Every: every, Timeout: o.duration("timeout"),
	})
	p.leftOver("jobs."+name, o)
}
