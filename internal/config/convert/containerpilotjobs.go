package convert

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"concierge/internal/config"
)

// pilotJob is a job of ContainerPilot 3.
type pilotJob struct {
	o        *object
	raw      string // its name there
	name     string // and here
	command  []string
	when     pilotWhen
	restarts string
	timeout  time.Duration
	awaited  bool   // another one waits for its successful end
	source   bool   // another one waits for something of it
	hook     string // when it runs, if the process decides that
	omitted  bool
}

func (j *pilotJob) at() string { return "jobs." + j.name }

// version3 translates jobs and watches.
func (p *pilot) version3() {
	for _, o := range p.root.list("watches") {
		p.watch(o)
	}
	for _, o := range p.root.list("jobs") {
		p.jobs = append(p.jobs, p.readJob(o))
	}
	for _, j := range p.jobs {
		for _, other := range p.jobs {
			if other.raw == j.when.source {
				other.source = true
				other.awaited = other.awaited || j.when.event == "exitSuccess"
			}
		}
	}
	p.process = p.choose()
	for _, j := range p.jobs {
		if reason := p.schedule(j); reason != "" {
			j.omitted = true
			p.note("jobs", "The job %s is left out: %s.", j.name, reason)
			p.comment("jobs", "Its command was: %q", j.command)
		}
	}
	for _, j := range p.jobs {
		if !j.omitted {
			p.emit(j)
		}
	}
}

func (p *pilot) readJob(o *object) *pilotJob {
	j := &pilotJob{o: o, raw: o.text("name"), restarts: o.text("restarts"), timeout: o.duration("timeout")}
	j.name = p.jobName(j.raw)
	words, split := o.words("exec")
	j.command = p.vars.command(words, split)
	j.when = readWhen(o.section("when"))
	o.has("logging")
	return j
}

// jobName makes a name that is allowed here and not taken.
func (p *pilot) jobName(raw string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		case strings.ContainsRune("{} .", r):
			return -1
		}
		return '-'
	}, p.vars.restore(raw))
	name = strings.TrimLeft(name, "-")
	if name == "" || name == config.ProcessName {
		name = "job-" + name
	}
	taken := func(n string) bool {
		return slices.ContainsFunc(p.jobs, func(j *pilotJob) bool { return j.name == n }) || p.config.Jobs[n] != nil
	}
	unique := name
	for n := 2; taken(unique); n++ {
		unique = name + "-" + strconv.Itoa(n)
	}
	return unique
}

// choose picks the job whose end is to be the container's end, as far as can
// be told: one that runs all the time; of several one with a port, one that no
// other waits for, one with a health check, one that is always restarted.
func (p *pilot) choose() *pilotJob {
	var best *pilotJob
	top := 0
	for _, j := range p.jobs {
		if len(j.command) == 0 || j.awaited && !j.o.has("port", "health") || !j.when.begins() {
			continue
		}
		score := 1
		for i, good := range []bool{j.restarts == "unlimited", j.o.has("health"), !j.source, j.o.has("port")} {
			if good {
				score += 1 << (i + 1)
			}
		}
		if score > top {
			best, top = j, score
		}
	}
	return best
}

// emit translates one job.
func (p *pilot) emit(j *pilotJob) {
	if j == p.process {
		p.emitProcess(j)
		return
	}
	at := j.at()
	job := &config.Job{Program: p.task(j.command), Type: j.kind(), Every: j.when.interval, Hook: j.hook, Timeout: j.timeout}
	restart := p.restart(at, j, job.Type)
	switch {
	case job.Type == config.JobService:
		job.Type, job.Timeout, job.Program = "", 0, p.service(j.command, restart)
	case job.Type == config.JobOnce && j.hook == "" && !j.awaited:
		p.comment(at, "Runs once, because it has no restarts; a daemon needs type: service.")
	}
	job.Restart = restart
	job.DependsOn = p.dependencies(at, j)
	p.describe(at, j, &job.Program, job.Type == "")
	p.set(j.name, job)
}

func (p *pilot) set(name string, job *config.Job) {
	if p.config.Jobs == nil {
		p.config.Jobs = make(map[string]*config.Job)
	}
	p.config.Jobs[name] = job
}

func (p *pilot) emitProcess(j *pilotJob) {
	const at = config.ProcessName
	restart := p.restart(at, j, config.JobService)
	if restart.Policy == "never" {
		restart = config.Restart{} // the default of the process
	}
	p.config.Process = &config.Process{Program: p.service(j.command, restart)}
	p.note(at, "Was the job %s. Its end is the end of concierge, with its exit status; ContainerPilot\nwent on until all jobs had ended, and its status was 0.", j.name)
	p.comment(at, "ContainerPilot passed its own credentials (CONSUL_HTTP_TOKEN) on; here they need\nenvironment: {credentials: true}.")
	p.config.Process.DependsOn = p.dependencies(at, j)
	p.describe(at, j, &p.config.Process.Program, true)
}

// kind returns the type of a job that is not the process.
func (j *pilotJob) kind() string {
	switch {
	case j.when.interval > 0:
		return config.JobInterval
	case j.hook != "", j.awaited:
		return config.JobOnce
	case j.restarts != "" && j.restarts != "never" && j.restarts != "0", j.o.has("port", "health"):
		return config.JobService
	}
	return config.JobOnce
}

// describe adds the health check, and says what is left out.
func (p *pilot) describe(at string, j *pilotJob, program *config.Program, service bool) {
	p.advertised(at, j.o)
	if h := j.o.section("health"); h != nil {
		words, _ := h.words("exec")
		h.has("logging")
		check := p.health(at, h, words, "interval")
		if service {
			program.Readiness = check
		} else {
			delete(p.comments, at+".readiness")
			p.note(at, "Its health check is left out: the job ends by itself.")
		}
		p.leftOver(at, h)
	}
	if service && j.timeout > 0 {
		p.note(at, "timeout %s is left out: it would end the program.", j.timeout)
	}
	if j.o.has("stopTimeout") {
		p.comment(at, "stopTimeout is left out: programs that run before it is stopped are waited for.")
	}
	if slices.Contains(j.command, "containerpilot") || strings.HasSuffix(first(j.command), "/containerpilot") {
		p.note(at, "It calls containerpilot, which will not find the one it talks to; see concierge ctl.")
	}
	p.leftOver(at, j.o)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// restart translates restarts. ContainerPilot starts again at once and counts
// for ever.
func (p *pilot) restart(at string, j *pilotJob, kind string) config.Restart {
	limit := j.restarts
	n, err := strconv.Atoi(limit)
	switch {
	case limit == "unlimited", err == nil && n > 0 && n < 1e9:
	case kind == config.JobService:
		return config.Restart{Policy: "never"}
	default:
		return config.Restart{}
	}
	switch kind {
	case config.JobInterval:
		if limit != "unlimited" {
			p.note(at, "It ran %s times more; here it runs for ever.", limit)
		}
		return config.Restart{}
	case config.JobOnce:
		p.comment(at+".restart", "Was started again after success, too.")
		return config.Restart{Policy: "on-failure", Limit: limit}
	}
	if limit != "unlimited" {
		p.comment(at+".restart", "Counted within window, and with a growing delay.")
	}
	return config.Restart{Policy: "always", Limit: limit}
}
