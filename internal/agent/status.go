package agent

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"concierge/internal/admin"
	"concierge/sources"
)

// loaded is when the configuration in force was read, and what became of
// reading it again.
type loaded struct {
	at      time.Time
	lastErr error // of the last reload; nil: it is in force
}

// status says how the instance is. No text in it holds a secret.
func (i *instance) status() admin.Status {
	s := admin.Status{
		Version: i.control.o.Version, PID: os.Getpid(), StartedAt: i.control.started,
		Ready: i.ready && !i.maintenance && !i.stopping && i.processReady(), Maintenance: i.maintenance,
		Config:  admin.Config{File: absolute(i.prog.cfg.File), LoadedAt: i.loaded.at},
		Sources: i.sourceStatus(), Sets: make([]admin.Set, 0, len(i.prog.sets)), Jobs: i.describeJobs(),
	}
	if i.loaded.lastErr != nil {
		s.Config.LastError = i.shown(i.loaded.lastErr.Error())
	}
	for _, set := range i.prog.sets {
		s.Sets = append(s.Sets, i.setStatus(set))
	}
	return s
}

// shown makes a text one that may be shown.
func (i *instance) shown(text string) string { return i.redactor.Redact(text) }

// absolute makes a path one that those can use who are elsewhere.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); path != "" && err == nil {
		return abs
	}
	return path
}

// sourceStatus describes the sources by name. The built-in one for local files
// is only shown when something is wanted of it.
func (i *instance) sourceStatus() []admin.Source {
	all := make(map[string]*admin.Source)
	for name := range i.feeds.running {
		all[name] = &admin.Source{Name: name, State: admin.SourceCurrent}
	}
	wanted := make(map[string]bool)
	for q := range i.deps.users {
		wanted[q.Source] = true
		if s := all[q.Source]; s != nil {
			i.noteAnswer(s, q)
		}
	}
	list := make([]admin.Source, 0, len(all))
	for name, s := range all {
		if o, away := i.outages.away[name]; away {
			s.State, s.Since, s.Error = admin.SourceAway, o.since, i.shown(o.err.Error())
		}
		if name != localName || wanted[name] {
			list = append(list, *s)
		}
	}
	slices.SortFunc(list, func(a, b admin.Source) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// noteAnswer makes a source stale that has not answered q. Of several refusals
// the oldest is told.
func (i *instance) noteAnswer(s *admin.Source, q sources.Query) {
	o, refused := i.outages.refused[q]
	_, answered := i.snapshot.Lookup(q)
	if refused || !answered {
		s.State = admin.SourceStale
	}
	if refused && (s.Since.IsZero() || o.since.Before(s.Since)) {
		s.Since, s.Error = o.since, i.shown(q.String()+": "+o.err.Error())
	}
}

// setStatus describes a set.
func (i *instance) setStatus(s *set) admin.Set {
	status := admin.Set{Name: s.name, Files: make([]string, 0, len(s.units)), AppliedAt: s.appliedAt}
	for _, u := range s.units {
		if u.target.Path != "" {
			status.Files = append(status.Files, absolute(u.target.Path))
		}
		for _, line := range i.describe(u, shownMissing) {
			status.Missing = append(status.Missing, i.shown(line))
		}
	}
	var err string
	status.State, err = i.setState(s)
	status.Error = i.shown(err)
	return status
}

// setState says how far a set is, and what is wrong with it.
func (i *instance) setState(s *set) (state admin.SetState, err string) {
	for _, u := range s.units {
		if _, held := errors.AsType[*heldError](u.err); held {
			return admin.SetHeld, u.err.Error()
		}
		if u.err != nil {
			return admin.SetFailed, u.err.Error()
		}
		if len(u.missing) > 0 {
			return admin.SetWaiting, ""
		}
	}
	switch {
	case i.applier.busy && slices.ContainsFunc(i.applier.applied, func(a attempt) bool { return a.set == s }):
		return admin.SetApplying, s.lastErr
	case s.past.isBad(s.ready):
		return admin.SetBad, s.lastErr
	case s.env && i.handover.bad != nil && reflect.DeepEqual(i.process(nil), i.handover.bad):
		return admin.SetBad, i.handover.lastErr
	case s.env && i.handover.lastErr != "":
		return admin.SetFailed, i.handover.lastErr
	case s.lastErr != "", s.failed != (digest{}), s.owed:
		return admin.SetFailed, s.lastErr
	case s.inPlace():
		return admin.SetApplied, ""
	}
	return admin.SetWaiting, ""
}
