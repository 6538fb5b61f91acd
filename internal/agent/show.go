package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"concierge/internal/exit"
	"concierge/render"
	"concierge/render/output"
)

// show prints what a rendering would do.
func (i *instance) show(r RenderOptions) (int, error) {
	status := exit.OK
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			differs, err := i.showUnit(u, r)
			if err != nil {
				return exit.Failed, err
			}
			if differs && r.Mode != Print {
				status = exit.Differs
			}
		}
	}
	return status, nil
}

func (i *instance) showUnit(u *unit, r RenderOptions) (differs bool, err error) {
	old, err := os.ReadFile(u.target.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("reading the present output: %w", err)
	}
	differs = err != nil || string(old) != string(u.result.Output)
	masked, err := i.masked(u)
	if err != nil {
		return false, err
	}
	switch r.Mode {
	case Print:
		if r.ShowSecrets {
			masked = u.result.Output
		}
		_, err = fmt.Fprintf(i.o.Stdout, "> %s\n%s", u.target.Path, endLine(masked))
	case Diff:
		_, err = fmt.Fprint(i.o.Stdout, output.Diff(u.target.Path, old, u.result.Output, masked, u.result.Tainted))
	case Check:
		if differs {
			_, err = fmt.Fprintf(i.o.Stdout, "%s would change\n", u.target.Path)
		}
	}
	return differs, err
}

// masked returns the output with every secret replaced: not by searching for
// it, but by executing the template again on masked secrets, so that what a
// template makes of a secret is masked too.
func (i *instance) masked(u *unit) ([]byte, error) {
	if !u.result.Tainted {
		return u.result.Output, nil
	}
	result, err := u.source.Execute(render.Masked(i.snapshot))
	if err != nil || len(result.Missing) > 0 {
		return []byte("(not shown: this output depends on what a secret is)\n"), nil
	}
	return result.Output, nil
}

// endLine makes sure that an output that does not end its last line does not
// run into what follows.
func endLine(b []byte) []byte {
	if len(b) == 0 || b[len(b)-1] == '\n' {
		return b
	}
	return append(b[:len(b):len(b)], '\n')
}
