package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// Command is a program run to its end, directly and without a shell.
type Command struct {
	Command []string
	Timeout time.Duration
	// Env is the environment; nil means that of the generation.
	Env []string
	// Background starts the command and does not wait for its end, which
	// nobody hears of. It has no timeout.
	Background bool
	// Silent keeps what the command prints out of its error.
	Silent bool
	// Loud gives the command concierge's own streams. What it leaves running
	// can go on printing there.
	Loud bool
}

// Equal reports whether two commands are the same to a user.
func (c Command) Equal(d Command) bool {
	return slices.Equal(c.Command, d.Command) && slices.Equal(c.Env, d.Env)
}

// outputMax bounds how much of a command's output is kept for its error.
const outputMax = 4 << 10

// Run runs the command in its own process group, with env unless it has an
// environment of its own. Unless it is Loud, standard
// output and error are collected for the error text. When ctx ends or the timeout passes the
// group is killed.
func (c Command) Run(ctx context.Context, children *Children, env []string) error {
	if c.Env != nil {
		env = c.Env
	}
	if c.Background {
		return c.start(children, env)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Timeout, errTimeout)
	defer cancel()
	var out tail
	cmd := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &out
	if c.Loud {
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	}
	cmd.WaitDelay = time.Second // a grandchild may hold the pipe
	err := children.Run(cmd)
	switch {
	case cmd.Process == nil:
		return &StartError{Program: c.Command[0], Err: unwrapExec(err)}
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	case errors.Is(context.Cause(ctx), errTimeout):
		err = &TimeoutError{c.Timeout}
	case ctx.Err() != nil:
		err = ctx.Err()
	default:
		err = errors.New(statusOf(cmd.ProcessState).String())
	}
	text := strings.TrimSpace(out.String())
	switch {
	case text != "" && c.Silent:
		return fmt.Errorf("running %q: %w (what it printed is not shown, because a file of the set holds a secret)", c.Command[0], err)
	case text != "":
		return fmt.Errorf("running %q: %w: %s", c.Command[0], err, text)
	}
	return fmt.Errorf("running %q: %w", c.Command[0], err)
}

// start starts the command in its own process group and leaves it alone.
func (c Command) start(children *Children, env []string) error {
	cmd := exec.Command(c.Command[0], c.Command[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, os.Stdout, os.Stderr
	if err := children.Leave(cmd); err != nil {
		return &StartError{Program: c.Command[0], Err: unwrapExec(err)}
	}
	go func() { _ = children.Wait(cmd) }() // so that it does not stay a zombie
	return nil
}

// TimeoutError says that a command was killed because it took too long.
type TimeoutError struct{ After time.Duration }

// Error implements error.
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("not finished after %s (see its timeout setting)", e.After)
}

var errTimeout = errors.New("timeout")

// tail is a writer that keeps the last outputMax bytes. The buffer is a field,
// not embedded: its ReadFrom would go round the bound.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu: both streams of a command write
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if n > outputMax {
		p = p[n-outputMax:]
	}
	if over := t.buf.Len() + len(p) - outputMax; over > 0 {
		t.buf.Next(over)
	}
	t.buf.Write(p)
	return n, nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
