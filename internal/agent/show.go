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

// showUnit prints the file of a unit, and those it writes besides.
func (i *instance) showUnit(u *unit, r RenderOptions) (differs bool, err error) {
	masked, err := i.masked(u)
	if err != nil {
		return false, err
	}
	pages := []page{{path: u.target.Path, text: u.result.Output, masked: masked.Output}}
	shown := writesOf(masked, u.written)
	for n, w := range writesOf(u.result, u.written) {
		p := page{path: w.target.Path, masked: hidden}
		if p.text, err = w.content(); err != nil {
			return false, fmt.Errorf("reading the present output: %w", err)
		}
		if n < len(shown) && shown[n].target.Path == p.path {
			if p.masked, err = shown[n].content(); err != nil {
				return false, fmt.Errorf("reading the present output: %w", err)
			}
		}
		pages = append(pages, p)
	}
	for _, p := range pages {
		one, err := i.showPage(p, u.result.Tainted, r)
		if err != nil {
			return false, err
		}
		differs = differs || one
	}
	return differs, nil
}

// page is one file as it would be, and as it may be shown.
type page struct {
	path         string
	text, masked []byte
}

func (i *instance) showPage(p page, tainted bool, r RenderOptions) (differs bool, err error) {
	old, err := os.ReadFile(p.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("reading the present output: %w", err)
	}
	differs = err != nil || string(old) != string(p.text)
	err = nil
	switch r.Mode {
	case Print:
		text := p.masked
		if r.ShowSecrets {
			text = p.text
		}
		_, err = fmt.Fprintf(i.o.Stdout, "> %s\n%s", p.path, endLine(text))
	case Diff:
		_, err = fmt.Fprint(i.o.Stdout, output.Diff(p.path, old, p.text, p.masked, tainted))
	case Check:
		if differs {
			_, err = fmt.Fprintf(i.o.Stdout, "%s would change\n", p.path)
		}
	}
	return differs, err
}

// preview prints what changed since it was last asked and differs from the
// file, as consul-template's dry mode does.
func (i *instance) preview() error {
	for _, s := range i.prog.sets {
		if s.env || s.ready == (digest{}) {
			continue
		}
		for _, u := range s.units {
			if u.previewed == u.sum {
				continue
			}
			u.previewed = u.sum
			old, err := os.ReadFile(u.target.Path)
			if err == nil && string(old) == string(u.result.Output) {
				continue
			}
			if _, err := fmt.Fprintf(i.o.Stdout, "> %s\n%s", u.target.Path, u.result.Output); err != nil {
				return err
			}
		}
	}
	return nil
}

// masked returns the output with every secret replaced: not by searching for
// it, but by executing the template again on masked secrets, so that what a
// template makes of a secret is masked too.
func (i *instance) masked(u *unit) (render.Result, error) {
	if !u.result.Tainted {
		return u.result, nil
	}
	result, err := u.source.Execute(render.Masked(i.snapshot))
	if err != nil || len(result.Missing) > 0 {
		return render.Result{Output: hidden}, nil
	}
	return result, nil
}

// hidden stands for an output that cannot be masked.
var hidden = []byte("(not shown: this output depends on what a secret is)\n")

// endLine makes sure that an output that does not end its last line does not
// run into what follows.
func endLine(b []byte) []byte {
	if len(b) == 0 || b[len(b)-1] == '\n' {
		return b
	}
	return append(b[:len(b):len(b)], '\n')
}
