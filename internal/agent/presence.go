package agent

import (
	"context"

	"concierge/internal/exit"
	"concierge/internal/host"
)

// announce writes the PID file and returns what removes it again.
func (i *instance) announce() (remove func(), err error) {
	path := i.prog.cfg.PIDFile
	if path == "" {
		return func() {}, nil
	}
	undo, err := host.WritePIDFile(path)
	if err != nil {
		return nil, exit.With(exit.Failed, err)
	}
	return func() {
		if err := undo(); err != nil {
			i.log.Warn("PID file was not removed", "error", err)
		}
	}, nil
}

// noteReady tells the service manager once that everything is in place, and
// the process started.
func (i *instance) noteReady() {
	if i.ready || !i.prog.adopted {
		return
	}
	i.ready = true
	i.tell(i.manager.NotifyReady)
}

// reloadAnnounced reloads, and tells the service manager when it begins and
// ends: the configuration in force is complete then, also if it is the old one.
func (i *instance) reloadAnnounced(ctx context.Context) {
	i.tell(i.manager.NotifyReloading)
	i.reload(ctx)
	i.tell(i.manager.NotifyReady)
}

func (i *instance) tell(notify func() error) {
	if err := notify(); err != nil {
		i.log.Warn("service manager was not told", "error", err)
	}
}
