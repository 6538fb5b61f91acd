// Package programs finds or builds the real servers and peers that concierge
// is tested and measured against: etcd, Consul, Vault, Prometheus and consul-template.
//
// A new enough program on PATH is used as it is. Otherwise the version that a
// nested module below ../modules pins is built once into a cache folder; the
// module graphs of the servers stay out of concierge's own go.mod this way.
package programs

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Environment variable that overrides the cache folder, which is otherwise
// concierge/testservers below the user's cache folder.
const CacheVariable = "CONCIERGE_TESTSERVERS"

// InstallCommand builds every program ahead of the tests.
const InstallCommand = "go run ./internal/testserver/install"

// program is one binary and how it is had.
type program struct {
	name     string
	module   string        // module whose version names the cached binary
	command  string        // package to build; default module
	beside   string        // name of the program whose nested module pins this one too; default its own
	tags     string        // build tags
	version  []string      // arguments that print the version
	oldest   [2]int        // least major and minor version accepted from PATH
	estimate time.Duration // time of a cold build on two cores
}

// all returns the known programs in the order of their build time.
func all() []program {
	return []program{
		{
			name: "consul-template", module: "github.com/hashicorp/consul-template",
			version: []string{"-version"}, oldest: [2]int{0, 37}, estimate: 30 * time.Second,
		},
		{
			name: "etcd", module: "go.etcd.io/etcd/server/v3",
			version: []string{"--version"}, oldest: [2]int{3, 5}, estimate: time.Minute,
		},
		{
			name: "prometheus", module: "github.com/prometheus/prometheus", command: "github.com/prometheus/prometheus/cmd/prometheus",
			tags: "remove_all_sd", version: []string{"--version"}, oldest: [2]int{3, 0}, estimate: 4 * time.Minute,
		},
		{
			name: "consul", module: "github.com/hashicorp/consul",
			version: []string{"version"}, oldest: [2]int{1, 16}, estimate: 6 * time.Minute,
		},
		{
			name: "vault", module: "github.com/hashicorp/vault", tags: "minimal",
			version: []string{"version"}, oldest: [2]int{1, 15}, estimate: 7 * time.Minute,
		},
		vaultPlugin("influxdb-database-plugin", "github.com/hashicorp/vault", "plugins/database/influxdb/influxdb-database-plugin"),
		vaultPlugin("vault-plugin-auth-kubernetes", "github.com/hashicorp/vault-plugin-auth-kubernetes", "cmd/vault-plugin-auth-kubernetes"),
	}
}

// vaultPlugin is a plugin that Vault runs beside itself. It is built from the
// module graph of Vault, and never taken from PATH: it has no version to show.
func vaultPlugin(name, module, folder string) program {
	return program{name: name, module: module, command: module + "/" + folder, beside: "vault", estimate: 2 * time.Minute}
}

// Names returns the names that [Path] knows.
func Names() []string {
	var names []string
	for _, p := range all() {
		names = append(names, p.name)
	}
	return names
}

func find(name string) (program, error) {
	known := all()
	i := slices.IndexFunc(known, func(p program) bool { return p.name == name })
	if i < 0 {
		return program{}, fmt.Errorf("finding program %q: unknown (known are %s)", name, strings.Join(Names(), ", "))
	}
	return known[i], nil
}
