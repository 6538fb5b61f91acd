package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"concierge/internal/config"
	"concierge/render"
	"concierge/sources"
)

// entries collects variables as a list of NAME=value, each ended by a NUL byte.
type entries struct{ bytes.Buffer }

// add adds a variable; from says where its value is from.
func (e *entries) add(name, value, from string) error {
	if strings.ContainsRune(value, 0) {
		return fmt.Errorf("%s holds a NUL byte, which no variable can (leave it out of the environment)", from)
	}
	e.WriteString(name + "=" + value + "\x00")
	return nil
}

// prefixVars makes every key below a prefix a variable, as envconsul does.
type prefixVars struct {
	query  sources.Query
	prefix string // in front of every name
	lead   string // in front of every key: the path, if it is to be part of the names
	names  *namer
}

func newPrefixVars(q sources.Query, p config.EnvPrefix) (*prefixVars, error) {
	names, err := newNamer(p.Format, *p.Upcase, *p.Sanitize)
	v := &prefixVars{query: q, prefix: p.Prefix, names: names}
	if !*p.NoPrefix {
		v.lead = sanitized(strings.Trim(q.Path, "/")) + "_"
	}
	return v, err
}

// Literals implements executor.
func (p *prefixVars) Literals() []sources.Query { return []sources.Query{p.query} }

// Execute implements executor.
func (p *prefixVars) Execute(l render.Lookup) (render.Result, error) {
	result := render.Result{Used: p.Literals()}
	value, ok := l.Lookup(p.query)
	if !ok {
		result.Missing = []render.Missing{{Query: p.query}}
		return result, nil
	}
	result.Tainted = value.Tainted
	pairs, _ := value.Data.(sources.Pairs)
	var out entries
	for _, pair := range pairs {
		key := strings.Trim(strings.TrimPrefix(pair.Path, p.query.Path), "/")
		if key == "" || strings.HasSuffix(pair.Path, "/") {
			continue // a folder marker, or the prefix itself
		}
		name, err := p.names.name(p.lead+key, "")
		if err == nil {
			err = out.add(p.names.finish(p.prefix+name), pair.Value, "key "+pair.Path)
		}
		if err != nil {
			return result, fmt.Errorf("env_prefix: %w", err)
		}
	}
	result.Output = out.Bytes()
	return result, nil
}

// secretVars makes the fields of a secret variables, as envconsul does.
type secretVars struct {
	query  sources.Query
	lead   string
	format bool
	names  *namer
	keys   map[string][]*namer // by field; nil takes all
}

func newSecretVars(q sources.Query, s config.EnvSecret) (*secretVars, error) {
	names, err := newNamer(s.Format, *s.Upcase, *s.Sanitize)
	v := &secretVars{query: q, names: names, format: s.Format != ""}
	if !s.NoPrefix {
		v.lead = sanitized(q.Path) + "_"
	}
	for _, k := range s.Keys {
		own, keyErr := newNamer(k.Format, *s.Upcase, *s.Sanitize)
		if keyErr != nil {
			err = keyErr
		}
		if v.keys == nil {
			v.keys = make(map[string][]*namer)
		}
		v.keys[k.Name] = append(v.keys[k.Name], own)
	}
	return v, err
}

// Literals implements executor.
func (s *secretVars) Literals() []sources.Query { return []sources.Query{s.query} }

// Execute implements executor.
func (s *secretVars) Execute(l render.Lookup) (render.Result, error) {
	result := render.Result{Used: s.Literals()}
	value, ok := l.Lookup(s.query)
	data, isSecret := value.Data.(*sources.SecretData)
	if !ok || !value.Exists || !isSecret {
		result.Missing = []render.Missing{{Query: s.query, Absent: ok}}
		return result, nil
	}
	result.Tainted = value.Tainted
	fields := fieldsOf(data)
	var out entries
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		text, is := textOf(fields[field])
		if !is || field == "" {
			continue
		}
		if err := s.field(&out, field, text); err != nil {
			return result, fmt.Errorf("env_secret %s: %w", s.query.Path, err)
		}
	}
	result.Output = out.Bytes()
	return result, nil
}

// field adds the variables of one field.
func (s *secretVars) field(out *entries, field, text string) error {
	names := []string{field}
	if s.keys != nil && !s.format {
		names = nil
		for _, own := range s.keys[field] {
			name, err := own.name(field, "")
			if err != nil {
				return err
			}
			names = append(names, name)
		}
	}
	for _, name := range names {
		name, err := s.names.name(s.lead+name, "")
		if err == nil {
			err = out.add(s.names.finish(name), text, "field "+field)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fieldsOf returns the user's data, which version 2 of the key-value engine
// wraps.
func fieldsOf(data *sources.SecretData) map[string]any {
	inner, wrapped := data.Data["data"].(map[string]any)
	if _, versioned := data.Data["metadata"].(map[string]any); wrapped && versioned && len(data.Data) == 2 {
		return inner
	}
	return data.Data
}

// textOf returns what a variable can hold. envconsul leaves numbers and truth
// values out, too.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// serviceVars makes the instances of a service variables, as envconsul does.
type serviceVars struct {
	query                  sources.Query
	id, name, address, tag *namer
	port                   *namer
}

func newServiceVars(q sources.Query, s config.EnvService) (*serviceVars, error) {
	v := &serviceVars{query: q}
	for _, f := range []struct {
		namer  **namer
		format string
	}{
		{&v.id, s.FormatID}, {&v.name, s.FormatName}, {&v.address, s.FormatAddress}, {&v.tag, s.FormatTag}, {&v.port, s.FormatPort},
	} {
		if f.format == "" {
			f.format = "{{ service }}/{{ key }}"
		}
		var err error
		if *f.namer, err = newNamer(f.format, *s.Upcase, *s.Sanitize); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Literals implements executor.
func (s *serviceVars) Literals() []sources.Query { return []sources.Query{s.query} }

// Execute implements executor.
func (s *serviceVars) Execute(l render.Lookup) (render.Result, error) {
	result := render.Result{Used: s.Literals()}
	value, ok := l.Lookup(s.query)
	if !ok {
		result.Missing = []render.Missing{{Query: s.query}}
		return result, nil
	}
	instances, _ := value.Data.(sources.HealthServices)
	var out entries
	for _, i := range instances {
		address := i.Address
		if address == i.NodeAddress {
			address = "" // that of its node
		}
		for _, v := range []struct {
			names      *namer
			key, value string
		}{
			{s.id, "id", i.ID}, {s.name, "name", i.Name}, {s.address, "address", address},
			{s.tag, "tag", strings.Join(i.Tags, ",")}, {s.port, "port", strconv.Itoa(i.Port)},
		} {
			name, err := v.names.name(v.key, i.Name)
			if err == nil {
				err = out.add(v.names.finish(name), v.value, "service "+i.Name)
			}
			if err != nil {
				return result, fmt.Errorf("env_service: %w", err)
			}
		}
	}
	result.Output = out.Bytes()
	return result, nil
}
