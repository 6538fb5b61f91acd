package rollouts

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/testserver"
)

// instance is concierge with a process, which may be killed and started again.
// Its methods are for the goroutine of the test.
type instance struct {
	t       *testing.T
	name    string
	dir     string
	command []string
	relays  []*testserver.Relay
	log     *log // of all its lives
	story   *story
	cmd     *exec.Cmd
	end     chan struct{} // closed when it has ended
	dead    bool
	still   bool // it is paused
}

// newInstance writes its configuration; start starts it.
func newInstance(t *testing.T, f *fleet, n int) *instance {
	t.Helper()
	i := &instance{t: t, name: fmt.Sprintf("web-%02d", n), dir: t.TempDir(), end: make(chan struct{}), dead: true}
	i.story = f.stories.of(i.name)
	i.log = &log{story: i.story}
	addrs := f.store.addrs()
	if f.plan.relays {
		for at, addr := range addrs {
			i.relays = append(i.relays, testserver.NewRelay(t, addr))
			addrs[at] = i.relays[at].Addr()
		}
	}
	path := filepath.Join(i.dir, "concierge.yaml") // JSON is YAML
	text, err := json.Marshal(i.configuration(f, addrs))
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err == nil {
		err = os.Mkdir(filepath.Dir(i.out()), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	i.command = []string{f.binary, "run", "--config", path}
	t.Cleanup(func() {
		i.kill()
		if t.Failed() {
			t.Logf("log of %s ends with:\n%s", i.name, i.log.tail())
		}
	})
	return i
}

func (i *instance) configuration(f *fleet, addrs []string) map[string]any {
	p := f.plan
	return map[string]any{
		"log": map[string]any{"format": "json"}, "state_dir": filepath.Join(i.dir, "state"), "sources": f.store.source(addrs),
		"control":   map[string]any{"socket": filepath.Join(i.dir, "socket")},
		"rollback":  map[string]any{"window": p.window.String()},
		"templates": []any{map[string]any{"contents": `{{ key "` + key + `" }}`, "destination": i.out(), "set": "app", "on_change": "restart"}},
		"process": map[string]any{
			"command": []string{"sleep", "100000"},
			"health":  map[string]any{"http": f.clinic.url(i.name), "interval": "250ms", "timeout": "2s", "failures": 3, "grace": "250ms"},
		},
		"cluster": map[string]any{
			"service": service, "instance": i.name, "namespace": namespace, "ttl": p.ttl.String(),
			"rollouts": map[string]any{"app": map[string]any{
				"bake": p.bake.String(), "deadline": p.deadline.String(), "max_unavailable": fmt.Sprint(p.unavailable),
			}},
		},
	}
}

// out is the file that a release is.
func (i *instance) out() string { return filepath.Join(i.dir, "out", "value") }

// value is what the file has now.
func (i *instance) value() string {
	text, _ := os.ReadFile(i.out())
	return string(text)
}

// start starts it, once more if it was killed. It ends with the test binary:
// that is what the kernel promises about the thread that started it.
func (i *instance) start() {
	i.t.Helper()
	i.cmd, i.end, i.dead = exec.Command(i.command[0], i.command[1:]...), make(chan struct{}), false
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	i.cmd.Stdout, i.cmd.Stderr = i.log, i.log
	i.story.add(started, "")
	cmd, end, begun := i.cmd, i.end, make(chan error)
	go func() { // awaited by kill and stop
		defer close(end)
		runtime.LockOSThread()
		err := cmd.Start()
		begun <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-begun; err != nil {
		i.t.Fatal(err)
	}
}

// kill ends it as the kernel does when memory is short.
func (i *instance) kill() {
	if i.dead {
		return
	}
	_ = i.cmd.Process.Kill()
	<-i.end
	i.dead = true
	i.story.add(killed, "")
}

// stop asks it to end and returns how long that took.
func (i *instance) stop() time.Duration {
	began := time.Now()
	_ = i.cmd.Process.Signal(syscall.SIGTERM)
	<-i.end
	i.dead = true
	i.story.add(killed, "asked to end")
	return time.Since(began)
}

// signal pauses it, or lets it go on.
func (i *instance) signal(sig syscall.Signal, what happening) {
	if !i.dead {
		_ = i.cmd.Process.Signal(sig)
		i.story.add(what, "")
	}
}

// partition cuts it off from the store, or ends that.
func (i *instance) partition(cut bool, what happening) {
	for _, r := range i.relays {
		r.Cut(cut)
	}
	i.story.add(what, "")
}

var _ io.Writer = (*log)(nil)

// oneLine is a text for a list.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }
