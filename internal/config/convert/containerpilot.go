package convert

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"concierge/internal/config"
	"concierge/secrets"
)

// pilot is the file of ContainerPilot while it is translated.
type pilot struct {
	*result
	root    *object
	vars    variables
	watches []*pilotWatch
	jobs    []*pilotJob
	process *pilotJob // nil if none of them is
	stop    config.Stop
}

// fromContainerPilot translates the file of ContainerPilot 3 or 2.
func fromContainerPilot(files []File, out *result) error {
	if len(files) != 1 {
		return fmt.Errorf("ContainerPilot has one file, and these are %d; convert them one by one", len(files))
	}
	file := files[0]
	text, err := expand(file.Path, string(file.Text))
	if err != nil {
		return err
	}
	root, err := readJSON5(file.Path, text.text, text.vars)
	if err != nil {
		return err
	}
	p := &pilot{result: out, root: root, vars: text.vars}
	if text.decided {
		p.note("", "The file is a template with more than references to variables in it. What it\ndecides was decided with the environment of the conversion.")
	}
	p.common()
	if root.has("jobs", "watches", "control") {
		p.version3()
	} else {
		p.version2()
	}
	p.emitWatches()
	p.leftOver("", root)
	return errors.Join(root.doc.errs...)
}

// plain returns the text of a setting that cannot refer to variables.
func (p *pilot) plain(at, what, text string) string {
	if !p.vars.in(text) {
		return text
	}
	now := p.vars.fallback(text)
	p.note(at, "%s was %s. Only commands can refer to variables: write its value.", what, p.vars.restore(text))
	return now
}

// leftOver tells what nobody asked for.
func (p *pilot) leftOver(at string, o *object) {
	for _, key := range o.rest() {
		p.comment(at, "%s is left out.", p.vars.restore(o.name(key)))
	}
}

// common translates what both versions have.
func (p *pilot) common() {
	p.consul()
	p.logging()
	p.stopping()
	p.comment("", "Programs do not get CONTAINERPILOT_PID and CONTAINERPILOT_…_IP, and their output\nis passed through as it is.")
	if p.root.has("control") {
		p.comment("", "control is left out: concierge ctl talks to concierge.")
	}
	if t := p.root.section("telemetry"); t != nil {
		p.note("", "telemetry is left out (metrics of its own: %d). Periodic jobs that measure go on, but\nnothing takes what containerpilot -putmetric sends.", len(t.list("metrics"))+len(t.list("sensors")))
	}
}

func (p *pilot) consul() {
	const at = "sources.consul"
	if p.root.has("etcd") {
		p.note("", "etcd is left out: ContainerPilot kept services there, in a form of its own.")
	}
	address, ok := p.root.get("consul").(string)
	var o *object
	if !ok {
		if o = p.root.section("consul"); o == nil {
			return
		}
		address = withScheme(o.text("scheme"), o.text("address"))
	}
	consul := &config.Consul{Address: p.plain(at, "address", address)}
	p.config.Sources.Consul = consul
	if o == nil {
		return
	}
	consul.Token = secrets.NewText(o.text("token"))
	p.hide(&consul.Token, at, "token", "token_file: /path/to/token")
	if tls := o.section("tls"); tls != nil {
		consul.TLS = config.TLS{
			CAFile: tls.text("cafile"), CADir: tls.text("capath"), CertFile: tls.text("clientcert"),
			KeyFile: tls.text("clientkey"), ServerName: tls.text("servername"), InsecureSkipVerify: tls.get("verify") == false,
		}
		p.leftOver(at, tls)
	}
	p.leftOver(at, o)
}

func (p *pilot) logging() {
	o := p.root.section("logging")
	if o == nil {
		return
	}
	switch level := strings.ToLower(o.text("level")); level {
	case "debug", "info", "warn", "error":
		p.config.Log.Level = level
	case "fatal", "panic":
		p.config.Log.Level = "error"
	}
	switch o.text("format") {
	case "json":
		p.config.Log.Format = "json"
	case "text", "default":
		p.config.Log.Format = "text"
	}
	switch output := o.text("output"); output {
	case "", "stderr":
	case "stdout":
		p.comment("log", "concierge logs to standard error; standard output belongs to the programs.")
	default:
		p.config.Log.File = &config.LogFile{Path: p.plain("log", "output", output)}
	}
	p.leftOver("log", o)
}

// stopping translates how programs are stopped: TERM to the process group, and
// KILL after five seconds unless the file says otherwise. -1 is KILL at once.
func (p *pilot) stopping() {
	p.stop.Timeout = cmp.Or(p.root.duration("stopTimeout"), 5*time.Second)
	if p.root.text("stopTimeout") == "-1" {
		p.stop = config.Stop{Signal: config.Signal(syscall.SIGKILL)}
	}
}

// service is a program that runs until it is stopped.
func (p *pilot) service(command []string, restart config.Restart) config.Program {
	return config.Program{Command: command, SignalGroup: true, Stop: p.stop, Restart: restart}
}

// task is a program that runs to its end. ContainerPilot signals the groups of
// both.
func (p *pilot) task(command []string) config.Program {
	return config.Program{Command: command, SignalGroup: true}
}

// words reads a command: a list, or a text that is taken apart at its spaces.
// ContainerPilot does not know quotes or the shell.
func (o *object) words(keys ...string) (words []string, split bool) {
	for _, key := range keys {
		if text, ok := o.get(key).(string); ok {
			return strings.Fields(text), true
		}
		if list := o.texts(key); len(list) > 0 {
			return list, false
		}
	}
	return nil, false
}

// health translates a health check. It becomes readiness: ContainerPilot
// restarts nothing because of it. Consul sees a failure when ttl is over, so as
// many failures in a row are unhealthy as fit in.
func (p *pilot) health(at string, o *object, command []string, interval string) *config.Health {
	h := &config.Health{
		Command:  p.vars.command(command, true),
		Interval: o.duration(interval),
		Timeout:  o.duration("timeout"),
	}
	if h.Timeout == 0 {
		h.Timeout = h.Interval
	}
	if ttl := o.duration("ttl"); ttl > 0 && h.Interval > 0 {
		h.Failures = int(min((ttl+h.Interval-1)/h.Interval, 1000))
		p.comment(at+".readiness", "ttl %s: Consul saw so many failures in a row as unhealthy.", ttl)
	}
	if len(h.Command) == 0 {
		return nil
	}
	return h
}

// advertised tells what is not registered any more.
func (p *pilot) advertised(at string, o *object) {
	if o.has("port") {
		p.note(at, "The service %s with port %s is not registered in Consul by concierge; let the\nConsul agent do it (a service file), or the orchestrator.", p.vars.restore(o.text("name")), p.vars.restore(o.text("port")))
	}
	for _, key := range []string{"tags", "interfaces", "consul", "initial_status", "initialStatus"} {
		o.get(key)
	}
}
