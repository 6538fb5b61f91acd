package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	longestStart = 2 * time.Minute  // until the first rendering
	longestEnd   = 20 * time.Second // from the stop signal to KILL
)

// daemon is a contender that follows changes.
type daemon struct {
	contender
	job
	cmd    *exec.Cmd
	output *target
	done   chan struct{} // closed when it has ended
}

// startDaemon returns when the first rendering is in place. Its goroutine ends
// with the process, which end awaits.
func startDaemon(ctx context.Context, c contender, j job) (*daemon, error) {
	done := make(chan struct{})
	output, err := watch(j.output(), done)
	if err != nil {
		return nil, err
	}
	d := &daemon{contender: c, job: j, output: output, done: done}
	log, err := os.Create(d.log())
	if err != nil {
		return nil, errors.Join(err, output.close())
	}
	defer func() { _ = log.Close() }()
	d.cmd = exec.Command(c.binary, c.follow(j)...)
	d.cmd.Env, d.cmd.Stdout, d.cmd.Stderr = environment(), log, log
	if err := d.cmd.Start(); err != nil {
		return nil, errors.Join(err, output.close())
	}
	go func() {
		defer close(done)
		_ = d.cmd.Wait() // how it ended is in its log
	}()
	ctx, cancel := context.WithTimeout(ctx, longestStart)
	defer cancel()
	if _, err := output.await(ctx, name(0)); err != nil {
		return nil, errors.Join(d.explain(err), d.end())
	}
	return d, nil
}

func (d *daemon) log() string { return filepath.Join(d.dir, "log") }

func (d *daemon) pid() int { return d.cmd.Process.Pid }

// explain adds to an error what the daemon logged.
func (d *daemon) explain(err error) error {
	log, _ := os.ReadFile(d.log())
	return fmt.Errorf("%s with %s on %s: %w; its log ends with: %s", d.name, d.scenario, d.store, err, tail(string(log)))
}

// end stops the daemon and waits until it has.
func (d *daemon) end() error {
	defer func() { _ = d.output.close() }()
	_ = d.cmd.Process.Signal(d.stop) // one that has ended by itself is found below
	limit := time.NewTimer(longestEnd)
	defer limit.Stop()
	select {
	case <-d.done:
		return nil
	case <-limit.C:
		_ = d.cmd.Process.Signal(syscall.SIGKILL)
		<-d.done
		return fmt.Errorf("%s had to be killed: it did not end within %s of %s", d.name, longestEnd, d.stop)
	}
}
