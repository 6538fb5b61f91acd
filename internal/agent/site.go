package agent

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"concierge/internal/admin"
	"concierge/internal/config"
	"concierge/internal/exit"
)

// site is where the instance shows its health and metrics. It belongs to the
// loop.
type site struct {
	log *slog.Logger

	server  *admin.Site // nil: none
	mode    config.Admin
	next    *admin.Door // of the configuration that is about to be adopted; nil: none
	same    bool        // or it goes on with server
	retired sync.WaitGroup
}

// serveSite serves the site of the configuration for the first time.
func (i *instance) serveSite() error {
	if i.own == nil {
		return nil // nothing is measured
	}
	if err := i.site.prepare(i.prog.cfg.Admin); err != nil {
		return err
	}
	i.site.adopt(i)
	return nil
}

// prepare does what can fail before a configuration with these settings is
// adopted.
func (s *site) prepare(a config.Admin) error {
	s.same = a.Listen != "" && s.server != nil && s.server.Address() == a.Listen
	if s.same && a.Mode != s.mode.Mode {
		s.log.Warn("another admin.mode counts from the next start of concierge, or at another address", "in use", s.mode.Mode.String())
	}
	if a.Listen == "" || s.same {
		return nil
	}
	var err error
	if s.next, err = admin.OpenDoor(a.Listen, a.Mode); err != nil {
		return exit.With(exit.Failed, fmt.Errorf("%w (set admin.listen to another address)", err))
	}
	s.mode = a
	return nil
}

// discard forgets what was prepared.
func (s *site) discard() {
	if s.next != nil {
		_ = s.next.Close() // nobody has used it
		s.next = nil
	}
}

// adopt serves what was prepared, in the place of what was served before.
func (s *site) adopt(i *instance) {
	if s.same {
		return
	}
	if old := s.server; old != nil {
		s.retired.Go(func() { s.close(old) })
	}
	s.server = nil
	if s.next != nil {
		s.server = admin.ServeSite(s.next, admin.SiteOptions{
			Health: &i.vitals, Status: remote{i}, Metrics: i.metricsPage(), Push: &i.deliverer, Log: s.log,
		})
		s.log.Info("health checks and metrics are served", "address", s.server.Address())
		s.next = nil
	}
}

// metricsPage is what Prometheus reads.
func (i *instance) metricsPage() http.Handler { return i.own.Handler(i.log) }

// stop ends it.
func (s *site) stop() {
	if s.server != nil {
		s.close(s.server)
	}
	s.retired.Wait()
}

func (s *site) close(server *admin.Site) {
	if err := server.Close(); err != nil {
		s.log.Warn("health checks and metrics were not closed properly", "error", err)
	}
}
