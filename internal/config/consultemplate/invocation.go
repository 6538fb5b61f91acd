package consultemplate

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"

	"concierge/internal/config"
	"concierge/internal/config/hclfile"
	"concierge/internal/exit"
)

// Invocation is what a command line and the environment ask for.
type Invocation struct {
	Help    bool // -h or -help: show [Usage]
	Version bool
	Dry     bool // show what would be written

	paths   []string
	over    Document // CT_LOCAL_CONFIG, and the flags over it
	environ []string
}

// Loaded is one complete configuration.
type Loaded struct {
	Config    *config.Config
	Once      bool // render everything once and end
	Dry       bool
	ParseOnly bool // only parse the templates
	// KillSignal is the signal that ends concierge with the status of an
	// interruption; 0 for none.
	KillSignal syscall.Signal
	// Warnings are about settings that do not do what they seem to say.
	Warnings []string
}

// Parse reads the flags, not the files. args does not hold the name of the
// program; environ is the environment as name=value, usually os.Environ(). The
// error has the status of wrong usage.
func Parse(args, environ []string) (*Invocation, error) {
	i := &Invocation{environ: environ}
	const inline = "CT_LOCAL_CONFIG"
	if text := environment(environ)[inline]; text != "" {
		if _, err := hclfile.Decode(inline, []byte(text), &i.over); err != nil {
			return nil, exit.With(exit.Usage, err)
		}
	}
	rest, help, err := ParseFlags(i.flags(), args)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, exit.With(exit.Usage, fmt.Errorf("unexpected argument %q; give the command to start as -exec=\"command argument\"", rest[0]))
	}
	i.Help = help
	return i, nil
}

// Load reads the files and makes one configuration; it may be called again to
// reload. The error has the status of a wrong configuration, or of a failure
// for what consul-template finds out only when it starts to work: a template
// without source, a file that cannot be read.
func (i *Invocation) Load() (*Loaded, error) {
	var doc Document
	warnings, err := hclfile.Load(i.paths, &doc)
	if err != nil {
		return nil, exit.With(exit.Config, err)
	}
	warnings = append(warnings, doc.forget()...)
	hclfile.Merge(&doc, &i.over)
	if fatal := i.over.TemplateErrorFatal; fatal.Given() {
		for n := range doc.Templates {
			doc.Templates[n].ErrorFatal = fatal
		}
	}
	t := translator{Translator: NewTranslator(i.environ, doc.Once.V), doc: &doc, dry: i.Dry}
	t.Warnings = warnings
	return t.loaded()
}

// Usage writes the help text.
func Usage(w io.Writer, program string) {
	fmt.Fprintf(w, `Usage: %s [flags]

  Renders templates from Consul and Vault, follows their changes and looks after
  a process, as consul-template does.

Flags:

`, program)
	WriteFlags(w, Flags())
}

func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, e := range environ {
		if name, value, _ := strings.Cut(e, "="); value != "" {
			env[name] = value
		}
	}
	return env
}

// switchTo sets a switch that is no setting.
func switchTo(on *bool) func(string) error {
	return func(text string) error {
		v, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("is neither true nor false; write true or false")
		}
		*on = v
		return nil
	}
}
