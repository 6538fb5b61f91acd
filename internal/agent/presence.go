package agent

import (
	"context"

	"concierge/internal/exit"
	"concierge/internal/host"
)

// pidFile is where the process ID is written.
type pidFile struct {
	path   string
	remove func() error // nil without a path
}

// announce writes the PID file.
func (i *instance) announce() error {
	return exit.With(exit.Failed, i.announceAt(i.prog.cfg.PIDFile))
}

// announceAt moves the PID file. At an error it stays where it is.
func (i *instance) announceAt(path string) error {
	if path == i.pid.path {
		return nil
	}
	next := pidFile{path: path}
	if path != "" {
		var err error
		if next.remove, err = host.WritePIDFile(path); err != nil {
			return err
		}
	}
	i.withdraw()
	i.pid = next
	return nil
}

// withdraw removes the PID file.
func (i *instance) withdraw() {
	if i.pid.remove == nil {
		return
	}
	if err := i.pid.remove(); err != nil {
		i.log.Warn("PID file was not removed", "error", err)
	}
}

// noteReady tells the service manager once that everything is in place, and
// the process started and, if somebody looks at that, ready.
func (i *instance) noteReady() {
	if i.ready || !i.prog.adopted || !i.processReady() {
		return
	}
	i.ready = true
	i.vitals.see(i.sight())
	i.tell(i.manager.NotifyReady)
}

// reloadAnnounced reloads, and tells the service manager when it begins and
// ends: the configuration in force is complete then, also if it is the old one,
// because of the error.
func (i *instance) reloadAnnounced(ctx context.Context) error {
	i.tell(i.manager.NotifyReloading)
	err := i.reload(ctx)
	i.tell(i.manager.NotifyReady)
	return err
}

func (i *instance) tell(notify func() error) {
	if err := notify(); err != nil {
		i.log.Warn("service manager was not told", "error", err)
	}
}
