// Package program runs the programs that measure: bounded in time and output,
// and with nothing of them left behind.
package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// Runner runs programs. It may be called concurrently.
type Runner interface {
	// Run starts cmd as the leader of a process group of its own and waits for
	// its end. When the context of cmd ends it kills the whole group.
	Run(cmd *exec.Cmd) error
}

// Program is a program with its arguments. It is run directly, without a shell.
type Program struct {
	Command []string // program and arguments; at least one
	// Env is the whole environment, "name=value" each; nil is an empty one: who
	// measures has no use for the secrets of whoever runs it.
	Env    []string
	Dir    string // working directory; default that of the caller
	Runner Runner // required
}

const (
	// outputDelay is how long output is still read after the program ended: a
	// process that left its group may hold the pipe for ever.
	outputDelay = time.Second
	saidMax     = 200 // bytes kept of what a program says on its standard error
)

// Ended is how a program ended by itself.
type Ended struct {
	Status int    // exit status; -1 if a signal ended it
	How    string // "exit status 2" or "killed by signal 9 (killed)"
	Said   string // the end of its standard error in one line of at most 200 bytes
}

// Validate reports a command without a program.
func (p Program) Validate() error {
	if len(p.Command) == 0 || p.Command[0] == "" {
		return errors.New(`the command is empty: write the program and its arguments, as in ["check_disk", "-w", "20%"]`)
	}
	return nil
}

// Run runs the program and writes its standard output to out. When out returns
// an error, or ctx ends, it is killed with its whole group, and that is the
// error. What it leaves running in its group when it ends is killed, too.
func (p Program) Run(ctx context.Context, out io.Writer) (Ended, error) {
	if err := p.Validate(); err != nil {
		return Ended{}, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var said tail
	cmd := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = append([]string{}, p.Env...), p.Dir, outputDelay
	cmd.Stdout, cmd.Stderr = &guarded{out, stop}, &said
	err := p.Runner.Run(cmd)
	if cmd.Process == nil {
		return Ended{}, fmt.Errorf("running %q: %w", p.Command[0], startError(err))
	}
	// The number of a group that is empty by now is not given away so soon.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if ctx.Err() != nil {
		return Ended{}, fmt.Errorf("running %q: %w", p.Command[0], context.Cause(ctx))
	}
	if cmd.ProcessState == nil {
		return Ended{}, fmt.Errorf("running %q: %w", p.Command[0], err)
	}
	return ended(cmd.ProcessState, said), nil
}

func ended(state *os.ProcessState, said tail) Ended {
	e := Ended{Status: state.ExitCode(), Said: Line(string(said), saidMax)}
	e.How = fmt.Sprintf("exit status %d", e.Status)
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		e.How = fmt.Sprintf("killed by signal %d (%s)", int(ws.Signal()), ws.Signal())
	}
	return e
}

// startError is why the program could not be started, without its name twice.
func startError(err error) error {
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// guarded ends the program when its output is not taken: one that ignores a
// closed pipe would else go on until its time is up.
type guarded struct {
	io.Writer
	stop context.CancelCauseFunc
}

func (g *guarded) Write(p []byte) (int, error) {
	n, err := g.Writer.Write(p)
	if err != nil {
		g.stop(err)
	}
	return n, err
}

// tail keeps the last saidMax bytes written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	kept := append(*t, p[max(0, len(p)-saidMax):]...)
	*t = append((*t)[:0], kept[max(0, len(kept)-saidMax):]...)
	return len(p), nil
}

// Line makes one printable line of at most limit bytes from any text.
func Line(text string, limit int) string {
	text = strings.ToValidUTF8(text[:min(len(text), 4*limit)], "?")
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	text = strings.Join(words, " ")
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-len("…")], "") + "…"
}
