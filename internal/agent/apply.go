package agent

import (
	"errors"
	"slices"
	"strings"
	"time"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/reload"
	"concierge/reload/process"
	"concierge/render/output"
)

// apply hands everything that is ready and not applied yet to the applier, if
// that is idle. The process of a new program comes in with the last of its
// files.
func (i *instance) apply(now time.Time) {
	if i.applier.busy || i.o.dry || i.maintenance {
		return
	}
	var g reload.Generation
	var about []attempt
	wanted, unfinished := i.next(now)
	for _, s := range wanted {
		g.Sets = append(g.Sets, i.outputs(s))
		about = append(about, attempt{set: s, digest: s.ready, writes: s.writes(), units: s.takeUncounted(), since: s.changedAt})
		s.changedAt = time.Time{}
	}
	for _, s := range unfinished {
		g.Sets = append(g.Sets, i.finish(s))
		about = append(about, attempt{set: s, finishes: true})
	}
	if want := i.process(g.Sets); i.handover.due(want, now, len(g.Sets) == 0) && i.mayRestart() {
		g.Process = want
	}
	if len(g.Sets) == 0 && g.Process == nil {
		return
	}
	g.Together, g.Outdated, g.NoProcess = !i.prog.adopted, i.outdated(), i.prog.process == nil
	i.fence.set(i.prog.sets)
	g.CommandEnv, g.Window = i.commandEnv(), i.window("")
	i.applier.busy, i.applier.applied, i.applier.offered = true, about, g.Process
	i.applier.generations <- g
}

// mayRestart reports whether the process may be started, or restarted for its
// environment.
func (i *instance) mayRestart() bool {
	env := i.prog.env
	return env == nil || i.handover.taken == nil || env.rolling.lets()
}

// next returns the sets that are to be applied now, and those of whose version
// in place something is left to do. One that was undone together with others is
// tried by itself, to find out which of them it was.
func (i *instance) next(now time.Time) (wanted, unfinished []*set) {
	var suspects []*set
	for _, s := range i.prog.sets {
		switch {
		case s.env || !s.rolling.lets():
		case !s.wanted(now):
			if s.unfinished(now) {
				unfinished = append(unfinished, s)
			}
		case s.past.suspect == s.ready:
			suspects = append(suspects, s)
		default:
			wanted = append(wanted, s)
		}
	}
	if len(wanted) == 0 && len(unfinished) == 0 && len(suspects) > 0 {
		return suspects[:1], nil
	}
	return wanted, unfinished
}

// wanted reports whether the set differs from what was applied and may be
// tried now.
func (s *set) wanted(now time.Time) bool {
	if s.ready == (digest{}) || s.ready == s.applied && !s.owed || s.past.isBad(s.ready) {
		return false
	}
	return s.ready != s.failed || !now.Before(s.retryAt)
}

// outputs describes the set to the supervisor.
func (i *instance) outputs(s *set) reload.Set {
	set := reload.Set{
		Name: s.name, Digest: s.ready.String(), Owed: s.owed, Watch: i.watchOf(s), Checks: s.checks,
		Secret: slices.ContainsFunc(s.units, func(u *unit) bool { return u.result.Tainted }),
	}
	at := make(map[string]int) // the output of a path
	units := s.units
	if s.dir != "" {
		var out reload.Output
		out, set.Checks = s.treeOutput()
		set.Outputs, units = append(set.Outputs, out), nil
	}
	for _, u := range units {
		target := u.target
		target.Secret = u.result.Tainted
		out := reload.Output{File: stager{target, u.result.Output}, Path: placeOf(target), Checks: u.allChecks(), OnChange: u.onChange}
		if n, shared := at[target.Path]; shared { // the last template of a file wins
			out.OnChange = slices.Concat(set.Outputs[n].OnChange, out.OnChange)
			set.Outputs[n] = out
			continue
		}
		at[target.Path] = len(set.Outputs)
		set.Outputs = append(set.Outputs, out)
	}
	for _, u := range s.units {
		for _, w := range writesOf(u.result, u.written) {
			set.Outputs = append(set.Outputs, reload.Output{File: w, OnChange: u.onChange})
		}
	}
	return set
}

// stager is one output on its way to the supervisor.
type stager struct {
	target  output.Target
	content []byte
}

// Stage implements reload.File.
func (s stager) Stage() (reload.Staged, error) { return output.Stage(s.target, s.content) }

// inPlace reports whether the newest version of the set is in place.
// One that is known to be bad leaves the version before in place, which then
// is as good as the newest one; so does one that is refused, or does not come
// to be because a template or guard fails, where concierge found a version in
// place when it was started.
func (s *set) inPlace() bool {
	if s.ready == (digest{}) {
		return s.past.standing && s.stuck()
	}
	return s.applied == s.ready || s.past.isBad(s.ready) || s.past.standing && s.failed == s.ready
}

// stuck reports whether a template or guard fails, so that waiting does not
// help.
func (s *set) stuck() bool {
	return slices.ContainsFunc(s.units, func(u *unit) bool { return u.err != nil })
}

// commandEnv is what commands and the process inherit of concierge's own
// environment.
func (i *instance) commandEnv() []string { return commandEnv(i.prog.cfg, i.o.Environ) }

func commandEnv(cfg *config.Config, environ []string) []string {
	var filter config.Environment
	if p := cfg.Process; p != nil {
		filter = p.Environment
	}
	return environmentOf(environ, filter)
}

// allReady reports whether every set has a complete rendering.
func (i *instance) allReady() bool {
	return !slices.ContainsFunc(i.prog.sets, func(s *set) bool { return s.ready == (digest{}) })
}

// report takes what became of a generation. The error is one that ends the
// instance: a process that cannot be executed, a failure where nothing is
// tried twice, or an output that could not be written at the very start.
func (i *instance) report(r reload.Report) error {
	i.applier.busy = false
	var fatal []error
	changed := 0
	for n, a := range i.applier.applied {
		a.set = i.heir(a.set)
		changed += r.Results[n].Changed
		fatal = append(fatal, i.settle(a, r.Results[n]))
		i.noteApplied(a, r.Results[n], r)
	}
	i.noteProcess(r)
	if changed > 0 || slices.ContainsFunc(r.Actions, newsworthy) {
		i.log.Info("applied", "files", changed, "actions", r.Actions, "took", r.Elapsed.Round(time.Microsecond).String())
	}
	if start := new(process.StartError); errors.As(r.StartErr, &start) {
		return exit.With(start.Code(), start)
	}
	i.noteAdopted()
	i.noteRolled(r)
	if i.live && !i.o.once {
		return nil
	}
	return exit.With(exit.Failed, errors.Join(fatal...))
}

// heir is the set of the current program that goes on with what became of s: it
// was applied while the configuration was reloaded.
func (i *instance) heir(s *set) *set {
	at := slices.IndexFunc(i.prog.sets, func(other *set) bool { return other.name == s.name })
	if at < 0 {
		return s
	}
	return i.prog.sets[at]
}

// newsworthy reports whether an action is told at all when no file changed: the
// start is told by the supervisor, and failures have lines of their own.
func newsworthy(action string) bool {
	return action != "start" && !strings.HasPrefix(action, "failed ")
}

// settle notes and logs what became of one set. An output that cannot be
// written before anything ever was is returned: waiting would not help.
func (i *instance) settle(a attempt, r reload.Result) error {
	told := a.set.told
	err := errors.Join(r.Err, r.ActionErr)
	if a.finishes {
		a.set.finished(r)
	} else {
		a.set.settled(a.digest, r)
	}
	for _, done := range a.writes {
		*done = *done || r.Err == nil || r.Stuck
	}
	if err == nil {
		return nil
	}
	text := i.redactor.Redact(err.Error())
	a.set.lastErr, a.set.told = text, outcome{a.digest, r.Err == nil, r.Rejected, r.Undone, text}
	if r.Rejected || r.Err == nil { // what a program says may differ each time, by a time or number
		a.set.told.text = ""
	}
	atStart := r.Err != nil && !r.Rejected && !r.Undone && a.set.applied == (digest{}) && !a.set.past.standing
	if (a.set.told != told || r.Undone) && !i.o.once && (i.live || !atStart) { // else it ends concierge, and is told by that
		i.log.Error(a.set.became(r), "set", r.Name, "error", text)
	}
	if i.o.once || atStart {
		return errors.New(text)
	}
	return nil
}

// became says what became of a set that was not applied as it should.
func (s *set) became(r reload.Result) string {
	switch {
	case r.Err == nil:
		return "action after a change failed, it will be tried again"
	case r.Undone && r.Alone:
		return "change was rolled back, and is not tried again until it changes"
	case r.Undone:
		return "change was rolled back together with others, it will be tried alone"
	case r.Stuck:
		return "change is not healthy and could not be rolled back, it stays in place"
	case s.applied == (digest{}) && !s.past.standing:
		return "output was not put in place, it will be tried again"
	}
	return "change was not applied, the previous version stays"
}

// settled notes the outcome of an attempt.
func (s *set) settled(tried digest, r reload.Result) {
	s.past.settled(tried, r)
	if r.Err == nil || r.Stuck {
		s.applied, s.owed, s.appliedAt = tried, r.ActionErr != nil, time.Now()
	}
	if r.Undone || r.Stuck {
		return // what was applied before is in place again, or cannot be
	}
	if r.Err == nil && r.ActionErr == nil {
		s.failed, s.retryAt, s.lastErr, s.told = digest{}, time.Time{}, "", outcome{}
		s.backoff.Reset()
		return
	}
	s.failed, s.retryAt = tried, time.Now().Add(s.backoff.Next())
}
