package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// pluginLimit is how long a program may take, as in consul-template.
const pluginLimit = 30 * time.Second

// Programs runs programs for a process that also waits for orphans, so that
// the two do not take each other's. Its methods may be called concurrently.
type Programs interface {
	// Run does what cmd.Run does, in a process group of its own, all of which
	// it kills when the context of cmd ends.
	Run(cmd *exec.Cmd) error
	// Hold calls f, in which a library may run programs by itself.
	Hold(f func())
}

// alone is the Programs of a process that waits for nothing else.
type alone struct{}

func (alone) Run(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd.Run()
}

func (alone) Hold(f func()) { f() }

// held is a pure function of strings that may run a program by itself: go-sockaddr
// asks ip(8) for the routes.
func (t *Template) held(f func(...string) (string, error)) func(...string) (string, error) {
	return func(words ...string) (s string, err error) {
		t.options.Programs.Hold(func() { s, err = f(words...) })
		return s, err
	}
}

// plugins runs the programs of a template, each call once for a complete
// rendering: an execution that lacks data is repeated, its programs are not.
type plugins struct {
	limit    time.Duration
	env      []string
	programs Programs
	// fresh holds what ran since the last complete rendering, by its words.
	fresh map[string]outcome
	// last holds what ran for it. Masked executions show the same.
	last map[string]outcome
}

type outcome struct {
	output string
	err    error
}

// settle is called when a rendering is complete, whether it failed or not.
func (p *plugins) settle() { p.last, p.fresh = p.fresh, nil }

func (t *Template) plugin(program string, args ...string) (string, error) {
	if program == "" {
		return "", nil
	}
	words := []string{program}
	for _, arg := range args {
		if arg = strings.TrimSpace(arg); arg != "" {
			words = append(words, arg)
		}
	}
	switch {
	case t.run.masked:
		return t.plugins.recall(words)
	case len(t.run.lacking) > 0:
		// Its arguments may be made of what is missing, and this execution
		// is repeated anyway.
		return "", nil
	}
	return t.plugins.run(words)
}

// run returns what the program printed since the last complete rendering, or
// runs it. A failure is tried again.
func (p *plugins) run(words []string) (string, error) {
	key := strings.Join(words, "\x00")
	if o, done := p.fresh[key]; done && o.err == nil {
		return o.output, nil
	}
	if p.fresh == nil {
		p.fresh = make(map[string]outcome)
	}
	output, err := p.execute(words)
	p.fresh[key] = outcome{output, err}
	return output, err
}

// recall returns what the program printed when it ran with the same words, and
// a mask if it did not: words made of masked secrets are for nobody to run.
func (p *plugins) recall(words []string) (string, error) {
	key := strings.Join(words, "\x00")
	for _, known := range [...]map[string]outcome{p.fresh, p.last} {
		if o, done := known[key]; done {
			return o.output, o.err
		}
	}
	return Mask, nil
}

var errPluginLimit = errors.New("time limit")

// execute runs the program in a process group of its own, all of which is
// killed when the time is over.
func (p *plugins) execute(words []string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), p.limit, errPluginLimit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &stdout, &stderr
	cmd.WaitDelay = time.Second // a grandchild may hold the pipes
	err := p.programs.Run(cmd)
	switch {
	case err == nil:
		return strings.TrimSpace(stdout.String()), nil
	case errors.Is(context.Cause(ctx), errPluginLimit):
		return "", hint(fmt.Errorf("running %q: not finished after %s", words[0], p.limit), "make it faster, or let something else write what it prints to a file and use {{ file }}")
	}
	return "", hint(fmt.Errorf("running %q: %w%s%s", words[0], err, printed("standard output", stdout.Bytes()), printed("standard error", stderr.Bytes())),
		"run it by hand with the same arguments")
}

// printedMax bounds what an error tells of a program's output.
const printedMax = 4 << 10

func printed(name string, b []byte) string {
	if b = bytes.TrimSpace(b); len(b) == 0 {
		return ""
	}
	if len(b) > printedMax {
		b = append([]byte("…"), b[len(b)-printedMax:]...)
	}
	return fmt.Sprintf("; %s: %s", name, b)
}
