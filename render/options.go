package render

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path"

	"concierge/secrets"
	"concierge/sources"
)

// Lookup answers queries from what is known now; ok is false while there is no
// answer yet. It must not block, and may be called by several templates at
// once. [sources.Snapshot] implements it.
type Lookup interface {
	Lookup(sources.Query) (v sources.Value, ok bool)
}

// Options are how a template is parsed and what it may use. The zero value is
// consul-template's behaviour.
type Options struct {
	// Name is the file name that messages show; "template" if empty.
	Name string
	// Left and Right are the delimiters; empty means {{ and }}.
	Left, Right string
	// ErrorOnMissingKey makes a missing field of data an error instead of
	// printing <no value>. It does not concern keys missing in a store.
	ErrorOnMissingKey bool
	// Sources resolves the paths in the template.
	Sources Naming
	// Env looks environment variables up; nil means the own environment.
	Env func(name string) (string, bool)
	// Denied are globs (of package path) of functions that fail when called.
	// One of sprig's is denied under both its names if either matches.
	Denied []string
	// Sandbox is the directory that the function file may read in; empty means
	// anywhere.
	Sandbox string
	// Destination is the file that the output becomes; empty if it becomes
	// none. A certificate in it is used again while it is good.
	Destination string
	// CommandEnv is the environment of the programs that the function plugin
	// runs, as NAME=value; nil means the own environment.
	CommandEnv []string
	// Programs runs the programs that functions start; nil means that nobody
	// else in this process waits for children.
	Programs Programs
	// Stdout is where the functions spew_dump and spew_printf print; nil means
	// the own standard output.
	Stdout io.Writer
	// Redactor learns the secrets that executions read and hides them in
	// errors; nil means one of the template's own.
	Redactor *secrets.Redactor
}

// complete fills in the defaults and rejects what can never work.
func (o Options) complete() (Options, error) {
	o.Name = cmp.Or(o.Name, "template")
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Programs == nil {
		o.Programs = alone{}
	}
	if o.Redactor == nil {
		o.Redactor = new(secrets.Redactor)
	}
	for _, glob := range o.Denied {
		if _, err := path.Match(glob, ""); err != nil {
			return o, hint(fmt.Errorf("denied function %q: %w", glob, err), "use *, ? and [a-z] as in file globs")
		}
	}
	return o, nil
}

func (o Options) denied(function string) bool {
	for _, glob := range o.Denied {
		if ok, _ := path.Match(glob, function); ok {
			return true
		}
	}
	return false
}
