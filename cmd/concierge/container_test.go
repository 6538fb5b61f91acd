package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// built builds the binary as users have it: static, without the race detector.
func built(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "concierge")
	cmd := exec.Command("go", "build", "-o", path, "concierge/cmd/concierge")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building concierge: %v\n%s", err, out)
	}
	return path
}

// inits are the programs that can be PID 1, by name. tini and dumb-init are
// only there if they are installed.
func inits(concierge string) map[string][]string {
	all := map[string][]string{"concierge": {concierge, "run", "--process-stop-timeout", "5s", "--"}}
	for name, args := range map[string][]string{"tini": {"-v", "--"}, "dumb-init": {"--"}} {
		if path, err := exec.LookPath(name); err == nil {
			all[name] = append([]string{path}, args...)
		}
	}
	return all
}

// container is a process that is PID 1 of a PID namespace with a /proc of its
// own.
type container struct {
	t   *testing.T
	cmd *exec.Cmd // its process is PID 1
	dir string    // working directory
	out *output   // of all in it
	end chan struct{}
}

// output is what a container prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (o *output) Write(p []byte) (int, error) { o.mu.Lock(); defer o.mu.Unlock(); return o.b.Write(p) }
func (o *output) String() string              { o.mu.Lock(); defer o.mu.Unlock(); return o.b.String() }

// contain starts a command as PID 1.
func contain(t *testing.T, command ...string) *container {
	t.Helper()
	c := &container{t: t, dir: t.TempDir(), out: new(output), end: make(chan struct{})}
	// The shell is PID 1 until it executes the command.
	c.cmd = exec.Command("sh", slices.Concat([]string{"-c", `mount --make-rprivate / && mount -t proc proc /proc && exec "$@"`, "sh"}, command)...)
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = c.dir, c.out, c.out
	c.cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+c.dir) // a control socket of its own
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Setpgid: true}
	if err := c.cmd.Start(); errors.Is(err, syscall.EPERM) {
		t.Fatalf("%v: making a PID namespace needs root (CAP_SYS_ADMIN); run the tests as root, or in a container with --privileged", err)
	} else if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.end)
		_ = c.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.end
		if t.Failed() {
			t.Logf("output of %v:\n%s", command, c.out)
		}
	})
	return c
}

// until waits until the output contains a text.
func (c *container) until(text string) {
	c.t.Helper()
	until(c.t, "the output says "+strconv.Quote(text), func() bool { return strings.Contains(c.out.String(), text) })
}

func (c *container) signal(sig syscall.Signal) {
	c.t.Helper()
	if err := c.cmd.Process.Signal(sig); err != nil {
		c.t.Fatal(err)
	}
}

// wait waits for the end and returns the exit status.
func (c *container) wait() int {
	c.t.Helper()
	select {
	case <-c.end:
	case <-time.After(time.Minute):
		c.t.Fatal("it did not end")
	}
	if status := c.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		return -int(status.Signal())
	}
	return c.cmd.ProcessState.ExitCode()
}

// read returns what a process of the container wrote to a file.
func (c *container) read(name string) string {
	b, _ := os.ReadFile(filepath.Join(c.dir, name))
	return string(b)
}

// until polls until ok, for at most twenty seconds.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

// record is a program that prints the number of every signal it gets, until it
// is killed or a minute is over.
func record() {
	signals := make(chan os.Signal, 1024)
	signal.Notify(signals)
	_, _ = os.Stdout.WriteString("recording\n")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		select {
		case sig := <-signals:
			_, _ = os.Stdout.WriteString("got " + strconv.Itoa(int(sig.(syscall.Signal))) + "\n")
		case <-ctx.Done():
			return
		}
	}
}

// recorder makes this test binary the program record.
func recorder(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "recorder")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}
