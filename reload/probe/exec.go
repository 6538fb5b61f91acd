package probe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Runner runs programs. It may be called concurrently.
type Runner interface {
	// Run starts cmd as the leader of a process group of its own and waits for
	// its end. When the context of cmd ends it kills the whole group.
	Run(cmd *exec.Cmd) error
}

// Exec runs a program, directly and without a shell: status 0 says that the
// application is well. What the program leaves running in its group is killed.
type Exec struct {
	Command []string // program and arguments; at least one
	// Env is the whole environment, "name=value" each; nil is an empty one: a
	// probe has no use for the secrets of whoever runs it.
	Env    []string
	Dir    string // working directory; default that of the caller
	Runner Runner // required
	// Silent keeps what the program prints out of the error, for one that could
	// print a secret. Otherwise the last 200 bytes of it are shown.
	Silent bool
}

// outputDelay is how long output is still read after the program ended: a
// process that left its group may hold the pipe for ever.
const outputDelay = time.Second

// Validate reports a command without a program.
func (p Exec) Validate() error {
	if len(p.Command) == 0 || p.Command[0] == "" {
		return errors.New(`the command is empty: write the program and its arguments, as in ["pg_isready", "-q"]`)
	}
	return nil
}

// Probe implements [Probe].
func (p Exec) Probe(ctx context.Context) error {
	if err := p.Validate(); err != nil {
		return err
	}
	var out tail
	cmd := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append([]string{}, p.Env...), p.Dir, &out, &out
	cmd.WaitDelay = outputDelay
	err := p.Runner.Run(cmd)
	doing := fmt.Sprintf("running %q", p.Command[0])
	if cmd.Process == nil {
		return failed(ctx, doing, startError(err))
	}
	// The number of a group that is empty by now is not given away so soon.
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay):
		return nil
	case cmd.ProcessState != nil:
		err = ended(cmd.ProcessState)
	}
	err = reason(ctx, err)
	if said := line(string(out), saidMax); said != "" && !p.Silent {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return &failure{doing, err}
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

// ended describes how the program ended.
func ended(state *os.ProcessState) error {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return fmt.Errorf("killed by signal %d (%s)", int(ws.Signal()), ws.Signal())
	}
	return fmt.Errorf("exit status %d", state.ExitCode())
}

// tail is a writer that keeps the last saidMax bytes. One goroutine writes: it
// is both streams of a command.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	kept := append(*t, p[max(0, len(p)-saidMax):]...)
	*t = append((*t)[:0], kept[max(0, len(kept)-saidMax):]...)
	return len(p), nil
}
