package render

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"text/template"

	"concierge/sources"
)

// Template is a compiled template. It is safe for concurrent use; its
// executions run one after the other.
type Template struct {
	options  Options
	text     string
	literals []sources.Query
	root     *template.Template // nil if the parts are all there is

	mu      sync.Mutex
	run     *run     // the running execution; guarded by mu
	cut     partwise // guarded by mu
	lists   lists    // guarded by mu
	size    int      // of the last output; guarded by mu
	plugins plugins  // guarded by mu
}

// Result is what one execution gave.
type Result struct {
	// Output is the rendered text. It is nil while anything is missing.
	Output []byte
	// Used holds what was asked for, in the order of first use.
	Used []sources.Query
	// Missing holds what was asked for and is not there, in the order of use.
	Missing []Missing
	// Tainted says that the execution read a secret.
	Tainted bool
	// Writes holds the files that the function writeToFile asked for, in the
	// order of the calls. It is nil while anything is missing.
	Writes []Write
	// Provisional is the error an incomplete execution ended with. It may
	// vanish when the missing data arrives.
	Provisional error
}

// Missing is something a template waits for, with the place of its first use.
type Missing struct {
	Query        sources.Query
	Line, Column int // from 1; the column counts bytes
	// Absent says that the store confirmed that it does not exist; otherwise
	// there is no answer yet.
	Absent bool
}

// Literals returns the queries whose arguments stand literally in the
// template, so that they can be fetched before its first execution. They may
// include ones that no execution reaches. The list is not to be changed.
func (t *Template) Literals() []sources.Query { return t.literals }

// Execute runs the template on what l knows. An error is an [*Error] and comes
// with the Used and Tainted parts of the result; while something is missing
// the error is in [Result.Provisional] instead. It blocks while a program that
// the template calls with the function plugin runs.
func (t *Template) Execute(l Lookup) (Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if result, ok := t.partly(l); ok {
		t.size = len(result.Output)
		return result, nil
	}
	result, failed := t.once(l)
	if failed == nil {
		t.size = len(result.Output)
		return result, nil
	}
	if result.Tainted {
		failed = t.showable(failed, l)
	}
	failed = failed.redacted(t.options.Redactor)
	if len(result.Missing) > 0 {
		result.Provisional = failed
		return result, nil
	}
	return result, failed
}

// once is one execution. Its error may tell secrets if the result is tainted.
func (t *Template) once(l Lookup) (Result, *Error) {
	t.run = newRun(l, t.options.Redactor)
	defer func() { t.run = nil }()
	output := bytes.NewBuffer(make([]byte, 0, t.size+t.size/8))
	failed := t.failure(t.whole(output))
	t.lists.keep(t.run.used)
	result := Result{Used: t.run.used, Missing: t.missing(), Tainted: t.run.tainted}
	if len(result.Missing) > 0 {
		return result, failed
	}
	if !t.run.masked {
		t.plugins.settle()
	}
	if failed == nil {
		result.Output, result.Writes = output.Bytes(), t.run.writes
		t.print()
	}
	return result, failed
}

// whole executes the template as a whole.
func (t *Template) whole(output *bytes.Buffer) error {
	if t.root != nil {
		return t.into(output, t.root, nil)
	}
	for _, p := range t.cut.parts {
		for _, q := range p.direct.asks {
			t.run.use(q)
		}
		p.direct.execute(t.run, output)
	}
	return nil
}

// into executes one of the template's definitions. text/template passes
// runtime errors of its own through as panics; no template text may end the
// process.
func (t *Template) into(w io.Writer, tmpl *template.Template, data any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("executing the template: %v", r)
		}
	}()
	return tmpl.Execute(w, data)
}

func (t *Template) missing() []Missing {
	var list []Missing
	for _, l := range t.run.lacking {
		line, column := position(t.text, l.offset)
		list = append(list, Missing{Query: l.query, Line: line, Column: column, Absent: l.absent})
	}
	return list
}
