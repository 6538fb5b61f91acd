package testserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	portAttempts = 3
	probeEvery   = 25 * time.Millisecond
	probeTimeout = 5 * time.Second
)

// kind is how one sort of server is run.
type kind struct {
	program string
	ports   int                                    // how many; the first is the client API
	choose  func(n int) ([]int, error)             // finds free ones; nil is freePorts
	prepare func(i *instance) error                // before each start; may be nil
	args    func(i *instance) []string             // command line
	ready   func(context.Context, *instance) error // one probe, repeated until it succeeds
	setup   func(context.Context, *instance) error // once, after the first ready; may be nil
	owner   *owner                                 // who it runs as; nil is who runs the test
	gentle  bool                                   // it has shared memory to remove when the test binary ends
}

func (k kind) attributes() *syscall.SysProcAttr {
	death := syscall.SIGKILL
	if k.gentle {
		death = syscall.SIGTERM
	}
	attr := boundToParent(death)
	k.owner.apply(attr)
	return attr
}

// instance is one server with its data, running or stopped.
type instance struct {
	kind
	binary string
	dir    string
	ports  []int

	token, username, password string
	unsealKey                 string // Vault

	process *process // nil while stopped
	reaper  io.Closer
}

func newInstance(k kind, binary string) (*instance, error) {
	dir, err := os.MkdirTemp("", "concierge-"+k.program+"-")
	if err != nil {
		return nil, fmt.Errorf("making the data folder of %s: %w", k.program, err)
	}
	if err := k.owner.take(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("giving the data folder of %s away: %w", k.program, err), os.RemoveAll(dir))
	}
	reaper, err := reap(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("guarding the data folder of %s: %w", k.program, err), os.RemoveAll(dir))
	}
	return &instance{kind: k, binary: binary, dir: dir, reaper: reaper}, nil
}

// launch starts a new instance, on other ports if the first ones are taken
// meanwhile, and makes it ready for use.
func (i *instance) launch(ctx context.Context) (err error) {
	choose := i.choose
	if choose == nil {
		choose = freePorts
	}
	for range portAttempts {
		if i.ports, err = choose(i.kind.ports); err != nil {
			return err
		}
		if err = i.start(); err != nil {
			return err
		}
		if err = i.awaitReady(ctx); err == nil {
			break
		}
		if !errors.Is(err, errExited) {
			return err
		}
	}
	if err == nil && i.setup != nil {
		err = i.setup(ctx, i)
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", i.program, err)
	}
	return nil
}

// start starts the process and does not wait for it to be ready.
func (i *instance) start() error {
	if i.process != nil {
		return fmt.Errorf("starting %s: it is running", i.program)
	}
	if i.prepare != nil {
		if err := i.prepare(i); err != nil {
			return fmt.Errorf("preparing %s: %w", i.program, err)
		}
	}
	p, err := startProcess(i.binary, i.args(i), i.dir, i.logFile(), i.attributes())
	if err != nil {
		return fmt.Errorf("starting %s: %w", i.program, err)
	}
	i.process = p
	return os.WriteFile(i.pidFile(), []byte(strconv.Itoa(p.pid())), 0o600)
}

// awaitReady repeats the probe until it succeeds or the process ends.
func (i *instance) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		err := i.ready(probe, i)
		cancel()
		select {
		case <-i.process.done:
			i.process = nil
			return fmt.Errorf("%s: %w:\n%s", i.program, errExited, i.logTail())
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to be ready: %w (%w); its log ends with\n%s", i.program, ctx.Err(), err, i.logTail())
		}
	}
}

// stop ends the process with sig, or with SIGKILL when that is not enough.
func (i *instance) stop(sig syscall.Signal) {
	if i.process == nil {
		return
	}
	i.process.end(sig, stopTimeout)
	i.process = nil
	_ = os.Remove(i.pidFile())
}

// close ends the process and removes its data.
func (i *instance) close() {
	i.stop(syscall.SIGKILL)
	_ = os.RemoveAll(i.dir)
	_ = i.reaper.Close()
}

func (i *instance) addr(n int) string       { return hostPort(i.ports[n]) }
func (i *instance) url(n int) string        { return "http://" + i.addr(n) }
func (i *instance) port(n int) string       { return strconv.Itoa(i.ports[n]) }
func (i *instance) path(name string) string { return filepath.Join(i.dir, name) }
func (i *instance) logFile() string         { return i.path("server.log") }
func (i *instance) pidFile() string         { return i.path("pid") }

func (i *instance) logTail() string {
	const size = 2000
	text, err := os.ReadFile(i.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-size):])
}
