package render

import (
	"fmt"
	"net/url"
	"strings"

	"concierge/sources"
)

// secretAsked reads one argument as a read and more as a write, even if they
// are empty, as consul-template does.
func secretAsked(o *Options, args []string) (sources.Query, error) {
	switch len(args) {
	case 0:
		return sources.Query{}, nil
	case 1:
		return o.query(sources.Secret, args[0])
	}
	return o.writing(sources.SecretWrite, args[0], args[1:], "")
}

// certificateAsked drops the query string of the path, as consul-template does.
func certificateAsked(o *Options, args []string) (sources.Query, error) {
	if len(args) == 0 {
		return sources.Query{}, nil
	}
	path, _, _ := strings.Cut(args[0], "?")
	return o.writing(sources.PKICertificate, path, args[1:], o.Destination)
}

// writing is a query that sends names and values to a path. file is where the
// answer may already be.
func (o *Options) writing(kind sources.Kind, path string, pairs []string, file string) (sources.Query, error) {
	path, err := o.Sources.secretPath(path)
	if err != nil {
		return sources.Query{}, err
	}
	path = strings.Trim(strings.TrimSpace(path), "/")
	if path == "" {
		return sources.Query{}, hint(errEmptyPath, `name what to write to, for example "pki/issue/web"`)
	}
	params, err := assignments(pairs)
	if err != nil {
		return sources.Query{}, err
	}
	if file != "" {
		params.Set(sources.ParamFile, file)
	}
	return sources.Query{Source: vault, Kind: kind, Path: path, Options: sources.Options{Params: params.Encode()}.Handle()}, nil
}

// assignments reads arguments of the form name=value. Empty ones are skipped,
// the last of equal names wins. What is wrong with one is said without its
// text, which may hold a secret.
func assignments(args []string) (url.Values, error) {
	params := make(url.Values, len(args))
	for i, arg := range args {
		if arg == "" {
			continue
		}
		name, value, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, hint(fmt.Errorf("argument %d is not of the form name=value", i+2), `write "ttl=1h"`)
		}
		params.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return params, nil
}

// Certificate is what the function pkiCert gives to templates.
type Certificate sources.Certificate

// Data returns the certificate itself, so that templates written for the
// function secret work.
func (c Certificate) Data() Certificate { return c }

func (t *Template) pkiCert(offset int, args ...string) (any, error) {
	q, err := certificateAsked(&t.options, args)
	if err != nil || q.Kind == 0 {
		return nil, err
	}
	v, ok := t.run.ask(q, offset)
	c, _ := v.Data.(*sources.Certificate)
	switch {
	case !ok:
		return nil, nil
	case c == nil:
		t.run.lack(q, offset, true)
		return nil, nil
	}
	return Certificate(*c), nil
}
