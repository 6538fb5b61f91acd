package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// job is one template to be rendered by one contender, in a directory of its
// own.
type job struct {
	scenario
	address string // of the store
	dir     string
}

func (j job) input() string  { return filepath.Join(j.dir, "in.tmpl") }
func (j job) output() string { return filepath.Join(j.dir, "out", "rendered") }

// contender is a program under measurement.
type contender struct {
	name, binary string
	stores       []string        // names of the stores it can be measured on
	prepare      func(job) error // writes the input files
	once, follow func(job) []string
	version      []string       // arguments that print the version
	stop         syscall.Signal // what ends it as a daemon
}

func (c contender) measuredOn(store string) bool { return slices.Contains(c.stores, store) }

// newJob makes a directory with everything the contender needs.
func (c contender) newJob(dir string, st store, s scenario) (job, error) {
	j := job{scenario: s, address: st.address(s)}
	var err error
	if j.dir, err = os.MkdirTemp(dir, c.name+"-"); err != nil {
		return j, err
	}
	if err := os.Mkdir(filepath.Dir(j.output()), 0o755); err != nil {
		return j, err
	}
	if err := c.prepare(j); err != nil {
		return j, fmt.Errorf("preparing %s for %s on %s: %w", c.name, s, st.name(), err)
	}
	return j, nil
}

func writeTemplate(j job) error {
	return os.WriteFile(j.input(), []byte(j.template()), 0o644)
}

func concierge(binary string) contender {
	args := func(command string) func(job) []string {
		return func(j job) []string {
			flags := map[string][]string{
				"Consul": {"--consul-address", j.address},
				"etcd":   {"--etcd-endpoints", j.address, "--etcd-prefix", "/"},
				"file":   {"--file-path", j.address},
			}
			return append([]string{command, "--template", j.input() + ":" + j.output()}, flags[j.store]...)
		}
	}
	return contender{
		name: "concierge", binary: binary, stores: []string{"Consul", "etcd", "file"}, prepare: writeTemplate,
		once: args("render"), follow: args("run"), version: []string{"version"}, stop: syscall.SIGTERM,
	}
}

// consulTemplate stops on SIGINT: without a child it ignores SIGTERM.
func consulTemplate(binary string) contender {
	args := func(more ...string) func(job) []string {
		return func(j job) []string {
			return append([]string{"-consul-addr", j.address, "-template", j.input() + ":" + j.output()}, more...)
		}
	}
	return contender{
		name: "consul-template", binary: binary, stores: []string{"Consul"}, prepare: writeTemplate,
		once: args("-once"), follow: args(), version: []string{"-version"}, stop: syscall.SIGINT,
	}
}
