package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concierge/internal/admin"
	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/reload/board"
)

// Control lets operators see and steer the instance by a socket on the same
// machine, which the configuration names.
type Control struct {
	Version  string // of this build, as the status tells it
	Revision string // that it was built from, as the metrics tell it
	// SetLevel changes the level of Options.Log and returns the previous one.
	SetLevel func(slog.Level) (previous slog.Level)
}

// control is the instance's control socket. It belongs to the loop, except for
// what others send to requests.
type control struct {
	o       *Control // nil: there is no socket, whatever the configuration says
	log     *slog.Logger
	environ []string
	events  *admin.Events
	started time.Time

	requests chan func(ctx context.Context) // what the loop is asked to do
	stopping chan struct{}                  // closed when it does nothing of that any more

	server  *admin.Server // nil: none
	next    *admin.Socket // of the configuration that is about to be adopted; nil: none
	same    bool          // or it goes on with server
	retired sync.WaitGroup
}

func newControl(o Options) *control {
	return &control{
		o: o.Control, log: o.Log, environ: o.Environ, events: admin.NewEvents(), started: time.Now(),
		requests: make(chan func(context.Context)), stopping: make(chan struct{}),
	}
}

// record makes events of all that is logged.
func (c *control) record(log slog.Handler) slog.Handler {
	if c.o == nil {
		return log
	}
	return slog.NewMultiHandler(log, c.events.Handler())
}

// show makes an event of one of the board, in the form of a line of the log.
func (c *control) show(e board.Event) {
	if c.o == nil {
		return
	}
	level := slog.LevelInfo
	r := slog.NewRecord(e.At, level, e.What, 0)
	r.AddAttrs(slog.Uint64("seq", e.Seq), slog.String(e.Kind, e.Name))
	if e.Detail != "" {
		r.AddAttrs(slog.String("detail", e.Detail))
	}
	_ = c.events.Handler().Handle(context.Background(), r) // it is kept in memory
}

// serveControl serves the socket of the configuration for the first time.
func (i *instance) serveControl() error {
	if err := i.control.prepare(i.prog.cfg.Control.Socket); err != nil {
		return err
	}
	i.control.adopt(i)
	return nil
}

// prepare does what can fail before a configuration with that setting is
// adopted.
func (c *control) prepare(setting string) error {
	if c.o == nil {
		return nil
	}
	path := setting
	switch setting {
	case config.NoSocket:
		path = ""
	case "":
		if path = admin.Place(c.environ); path == "" {
			c.log.Debug("there is no control socket, because there is no directory for it", "see", "control.socket")
		}
	}
	c.same = path != "" && c.server != nil && c.server.Path() == path
	if path == "" || c.same {
		return nil
	}
	var err error
	c.next, err = admin.Listen(path)
	switch {
	case err == nil:
	case setting != "":
		return exit.With(exit.Failed, fmt.Errorf("%w (set control.socket to another path, or to none)", err))
	case errors.Is(err, admin.ErrInUse):
		c.log.Info("another instance has the control socket, this one has none", "path", path, "see", "control.socket")
	default:
		c.log.Warn("there is no control socket", "error", err, "see", "control.socket")
	}
	return nil
}

// adopt serves what was prepared, in the place of what was served before. That
// may have an answer to give still, about this very change.
func (c *control) adopt(i *instance) {
	if c.same {
		return
	}
	if old := c.server; old != nil {
		c.retired.Go(func() { c.close(old) })
	}
	c.server = nil
	if c.next != nil {
		c.server = admin.Serve(c.next, remote{i}, c.events, c.log)
		c.log.Debug("control socket is served", "path", c.server.Path())
		c.next = nil
	}
}

// refuse makes every request, also those that wait, fail: the loop does
// nothing of it any more. It may be called twice.
func (c *control) refuse() {
	select {
	case <-c.stopping:
	default:
		close(c.stopping)
	}
}

// stop removes the socket.
func (c *control) stop() {
	c.refuse()
	if c.server != nil {
		c.close(c.server)
	}
	c.retired.Wait()
}

func (c *control) close(s *admin.Server) {
	if err := s.Close(); err != nil {
		c.log.Warn("control socket was not closed properly", "error", err)
	}
}
