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
	cmd  *exec.Cmd
	out  *outputs
	done chan struct{} // closed when it has ended
}

// startDaemon returns when the first rendering is in place. Its goroutine ends
// with the process, which end awaits.
func startDaemon(ctx context.Context, c contender, j job) (*daemon, error) {
	d := &daemon{contender: c, job: j, done: make(chan struct{})}
	var err error
	if d.out, err = watch(j.outputDir(), d.done); err != nil {
		return nil, err
	}
	if err := d.launch(); err != nil {
		return nil, errors.Join(err, d.out.close())
	}
	go func() {
		defer close(d.done)
		_ = d.cmd.Wait() // how it ended is in its log
	}()
	if err := d.rendered(ctx); err != nil {
		return nil, errors.Join(d.explain(err), d.end())
	}
	return d, nil
}

func (d *daemon) launch() error {
	log, err := os.Create(d.log())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	d.cmd = exec.Command(d.binary, d.follow(d.job)...)
	d.cmd.Env, d.cmd.Stdout, d.cmd.Stderr, d.cmd.SysProcAttr = environment(d.env...), log, log, boundToParent()
	return d.cmd.Start()
}

// rendered waits for the first rendering of each template.
func (d *daemon) rendered(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longestStart)
	defer cancel()
	for n := range d.files() {
		if _, err := d.out.await(ctx, d.output(n), name(d.key(n))); err != nil {
			return err
		}
	}
	return nil
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
	defer func() { _ = d.out.close() }() // nothing was written to it
	_ = d.cmd.Process.Signal(d.stop)     // one that has ended by itself is found below
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
