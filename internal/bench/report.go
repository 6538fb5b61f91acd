package bench

import (
	"fmt"
	"runtime"
	"strings"
)

// report is a finished run.
type report struct {
	run
	versions []string // of servers and peers
	absent   []string // peers that were not there
}

// markdown prints the tables and what they were taken on.
func (r report) markdown() (string, error) {
	var b strings.Builder
	if err := r.conditions(&b); err != nil {
		return "", err
	}
	own, peers := r.contenders[0], r.contenders[1:]
	for _, st := range own.stores {
		scenarios := r.scenarios(st)
		for _, peer := range peers {
			if peer.measuredOn(st) {
				fmt.Fprintf(&b, "\n### On %s, beside %s\n\n", st, peer.name)
				r.results.pair(&b, scenarios, rows(), own, peer)
			}
		}
		if st != "Consul" {
			fmt.Fprintf(&b, "\n### On %s, concierge alone\n\n", storeTitle(st))
			r.results.single(&b, scenarios, rows(), own)
		}
	}
	b.WriteString("\n### Start-up\n\n")
	r.results.pair(&b, []scenario{{store: "Consul", keys: fewKeys}}, startRows(), own, peers[0])
	if len(r.absent) > 0 {
		fmt.Fprintf(&b, "\nNot measured, since their binaries were not given: %s.\n", strings.Join(r.absent, ", "))
	}
	return b.String(), nil
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
	fmt.Fprintf(b, "For each figure: %d to %d one-shot runs; %d changes under each of %s; %s of idling.\n",
		r.minOnce, r.maxOnce, r.changes, plural(r.rounds, "daemon"), r.idle)
	return nil
}

func storeTitle(store string) string {
	if store == "file" {
		return "a local directory"
	}
	return store
}

func plural(n int, one string) string {
	if n == 1 {
		return "one " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
