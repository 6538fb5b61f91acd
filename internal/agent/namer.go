package agent

import (
	"fmt"
	"strings"
	"text/template"
)

// namer makes names of variables. It belongs to one goroutine.
type namer struct {
	format           *template.Template // nil takes the key as it is
	upcase, sanitize bool

	key, service string // of the name being made, for the format
}

// newNamer compiles a format, in which key and service are functions.
func newNamer(format string, upcase, sanitize bool) (*namer, error) {
	n := &namer{upcase: upcase, sanitize: sanitize}
	if format == "" {
		return n, nil
	}
	var err error
	n.format, err = template.New("format").Option("missingkey=error").Funcs(template.FuncMap{
		"key":        func() string { return n.key },
		"service":    func() string { return n.service },
		"replaceKey": func(old, new, key string) string { return strings.ReplaceAll(key, old, new) },
	}).Parse(format)
	if err != nil {
		return nil, fmt.Errorf("format %q: %w", format, err)
	}
	return n, nil
}

// name applies the format.
func (n *namer) name(key, service string) (string, error) {
	if n.format == nil {
		return key, nil
	}
	n.key, n.service = key, service
	var b strings.Builder
	if err := n.format.Execute(&b, nil); err != nil {
		return "", err
	}
	return b.String(), nil
}

// finish makes a name one that a shell can use, as far as that is asked for.
func (n *namer) finish(name string) string {
	if n.sanitize {
		name = sanitized(name)
	}
	if n.upcase {
		name = strings.ToUpper(name)
	}
	return name
}

// sanitized turns every character that a name cannot have into an underscore.
func sanitized(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}
