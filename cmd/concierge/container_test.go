package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"concierge/internal/admin"
)

// buildDir is where the binary is built. TestMain removes it.
var buildDir = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "concierge-built-") })

// buildOnce builds the binary once, as users have it: static, without the race
// detector.
var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := buildDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "concierge")
	cmd := exec.Command("go", "build", "-o", path, "concierge/cmd/concierge")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return path, fmt.Errorf("building concierge: %w: %s", err, out)
	}
	return path, os.Chmod(dir, 0o755) // tests run it as other users
})

func built(t *testing.T) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
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

// enclose is what a shell does as PID 1 before it becomes the command.
const enclose = `mount --make-rprivate / && mount -t proc proc /proc && exec "$@"`

// newContainer returns a container that nothing runs in yet.
func newContainer(t *testing.T) *container {
	t.Helper()
	c := &container{t: t, dir: t.TempDir(), out: new(output), end: make(chan struct{})}
	c.cmd = exec.Command("sh", "-c", enclose, "sh")
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = c.dir, c.out, c.out
	c.cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+c.dir) // a control socket of its own
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Setpgid: true}
	return c
}

// contain starts a command as PID 1.
func contain(t *testing.T, command ...string) *container {
	t.Helper()
	c := newContainer(t)
	c.start(command...)
	return c
}

// configured starts concierge as PID 1 with a configuration. In its text $DIR
// is the directory of the container.
func configured(t *testing.T, run []string, yaml string) *container {
	t.Helper()
	c := newContainer(t)
	c.configure(run, yaml)
	return c
}

func (c *container) configure(run []string, yaml string) {
	c.t.Helper()
	c.write("concierge.yaml", yaml)
	c.start(slices.Concat(run, []string{"--config", "concierge.yaml"})...)
}

// start starts a command as PID 1.
func (c *container) start(command ...string) {
	c.t.Helper()
	c.cmd.Args = append(c.cmd.Args, command...)
	if err := c.cmd.Start(); errors.Is(err, syscall.EPERM) {
		c.t.Fatalf("%v: making a PID namespace needs root (CAP_SYS_ADMIN); run the tests as root, or in a container with --privileged", err)
	} else if err != nil {
		c.t.Fatal(err)
	}
	go func() {
		defer close(c.end)
		_ = c.cmd.Wait()
	}()
	c.t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.end
		if c.t.Failed() {
			c.t.Logf("output of %v:\n%s", command, shortened(c.out.String()))
		}
	})
}

// shortened leaves out the middle of a long text.
func shortened(text string) string {
	const most = 20_000
	if len(text) <= 2*most {
		return text
	}
	return text[:most] + "\n…\n" + text[len(text)-most:]
}

// write writes a file, in which $DIR is the directory of the container, in one
// step.
func (c *container) write(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	text = strings.ReplaceAll(text, "$DIR", c.dir)
	if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o644), os.Rename(path+".new", path)); err != nil {
		c.t.Fatal(err)
	}
}

// until waits until the output contains a text.
func (c *container) until(text string) {
	c.t.Helper()
	until(c.t, "the output says "+strconv.Quote(text), func() bool { return strings.Contains(c.out.String(), text) })
}

// untilFile waits until a file contains a text.
func (c *container) untilFile(name, text string) {
	c.t.Helper()
	until(c.t, name+" says "+strconv.Quote(text), func() bool { return strings.Contains(c.read(name), text) })
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

// ended reports whether it ends within a time.
func (c *container) ended(within time.Duration) bool {
	select {
	case <-c.end:
		return true
	case <-time.After(within):
		return false
	}
}

// read returns what a process of the container wrote to a file.
func (c *container) read(name string) string {
	b, _ := os.ReadFile(filepath.Join(c.dir, name))
	return string(b)
}

// client asks the concierge in the container.
func (c *container) client() *admin.Client {
	return admin.NewClient(filepath.Join(c.dir, "concierge.sock"))
}

// job returns what the status says about a job; nothing as long as there is no
// answer.
func (c *container) job(name string) admin.Job {
	s, err := c.client().Status(c.t.Context())
	i := slices.IndexFunc(s.Jobs, func(j admin.Job) bool { return j.Name == name })
	if err != nil || i < 0 {
		return admin.Job{}
	}
	return s.Jobs[i]
}

// untilJob waits until the status says that about a job, and returns it.
func (c *container) untilJob(name string, states ...admin.JobState) (j admin.Job) {
	c.t.Helper()
	until(c.t, fmt.Sprintf("%s is %v", name, states), func() bool {
		j = c.job(name)
		return slices.Contains(states, j.State)
	})
	return j
}

// inside makes a command that runs in the container, beside what runs there,
// as docker exec does.
func (c *container) inside(command ...string) *exec.Cmd {
	enter := []string{"--target", strconv.Itoa(c.cmd.Process.Pid), "--pid", "--mount", "--wdns=" + c.dir, "--"}
	cmd := exec.Command("nsenter", append(enter, command...)...)
	cmd.Env = c.cmd.Env
	return cmd
}

// processes counts the processes of all containers that have a word among their
// arguments.
func processes(word string) (n int) {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		b, _ := os.ReadFile(path)
		if slices.Contains(strings.Split(string(b), "\x00"), word) {
			n++
		}
	}
	return n
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
