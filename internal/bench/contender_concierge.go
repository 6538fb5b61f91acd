package bench

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

func concierge(binary string) contender {
	return contender{
		name: "concierge", binary: binary, prepare: writeConcierge,
		takes:  func(scenario) bool { return true },
		once:   conciergeOnce,
		follow: func(j job) []string { return conciergeArgs("run", j) },
		supervise: func(j job, child []string) []string {
			return append(conciergeArgs("run", j, "--process-reload-signal", "HUP", "--"), child...)
		},
		version: []string{"version"}, stop: syscall.SIGTERM,
	}
}

// conciergeOnce renders, or starts a process with variables.
func conciergeOnce(j job) []string {
	if j.form == variables {
		return append(conciergeArgs("run", j, "--"), keepEnvironment(j)...)
	}
	return conciergeArgs("render", j)
}

func conciergeArgs(command string, j job, more ...string) []string {
	stores := map[string][]string{
		"Consul": {"--consul-address", j.address},
		"etcd":   {"--etcd-endpoints", j.address, "--etcd-prefix", "/"},
		"file":   {"--file-path", j.address},
		"Vault":  {"--vault-address", j.address, "--vault-token-file", j.tokenFile(), "--vault-refresh", staticInterval},
	}
	args := append([]string{command}, stores[j.store]...)
	if j.form == ownTemplates || j.form == variables {
		args = append(args, "--config", j.config("yaml"))
	} else {
		args = append(args, "--template", j.input(0)+":"+j.output(0))
	}
	return append(args, more...)
}

// writeConcierge writes the templates, and what no flag can say.
func writeConcierge(j job) error {
	var config strings.Builder
	switch j.form {
	case variables:
		fmt.Fprintf(&config, "env_prefix: [%s]\n", prefix(j.keys))
	case ownTemplates:
		config.WriteString("templates:\n")
		for i := range j.keys {
			fmt.Fprintf(&config, "  - {source: %s, destination: %s}\n", j.input(i), j.output(i))
		}
	}
	return errors.Join(
		writeTemplates(j),
		os.WriteFile(j.config("yaml"), []byte(config.String()), 0o644),
		os.WriteFile(j.tokenFile(), []byte(j.token), 0o600))
}

// keepEnvironment is a process that leaves its variables in the output, each
// ended by a zero byte.
func keepEnvironment(j job) []string { return []string{"cp", "/proc/self/environ", j.output(0)} }
