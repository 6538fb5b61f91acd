package testserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

var errExited = errors.New("the server ended by itself")

// process is a running child. One goroutine owns it from start to wait.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// startProcess runs the program with the log file as its output. Nothing of
// the caller's environment but PATH reaches it: ETCD_… or VAULT_… of a
// developer's shell would change the server.
func startProcess(binary string, args []string, dir, logFile string, attr *syscall.SysProcAttr) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	p := &process{cmd: exec.Command(binary, args...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}
	p.cmd.SysProcAttr = attr
	started := make(chan error)
	go func() {
		defer close(p.done)
		// The parent-death signal fires when the thread that forked ends, so
		// the thread is kept for as long as the child lives.
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("running %s: %w", binary, err)
	}
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) signal(sig syscall.Signal) { _ = p.cmd.Process.Signal(sig) }

// end sends sig, then SIGKILL after the timeout, and waits for the end.
func (p *process) end(sig syscall.Signal, timeout time.Duration) {
	p.signal(sig)
	p.signal(syscall.SIGCONT) // a paused process takes no other signal
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case <-p.done:
	case <-limit.C:
		p.signal(syscall.SIGKILL)
		<-p.done
	}
}
