package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/testserver"
)

// supervisor is a program that can be PID 1 above another one.
type supervisor struct {
	name string // with its flags: "tini -s"
	path string
}

// above returns the command line that starts the supervisor above a program in
// a container.
func (s supervisor) above(c *container, command ...string) []string {
	c.t.Helper()
	flags := strings.Fields(s.name)[1:]
	switch strings.Fields(s.name)[0] {
	case "concierge":
		flags = slices.Concat([]string{"run", "--process-stop-timeout", "5s"}, flags, []string{"--"})
	case "consul-template":
		text, err := json.Marshal(map[string]any{"exec": map[string]any{"command": command, "kill_timeout": "5s"}})
		if err != nil {
			c.t.Fatal(err)
		}
		c.write("consul-template.json", string(text))
		return append([]string{s.path, "-config", "consul-template.json"}, flags...)
	default:
		flags = append(flags, "--")
	}
	return slices.Concat([]string{s.path}, flags, command)
}

// settle waits until the supervisor listens to signals. Only consul-template
// begins to do so after its process has begun, at a moment that nothing shows.
func (s supervisor) settle() {
	if s.name == "consul-template" {
		time.Sleep(500 * time.Millisecond)
	}
}

// scenario is what concierge and others are put through, in a container of
// their own each. It comes to the same with all of them, except for flaws.
type scenario struct {
	play   func(c *container, s supervisor) (outcome string)
	want   string
	flaws  map[string]string // outcomes that differ, by supervisor
	others []string          // supervisors beside concierge; tini, dumb-init and consul-template unless set
}

// compare plays a scenario. tini and dumb-init take part where they are
// installed.
func compare(t *testing.T, run []string, sc scenario) {
	if sc.others == nil {
		sc.others = []string{"tini", "dumb-init", "consul-template"}
	}
	for _, s := range supervisors(t, run, sc.others) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			want, flawed := sc.flaws[s.name]
			if !flawed {
				want = sc.want
			}
			if got := sc.play(newContainer(t), s); got != want {
				t.Errorf("%s: %s; want: %s", s.name, got, want)
			}
		})
	}
}

func supervisors(t *testing.T, run, others []string) []supervisor {
	t.Helper()
	all := []supervisor{{"concierge", run[0]}}
	for _, name := range others {
		program := strings.Fields(name)[0]
		if program == "concierge" || program == "consul-template" {
			all = append(all, supervisor{name, filepath.Join(filepath.Dir(run[0]), program)})
		} else if path, err := exec.LookPath(program); err == nil {
			all = append(all, supervisor{name, path})
		}
	}
	return all
}

// referConsulTemplate puts a link to the real consul-template into a directory.
// The one on the PATH of the tests is concierge under that name. No other test
// may run meanwhile.
func referConsulTemplate(t *testing.T, dir string) {
	t.Helper()
	path := os.Getenv("PATH")
	defer func() { _ = os.Setenv("PATH", path) }()
	_, rest, _ := strings.Cut(path, string(filepath.ListSeparator)) // the first entry is that of the tests
	if err := os.Setenv("PATH", rest); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "consul-template")
	if err := os.Symlink(testserver.Binary(t, "consul-template"), link); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}

// stop ends what play started and returns the exit status.
func (c *container) stop() int {
	c.t.Helper()
	c.signal(syscall.SIGTERM)
	return c.wait()
}
