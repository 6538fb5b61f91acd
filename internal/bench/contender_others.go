package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
)

// confd cannot be built from the module proxy, so that its binary is taken from
// whoever has one. It has no tree call: gets with a pattern is its counterpart.
func confd(binary string) contender {
	args := func(more ...string) func(job) []string {
		return func(j job) []string {
			return append([]string{"-backend", "etcdv3", "-node", "http://" + j.address, "-confdir", j.dir, "-log-level", "error"}, more...)
		}
	}
	return contender{
		name: "confd", binary: binary, takes: forms("etcd", keyCalls, oneTree), prepare: writeConfd,
		once: args("-onetime"), follow: args("-watch"), version: []string{"-version"}, stop: syscall.SIGTERM,
	}
}

func writeConfd(j job) error {
	text := calls(j.scenario, "{{ getv %q }}", "{{ range gets %q }}{{ .Key }} = {{ .Value }}\n{{ end }}", "/*")
	resource := fmt.Sprintf("[template]\nsrc = %q\ndest = %q\nmode = \"0644\"\nkeys = [%q]\n",
		"in.tmpl", j.output(0), "/"+prefix(j.keys))
	return writeFiles(map[string]string{
		filepath.Join(j.dir, "conf.d", "bench.toml"): resource,
		filepath.Join(j.dir, "templates", "in.tmpl"): text,
	})
}

// remco is had as confd is. Its templates are pongo2.
func remco(binary string) contender {
	args := func(file string) func(job) []string {
		return func(j job) []string { return []string{"-config", filepath.Join(j.dir, file)} }
	}
	return contender{
		name: "remco", binary: binary, takes: forms("etcd", keyCalls, oneTree), prepare: writeRemco,
		once: args("once.toml"), follow: args("follow.toml"), version: []string{"-version"}, stop: syscall.SIGTERM,
	}
}

func writeRemco(j job) error {
	text := calls(j.scenario, "{{ getv(%q) }}", "{%% for kv in gets(%q) %%}{{ kv.Key }} = {{ kv.Value }}\n{%% endfor %%}", "/*")
	config := func(mode string) string {
		return fmt.Sprintf(`log_level = "error"
[[resource]]
  name = "bench"
  [[resource.template]]
    src = %q
    dst = %q
  [resource.backend]
    [resource.backend.etcd]
      nodes = [%q]
      version = 3
      keys = [%q]
      %s = true
`, j.input(0), j.output(0), j.address, "/"+prefix(j.keys), mode)
	}
	return writeFiles(map[string]string{
		j.input(0):                          text,
		filepath.Join(j.dir, "once.toml"):   config("onetime"),
		filepath.Join(j.dir, "follow.toml"): config("watch"),
	})
}

// calls is the template of a program that does not speak consul-template's
// language: key and tree are formats that take a path, which for a tree ends in
// pattern. Output is the same.
func calls(s scenario, key, tree, pattern string) string {
	if s.form == oneTree {
		return fmt.Sprintf(tree, "/"+prefix(s.keys)+pattern)
	}
	var b strings.Builder
	for i := range s.keys {
		fmt.Fprintf(&b, "%s = "+key+"\n", name(i), "/"+keyPath(s.keys, i))
	}
	return b.String()
}
