package storm

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// check is a health check.
func (w watch) check(url string) map[string]any {
	return map[string]any{"http": url, "interval": "100ms", "timeout": "500ms", "failures": w.failures, "grace": "1s"}
}

// setup is how concierge looks after a site.
type setup struct {
	*site
	store
	watch
	directory bool     // the files change in one step, and are checked together
	outside   []string // command that tells a server which is not a child; nil: it is one
}

// configure writes the configuration and returns its path.
func (s setup) configure(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	set := map[string]any{"health": s.watch.check(s.observer(t))}
	if s.directory {
		set["directory"] = s.dir
		set["check"] = map[string]any{"command": s.software.check(s.site)}
	}
	config := map[string]any{
		"log": map[string]any{"format": "json"}, "control": map[string]any{"socket": filepath.Join(base, "socket")}, "sources": s.source, "state_dir": filepath.Join(base, "state"),
		"rollback": map[string]any{"window": s.window.String()}, "sets": map[string]any{"site": set}, "templates": s.templates(t, base),
	}
	if s.outside == nil {
		config["process"] = map[string]any{
			"command": s.software.command(s.site, s.dir), "health": s.watch.check(s.url("/health")),
			"reload": map[string]any{"signal": strings.TrimPrefix(signalName(s.software.reload), "SIG")},
		}
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(base, "concierge.yaml") // JSON is YAML
	write(t, path, string(text))
	return path
}

func signalName(sig syscall.Signal) string {
	return map[syscall.Signal]string{syscall.SIGHUP: "HUP", syscall.SIGUSR2: "USR2"}[sig]
}

func (s setup) templates(t *testing.T, base string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, f := range s.software.files {
		source := filepath.Join(base, f.name+".tmpl")
		write(t, source, s.template(f))
		one := map[string]any{"source": source, "destination": filepath.Join(s.dir, f.name), "set": "site"}
		if !s.directory && f.check != nil {
			one["check"] = map[string]any{"command": f.check(s.site)}
		}
		if s.outside != nil {
			one["on_change"] = map[string]any{"command": s.outside}
		}
		all = append(all, one)
	}
	return all
}

// instance is concierge, which may be killed and started again.
type instance struct {
	t       *testing.T
	command []string
	own     bool // it is PID 1 of a namespace of its own, and all in it ends with it
	cmd     *exec.Cmd
	end     chan struct{}
	log     *log // of all its lives
}

// launch starts concierge on a setup.
func launch(t *testing.T, s setup, binary string) *instance {
	t.Helper()
	i := &instance{t: t, own: s.outside == nil, log: new(log), command: []string{binary, "run", "--config", s.configure(t)}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("its status at the end:\n%s", i.status())
		}
		i.kill()
		if t.Failed() {
			t.Logf("log of concierge ends with:\n%s", i.log.tail())
		}
	})
	i.start()
	return i
}

// status is what it says of itself.
func (i *instance) status() string {
	binary, config := i.command[0], i.command[len(i.command)-1]
	out, _ := exec.Command(binary, "ctl", "status", "--socket", filepath.Join(filepath.Dir(config), "socket")).CombinedOutput()
	return string(out)
}

// start starts it, once more if it was killed.
func (i *instance) start() {
	i.t.Helper()
	i.cmd, i.end = exec.Command(i.command[0], i.command[1:]...), make(chan struct{})
	if i.own {
		// The shell is PID 1 until it executes the command.
		const enter = `mount --make-rprivate / && mount -t proc proc /proc && exec "$@"`
		i.cmd = exec.Command("sh", slices.Concat([]string{"-c", enter, "sh"}, i.command)...)
		i.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Setpgid: true}
	}
	i.cmd.Stdout, i.cmd.Stderr = i.log, i.log
	if err := i.cmd.Start(); errors.Is(err, syscall.EPERM) {
		i.t.Fatalf("%v: making a PID namespace needs root (CAP_SYS_ADMIN); run the tests as root, or in a container with --privileged", err)
	} else if err != nil {
		i.t.Fatal(err)
	}
	end, cmd := i.end, i.cmd
	go func() { // awaited by kill
		defer close(end)
		_ = cmd.Wait()
	}()
}

// kill ends it as the kernel does when memory is short.
func (i *instance) kill() {
	_ = i.cmd.Process.Kill()
	<-i.end
}
