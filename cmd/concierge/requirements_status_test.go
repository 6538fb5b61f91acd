package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// statusesBeside compares the exit statuses.
func statusesBeside(t *testing.T, run []string) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	const dumb, ct = "dumb-init", "consul-template"
	for _, c := range []struct {
		name    string
		command []string
		signal  syscall.Signal // sent to PID 1 when the process says "up"
		want    int
		flaws   map[string]int
		others  []string
	}{
		{name: "success", command: []string{"true"}},
		{name: "a status", command: sh("exit 7"), want: 7},
		{name: "the last status", command: sh("exit 255"), want: 255},
		{name: "killed", command: sh("kill -KILL $$"), want: 137, flaws: map[string]int{ct: 255}},
		{name: "terminated", command: sh("kill -TERM $$"), want: 143, flaws: map[string]int{ct: 255}},
		{name: "a fault", command: sh("kill -SEGV $$"), want: 139, flaws: map[string]int{ct: 255}},
		{name: "a real-time signal", command: sh("kill -40 $$"), want: 168, flaws: map[string]int{ct: 255}},
		// dumb-init says 2 whenever it cannot execute.
		{name: "no program", command: []string{"no-such-program-anywhere"}, want: 127, flaws: map[string]int{dumb: 2, ct: 14}},
		{name: "not executable", command: []string{plain}, want: 126, flaws: map[string]int{dumb: 2, ct: 14}},
		{name: "TERM handled", command: sh("trap 'exit 5' TERM; " + up), signal: syscall.SIGTERM, want: 5},
		{name: "TERM", command: sh(up), signal: syscall.SIGTERM, want: 143, flaws: map[string]int{ct: 255}},
		{name: "INT handled", command: sh("trap 'exit 6' TERM INT; " + up), signal: syscall.SIGINT, want: 6, flaws: map[string]int{ct: 12}},
		{name: "USR1 handled", command: sh("trap 'exit 8' USR1; " + up), signal: syscall.SIGUSR1, want: 8},
		{name: "QUIT", command: sh(up), signal: syscall.SIGQUIT, want: 131, flaws: map[string]int{ct: 255}},
		{name: "a real-time signal forwarded", command: sh(up), signal: 50, want: 178, others: []string{"tini", dumb}},
	} {
		t.Run(c.name, func(t *testing.T) {
			flaws := make(map[string]string)
			for name, status := range c.flaws {
				flaws[name] = strconv.Itoa(status)
			}
			compare(t, run, scenario{want: strconv.Itoa(c.want), flaws: flaws, others: c.others, play: func(box *container, s supervisor) string {
				box.start(s.above(box, c.command...)...)
				if c.signal != 0 {
					box.until("up\n")
					s.settle()
					box.signal(c.signal)
				}
				return strconv.Itoa(box.wait())
			}})
		})
	}
}

func statusIsRemapped(t *testing.T, run []string) {
	for code, want := range map[int]int{143: 0, 7: 0, 8: 8} {
		if status := start(t, run, fmt.Sprintf("exit %d", code), "--process-success-codes", "143,7").wait(); status != want {
			t.Errorf("status %d becomes %d, want %d", code, status, want)
		}
	}
}
