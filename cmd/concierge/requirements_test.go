package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// requirement is one that the first process of a container has to meet.
type requirement struct {
	name  string // of its test, with its number
	asks  string // for the table in docs/supervision.md, as are:
	does  string // what concierge does
	peers string // what others do in the same scenario; empty where none has what it takes
	parts map[string]func(t *testing.T, run []string)
}

// requirements returns all of them in order.
func requirements() []requirement {
	return slices.Concat(childRequirements(), endRequirements(), orderRequirements(),
		restartRequirements(), probeRequirements(), startRequirements(), operatorRequirements())
}

// TestRequirement runs the binary as PID 1 of real PID namespaces with real
// processes, beside tini, dumb-init and consul-template where these can do the
// same.
func TestRequirement(t *testing.T) {
	run := []string{built(t), "run"}
	referConsulTemplate(t, filepath.Dir(run[0]))
	for n, r := range requirements() {
		if prefix := fmt.Sprintf("%02d_", n+1); !strings.HasPrefix(r.name, prefix) {
			t.Errorf("%s is at the place of %s", r.name, prefix)
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for name, part := range r.parts {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					part(t, run)
				})
			}
		})
	}
}

// requirementsTable is a part of docs/supervision.md.
func requirementsTable() string {
	var b strings.Builder
	b.WriteString("| test | what is asked | what concierge does | beside it |\n|---|---|---|---|\n")
	for _, r := range requirements() {
		peers := r.peers
		if peers == "" {
			peers = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.name, escape(r.asks), escape(r.does), escape(peers))
	}
	return b.String()
}
