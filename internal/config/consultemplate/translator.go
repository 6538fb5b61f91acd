package consultemplate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"concierge/internal/config"
	"concierge/internal/config/hclfile"
)

// Translator makes a configuration of what consul-template and envconsul have
// in common. It is used for one configuration, by one goroutine.
type Translator struct {
	Config   *config.Config
	Origins  config.Origins
	Warnings []string

	env  map[string]string
	once bool
}

// NewTranslator returns a translator that begins with an empty configuration.
// environ is the environment as name=value; with once, stores are given up
// sooner.
func NewTranslator(environ []string, once bool) Translator {
	return Translator{Config: new(config.Config), Origins: make(config.Origins), env: environment(environ), once: once}
}

// note says where a setting was given.
func (t *Translator) note(path, at string) {
	if at != "" && at != "default" {
		t.Origins[path] = at
	}
}

func (t *Translator) noteTLS(path string, s SSL) {
	t.note(path+".ca_file", s.CACert.At)
	t.note(path+".cert_file", s.Cert.At)
	t.note(path+".key_file", s.Key.At)
	t.note(path, s.Enabled.At)
}

func (t *Translator) warn(at, format string, args ...any) {
	t.Warnings = append(t.Warnings, at+": "+fmt.Sprintf(format, args...))
}

// FillIn gives what was not given in doc, which has the settings of [Common],
// the value of its environment variable, or consul-template's default.
func (t *Translator) FillIn(doc any) { fillIn(doc, t.env) }

// Common translates the settings of [Common], except for the process.
func (t *Translator) Common(c *Common) {
	cfg := t.Config
	cfg.PlainPaths, cfg.SharedDestinations, cfg.Idle = true, true, true
	cfg.Sources.Default = "consul"
	cfg.Sources.Consul = t.consul(c.Consul)
	cfg.Sources.Consul.MaxStale = c.MaxStale.V
	cfg.Secrets.Vault = t.vault(c.Vault)
	if w := c.Wait.quiescence(); w != nil {
		cfg.Wait = *w
	}
	cfg.PIDFile = c.PIDFile.V
	cfg.Signals = config.Signals{Reload: signals(c.ReloadSignal), Stop: signals(c.KillSignal)}
	if len(cfg.Signals.Stop) > 0 && slices.Equal(cfg.Signals.Reload, cfg.Signals.Stop) { // a reload it is
		cfg.Signals.Stop = []config.Signal{}
	}
	cfg.Log.Format = "text"
}

// signals returns the list of one signal, which is empty for none; nil if
// nothing was given.
func signals(s hclfile.Value[config.Signal]) []config.Signal {
	switch {
	case !s.Given():
		return nil
	case s.V == 0:
		return []config.Signal{}
	}
	return []config.Signal{s.V}
}

// Level translates a level of consul-template's log. The error is one of the
// configuration.
func (t *Translator) Level(level hclfile.Value[string]) error {
	switch name := strings.ToLower(level.V); name {
	case "trace":
		t.Config.Log.Level = "debug"
	case "err":
		t.Config.Log.Level = "error"
	case "debug", "info", "warn":
		t.Config.Log.Level = name
	default:
		return config.Errors{{
			Origin: config.Origin{File: level.At}, Path: "log_level", Value: level.V,
			Reason: "is not one of trace, debug, info, warn, err",
			Hint:   cmp.Or(config.Suggest(name, []string{"trace", "debug", "info", "warn", "err"}), "write for example info"),
		}}
	}
	return nil
}

// Syslog translates the block of that name; name is that of the program if it
// gives none.
func (t *Translator) Syslog(s Syslog, name string) {
	asked := s.Name.V != "" || s.Facility.V != "" && s.Facility.At != "default"
	if s.Enabled.Or(asked) {
		t.Config.Log.Syslog = &config.Syslog{Facility: s.Facility.V, Tag: s.Name.Or(name)}
	}
}

// quiescence returns what a block says; nil if it says nothing.
func (w Wait) quiescence() *config.Wait {
	switch {
	case !w.Enabled.Or(true):
		return new(config.Wait)
	case w.Min.V == 0:
		return nil
	case w.Max.Given(): // less than min is as much as min
		return &config.Wait{Min: w.Min.V, Max: max(w.Min.V, w.Max.V)}
	}
	return &config.Wait{Min: w.Min.V, Max: 4 * w.Min.V}
}
