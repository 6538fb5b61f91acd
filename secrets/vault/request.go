package vault

import (
	"fmt"
	"net/url"
	"strings"

	"concierge/secrets"
	"concierge/sources"
)

// request is one thing to ask of Vault. Queries that mean the same share one.
type request struct {
	kind   sources.Kind
	path   string // without slashes around it
	params string
}

func requestFor(q sources.Query) request {
	return request{kind: q.Kind, path: strings.Trim(q.Path, "/ "), params: q.Opts().Params}
}

// serves reports whether this package answers queries of the kind.
func serves(k sources.Kind) bool {
	switch k {
	case sources.Secret, sources.SecretList, sources.SecretWrite, sources.PKICertificate:
		return true
	}
	return false
}

// writes reports whether the parameters are sent as data, which may be secret.
func (r request) writes() bool {
	return r.kind == sources.SecretWrite || r.kind == sources.PKICertificate
}

func (r request) String() string {
	switch r.kind {
	case sources.SecretList:
		return "listing secrets " + r.path
	case sources.SecretWrite:
		return "writing secret " + r.path
	case sources.PKICertificate:
		return "issuing certificate " + r.path
	}
	return "reading secret " + r.path
}

// values reads the parameters. The error does not show them if they may be
// secret.
func (r request) values() (url.Values, error) {
	values, err := url.ParseQuery(r.params)
	switch {
	case err == nil:
		return values, nil
	case r.writes():
		return nil, &refusal{fmt.Errorf("%s: the parameters are not name=value&name=value in URL encoding", r)}
	}
	return nil, &refusal{fmt.Errorf("%s: parameters %q: %w; write them as name=value&name=value", r, r.params, err)}
}

// body makes the data of a write. Of a name that is given twice the last one
// counts, as in consul-template.
func body(params url.Values) map[string]any {
	data := make(map[string]any, len(params))
	for name, values := range params {
		if name != sources.ParamFile {
			data[name] = values[len(values)-1]
		}
	}
	return data
}

// masked returns hints that show no parameter which Vault repeats.
func (r request) masked(h hints, params url.Values) hints {
	if !r.writes() {
		return h
	}
	var redactor secrets.Redactor
	for name, values := range params {
		if name == sources.ParamFile {
			continue
		}
		for _, v := range values {
			redactor.Add(v)
			redactor.Add(splitList(v)...)
		}
	}
	return h.masking(redactor.Redact)
}

// splitList splits a parameter that Vault takes as a list.
func splitList(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
}
