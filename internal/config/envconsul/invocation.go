package envconsul

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
	"concierge/internal/config/hclfile"
	"concierge/internal/exit"
)

// Invocation is what a command line and the environment ask for.
type Invocation struct {
	Help    bool // -h or -help: show [Usage]
	Version bool

	paths    []string
	over     Document // the flags
	noPrefix Source   // only its NoPrefix
	environ  []string
}

// Loaded is one complete configuration.
type Loaded struct {
	Config *config.Config
	Once   bool // fetch everything once, start the process, follow no changes
	// KillSignal is the signal that ends concierge with the status of an
	// interruption; 0 for none.
	KillSignal syscall.Signal
	// Warnings are about settings that do not do what they seem to say.
	Warnings []string
}

// Parse reads the flags, not the files. args does not hold the name of the
// program; what follows the flags is the command, joined by spaces into one
// line for the shell, unless -exec gives one. environ is the environment as
// name=value, usually os.Environ(). The error has the status of wrong usage.
func Parse(args, environ []string) (*Invocation, error) {
	i := &Invocation{environ: environ}
	rest, help, err := consultemplate.ParseFlags(i.flags(), args)
	if err != nil {
		return nil, err
	}
	i.Help = help
	if no := i.noPrefix.NoPrefix; no.Given() {
		for _, list := range [][]Source{i.over.Prefixes, i.over.Secrets} {
			for n := range list {
				list[n].NoPrefix = no
			}
		}
	}
	if line := strings.Join(rest, " "); line != "" && !i.over.Exec.Command.Given() {
		i.over.Exec.Command = hclfile.Command{Line: line, At: "command line"}
		i.over.Exec.Enabled = hclfile.Of(true, "command line")
	}
	return i, nil
}

// Load reads the files and makes one configuration; it may be called again to
// reload. The error has the status of a wrong configuration, or of a failure
// for what envconsul finds out only when it starts to work, such as a path with
// a variable that is not set.
func (i *Invocation) Load() (*Loaded, error) {
	var doc Document
	warnings, err := hclfile.Load(i.paths, &doc)
	if err != nil {
		return nil, exit.With(exit.Config, err)
	}
	hclfile.Merge(&doc, &i.over)
	t := translator{
		Translator: consultemplate.NewTranslator(i.environ, doc.Once.V),
		doc:        &doc,
		environ:    i.environ,
	}
	t.Warnings = warnings
	return t.loaded()
}

func (i *Invocation) setVersion(text string) (err error) {
	if i.Version, err = strconv.ParseBool(text); err != nil {
		return fmt.Errorf("is neither true nor false; write true or false")
	}
	return nil
}

// Usage writes the help text.
func Usage(w io.Writer, program string) {
	fmt.Fprintf(w, `Usage: %s [flags] [command]

  Starts a command with variables from Consul and Vault in its environment, and
  restarts it when they change, as envconsul does.

Flags:

`, program)
	consultemplate.WriteFlags(w, Flags())
}

// lookup returns an environment variable.
func lookup(environ []string, name string) (string, bool) {
	for _, e := range slices.Backward(environ) {
		if n, value, _ := strings.Cut(e, "="); n == name {
			return value, true
		}
	}
	return "", false
}
