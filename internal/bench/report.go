package bench

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// report is a finished run.
type report struct {
	run
	versions []string // of servers and peers
	absent   []string // peers that were not there
	partial  bool     // only some parts were measured
}

// markdown prints the tables and what they were taken on.
func (r report) markdown() (string, error) {
	var b strings.Builder
	if err := r.conditions(&b); err != nil {
		return "", err
	}
	if r.plan.bars {
		b.WriteString("\n### What is to be reached\n\n")
		writeBars(&b, r.bars(), r.partial)
	}
	for _, store := range []string{"Consul", "etcd", "file", "Vault"} {
		r.onStore(&b, store)
	}
	own, peer := r.named("concierge"), r.named("consul-template")
	if start := coldStart("Consul"); len(r.results.at(start, own)) > 0 {
		b.WriteString("\n### Start-up\n\n")
		r.results.pair(&b, []scenario{start}, startRows(), own, peer)
	}
	if len(r.absent) > 0 {
		fmt.Fprintf(&b, "\nNot measured, since their binaries were not given: %s.\n", strings.Join(r.absent, ", "))
	}
	return b.String(), nil
}

// onStore prints concierge beside each peer on a store, and alone where there
// is none.
func (r report) onStore(b *strings.Builder, store string) {
	own := r.contenders[0]
	alone := r.measuredWith(store, own)
	for _, peer := range r.contenders[1:] {
		scenarios := r.measuredWith(store, peer)
		if len(scenarios) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n### On %s, beside %s\n", storeTitle(store), peer.title())
		if peer.yardstick {
			r.results.tables(b, scenarios, latencyRows(), own, &peer)
			continue
		}
		r.results.tables(b, scenarios, rows(), own, &peer)
		alone = slices.DeleteFunc(alone, func(s scenario) bool { return slices.Contains(scenarios, s) })
	}
	if len(alone) > 0 {
		fmt.Fprintf(b, "\n### On %s, concierge alone\n", storeTitle(store))
		r.results.tables(b, alone, rows(), own, nil)
	}
}

// measuredWith returns the scenarios of a store that a contender has samples
// of.
func (r report) measuredWith(store string, c contender) []scenario {
	return slices.DeleteFunc(r.scenarios(store), func(s scenario) bool { return len(r.results.at(s, c)) == 0 })
}

// named returns a contender; one that did not take part has no samples.
func (r report) named(name string) contender {
	for _, c := range r.contenders {
		if c.name == name {
			return c
		}
	}
	return contender{name: name}
}

// conditions says what the figures were taken on, without naming the machine.
func (r report) conditions(b *strings.Builder) error {
	memory, load, err := memoryAndLoad()
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "%d cores, %d GB of memory, %s/%s, %s; %s. Load average at the end: %.1f.\n",
		runtime.NumCPU(), (memory+1<<29)>>30, runtime.GOOS, runtime.GOARCH, runtime.Version(),
		strings.Join(r.versions, ", "), load)
	fmt.Fprintf(b, "For each figure: %d to %d one-shot runs (%d of start-up); %d to %d changes under each of %s; %s of idling.\n",
		r.minOnce, r.maxOnce, r.starts, r.minChanges, r.maxChanges, plural(r.rounds, "daemon"), r.idle)
	return nil
}

func (c contender) title() string {
	if c.yardstick {
		return "a " + c.name
	}
	return c.name
}

func storeTitle(store string) string {
	if store == "file" {
		return "a local directory"
	}
	return store
}
