package convert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"concierge/internal/config"
)

// pilotWatch is a service that is watched, and what is run when its healthy
// instances change.
type pilotWatch struct {
	name, query string
	commands    config.Actions
}

func (p *pilot) watch(o *object) {
	const at = "templates"
	w := &pilotWatch{name: p.plain(at, "the name of a watched service", o.text("name"))}
	if w.name == "" || p.watched(w.name) != nil {
		return
	}
	w.query = w.name
	if tag := p.plain(at, "tag", o.text("tag")); tag != "" {
		w.query = tag + "." + w.query
	}
	if dc := p.plain(at, "dc", o.text("dc")); dc != "" {
		w.query += "@" + dc
	}
	for _, key := range []string{"interval", "poll"} {
		o.get(key) // changes are seen at once
	}
	p.leftOver(at, o)
	p.watches = append(p.watches, w)
}

// watched returns the watch of a service, as the file names it; nil if there is
// none.
func (p *pilot) watched(service string) *pilotWatch {
	service = p.vars.fallback(service)
	i := slices.IndexFunc(p.watches, func(w *pilotWatch) bool { return w.name == service })
	if i < 0 {
		return nil
	}
	return p.watches[i]
}

func (w *pilotWatch) run(command []string, timeout time.Duration) {
	if len(command) > 0 {
		w.commands = append(w.commands, config.Action{
			Kind: config.ActionCommand, Command: config.Command{Command: command, Timeout: timeout},
		})
	}
}

// emitWatches makes each watch a template of a file with the instances.
func (p *pilot) emitWatches() {
	for _, w := range p.watches {
		if len(w.commands) == 0 {
			p.comment("", "The watch of %s is left out: no command follows its changes.", w.name)
			continue
		}
		p.comment(fmt.Sprintf("templates[%d]", len(p.config.Templates)), "Was the watch of %s. The command is run when the file changes, and when it is written\n"+
			"for the first time; better let the application's own file be the template.", w.name)
		p.config.Templates = append(p.config.Templates, config.Template{
			Contents:    fmt.Sprintf("{{ range service %q }}{{ .Address }}:{{ .Port }}\n{{ end }}", w.query),
			Destination: "/run/concierge/watch-" + strings.ReplaceAll(w.name, "/", "_"),
			OnChange:    w.commands,
		})
		if p.config.Sources.Consul == nil {
			p.config.Sources.Consul = &config.Consul{}
		}
	}
}
