package agent

import (
	"errors"
	"reflect"
	"slices"
	"time"

	"concierge/reload"
	"concierge/sources"
)

// handover is how the process was handed to the supervisor.
type handover struct {
	taken   *reload.Process // as it was taken last; nil: never
	failed  *reload.Process // the supervisor could not restart it as this
	bad     *reload.Process // it was not healthy as this
	suspect *reload.Process // nor as this, but files had changed, too
	retryAt time.Time
	backoff sources.Backoff
	lastErr string // logged last
}

// due reports whether the process is to be handed over now, which is alone if
// no files are.
func (h *handover) due(want *reload.Process, now time.Time, alone bool) bool {
	switch {
	case want == nil || reflect.DeepEqual(want, h.taken) || reflect.DeepEqual(want, h.bad):
		return false
	case reflect.DeepEqual(want, h.suspect) && !alone:
		return false
	case reflect.DeepEqual(want, h.failed):
		return !now.Before(h.retryAt)
	}
	return true
}

// settle notes what became of an offer.
func (h *handover) settle(offered *reload.Process, r reload.Report, now time.Time) {
	switch {
	case r.ProcessAlone:
		h.bad, h.suspect = offered, nil
	case r.ProcessUndone:
		h.suspect = offered
	case r.Taken:
		h.taken, h.failed, h.suspect, h.retryAt = offered, nil, nil, time.Time{}
		h.backoff.Reset()
	case r.ProcessErr != nil:
		h.failed, h.retryAt = offered, now.Add(h.backoff.Next())
	}
}

// process returns how the process is wanted to run: nil as long as anything of
// a new program is neither in place nor about to be, with the sets given.
func (i *instance) process(coming []reload.Set) *reload.Process {
	if i.prog.process == nil || !i.prog.adopted && !i.filesComing(coming) {
		return nil
	}
	if i.handover.taken == nil && (i.needing.parked || !i.needsMet()) {
		return nil
	}
	vars, complete := i.variables()
	if !complete {
		return nil
	}
	p := *i.prog.process
	p.Plan.Spec.Env = environmentOf(i.o.Environ, i.prog.cfg.Process.Environment, vars...)
	return &p
}

// filesComing reports whether the newest version of every file is in place or
// among the sets.
func (i *instance) filesComing(coming []reload.Set) bool {
	return !slices.ContainsFunc(i.prog.sets, func(s *set) bool {
		return !s.env && !s.inPlace() && !slices.ContainsFunc(coming, func(c reload.Set) bool { return c.Name == s.name })
	})
}

// processInPlace reports whether the process runs as it is wanted to.
func (i *instance) processInPlace() bool {
	if i.prog.process == nil {
		return true
	}
	want := i.process(nil)
	known := want != nil && (reflect.DeepEqual(want, i.handover.taken) || reflect.DeepEqual(want, i.handover.bad))
	return i.applier.Running() && i.handover.taken != nil && known
}

// noteAdopted notes when all of the program has been applied.
func (i *instance) noteAdopted() {
	if !i.applier.busy && i.filesComing(nil) && i.processInPlace() {
		i.prog.adopted, i.live = true, true
	}
}

// outdated reports whether the process that runs is to be replaced by another
// one, which a new configuration names.
func (i *instance) outdated() bool {
	now, next := i.handover.taken, i.prog.process
	if now == nil || next == nil {
		return false
	}
	was, is := now.Plan.Spec, next.Plan.Spec
	return was.Dir != is.Dir || !slices.Equal(was.Command, is.Command)
}

// noteProcess notes what became of the process, and logs once when it could
// not be restarted as wanted.
func (i *instance) noteProcess(r reload.Report) {
	if i.applier.offered == nil {
		return
	}
	i.handover.settle(i.applier.offered, r, time.Now())
	if env := i.prog.env; env != nil && r.Taken {
		env.applied, env.appliedAt = env.ready, time.Now()
	}
	text := ""
	if r.ProcessErr != nil {
		text = i.redactor.Redact(r.ProcessErr.Error())
	}
	if text != "" && text != i.handover.lastErr {
		message := "process was not restarted, it goes on as it was"
		switch {
		case r.ProcessAlone:
			message = "process was not healthy after its restart, it runs as before until its environment or command changes again"
		case r.ProcessUndone:
			message = "process was not healthy after its restart and a change of files, it runs as before and will be tried alone"
		}
		i.log.Error(message, "error", errors.New(text))
	}
	i.handover.lastErr = text
}
