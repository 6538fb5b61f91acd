package agent

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"concierge/internal/config"
	"concierge/render"
	"concierge/sources"
)

// credentials are concierge's own; a process inherits them only when its allow
// list names them exactly.
var credentials = []string{
	"CONSUL_HTTP_TOKEN", "CONSUL_HTTP_AUTH", "CONSUL_TOKEN", "VAULT_TOKEN", "ETCDCTL_USER", "ETCDCTL_PASSWORD",
	"CONCIERGE_CONSUL_TOKEN", "CONCIERGE_VAULT_TOKEN", "CONCIERGE_ETCD_PASSWORD", "CONCIERGE_CONFIG_INLINE",
}

// inherit filters concierge's own environment for the process.
func inherit(environ []string, e config.Environment) []string {
	if e.Pristine {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case matches(e.Deny, name):
			return true
		case slices.Contains(e.Allow, name):
			return false
		case slices.Contains(credentials, name):
			return true
		}
		return len(e.Allow) > 0 && !matches(e.Allow, name)
	})
}

// matches reports whether name matches one of the globs, which are validated
// with the configuration.
func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(g string) bool {
		ok, err := path.Match(g, name)
		return ok && err == nil
	})
}

// overlay lays variables over an environment; the last one of a name wins.
func overlay(base []string, vars ...string) []string {
	index := make(map[string]int, len(base)+len(vars))
	env := make([]string, 0, len(base)+len(vars))
	for _, kv := range slices.Concat(base, vars) {
		name, _, _ := strings.Cut(kv, "=")
		if i, ok := index[name]; ok {
			env[i] = kv
			continue
		}
		index[name] = len(env)
		env = append(env, kv)
	}
	return env
}

// prefixVars makes every key below a prefix a variable, as envconsul does. Its
// output is a list of NAME=value entries, each ended by a NUL byte.
type prefixVars struct {
	query    sources.Query
	prefix   string
	upcase   bool
	sanitize bool
}

// Literals implements executor.
func (p prefixVars) Literals() []sources.Query { return []sources.Query{p.query} }

// Execute implements executor.
func (p prefixVars) Execute(l render.Lookup) (render.Result, error) {
	result := render.Result{Used: []sources.Query{p.query}}
	value, ok := l.Lookup(p.query)
	if !ok {
		result.Missing = []render.Missing{{Query: p.query}}
		return result, nil
	}
	result.Tainted = value.Tainted
	pairs, _ := value.Data.(sources.Pairs)
	var b bytes.Buffer
	for _, pair := range pairs {
		key := strings.Trim(strings.TrimPrefix(pair.Path, p.query.Path), "/")
		if key == "" || strings.HasSuffix(pair.Path, "/") {
			continue // a folder marker, or the prefix itself
		}
		if strings.ContainsRune(pair.Value, 0) {
			return result, fmt.Errorf("env_prefix: key %s holds a NUL byte, which no variable can (move it out of the prefix)", pair.Path)
		}
		b.WriteString(p.name(key))
		b.WriteByte('=')
		b.WriteString(pair.Value)
		b.WriteByte(0)
	}
	result.Output = b.Bytes()
	return result, nil
}

// name makes a key the name of a variable.
func (p prefixVars) name(key string) string {
	name := p.prefix + key
	if p.sanitize {
		name = strings.Map(func(r rune) rune {
			if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				return r
			}
			return '_'
		}, name)
	}
	if p.upcase {
		name = strings.ToUpper(name)
	}
	return name
}

// vars returns the entries a unit of the environment contributes.
func (u *unit) vars() []string {
	if u.variable != "" {
		return []string{u.variable + "=" + string(u.result.Output)}
	}
	entries := strings.Split(string(u.result.Output), "\x00")
	return entries[:len(entries)-1]
}
