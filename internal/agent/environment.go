package agent

import (
	"path"
	"slices"
	"strings"

	"concierge/internal/config"
	"concierge/internal/host"
)

// credentials are concierge's own; a process inherits them only when its allow
// list names them exactly.
var credentials = []string{
	"CONSUL_HTTP_TOKEN", "CONSUL_HTTP_AUTH", "CONSUL_TOKEN", "VAULT_TOKEN", "ETCDCTL_USER", "ETCDCTL_PASSWORD",
	"CONCIERGE_CONSUL_TOKEN", "CONCIERGE_VAULT_TOKEN", "CONCIERGE_ETCD_PASSWORD", "CONCIERGE_CONFIG_INLINE",
}

// managerVariables are between the service manager and concierge.
var managerVariables = host.Variables()

// environmentOf makes the environment of a process or command: what it
// inherits, the variables from stores, and what the configuration adds.
func environmentOf(environ []string, e config.Environment, vars ...string) []string {
	base := inherit(environ, e)
	if e.Everything {
		vars = slices.DeleteFunc(slices.Clone(vars), func(kv string) bool {
			name, _, _ := strings.Cut(kv, "=")
			return !passes(e, name)
		})
	}
	for _, entry := range e.Hidden {
		vars = append(vars, entry.Reveal())
	}
	return overlay(base, append(vars, e.Set...)...)
}

// inherit filters concierge's own environment for the process.
func inherit(environ []string, e config.Environment) []string {
	if e.Pristine {
		return []string{} // not nil, which would mean "as the parent's"
	}
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case slices.Contains(managerVariables, name):
			return true
		case slices.Contains(e.Allow, name) && !matches(e.Deny, name):
			return false
		case !e.Credentials && slices.Contains(credentials, name):
			return true
		}
		return !passes(e, name)
	})
}

// passes reports whether the filters let a variable through.
func passes(e config.Environment, name string) bool {
	return !matches(e.Deny, name) && (len(e.Allow) == 0 || matches(e.Allow, name))
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

// vars returns the entries a unit of the environment contributes.
func (u *unit) vars() []string {
	if u.variable != "" {
		return []string{u.variable + "=" + string(u.result.Output)}
	}
	entries := strings.Split(string(u.result.Output), "\x00")
	return entries[:len(entries)-1]
}
