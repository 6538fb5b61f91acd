package agent

import (
	"crypto/sha256"
	"time"

	"concierge/reload"
	"concierge/reload/job"
	"concierge/render"
	"concierge/render/output"
	"concierge/sources"
)

// executor is what a unit renders: a template, or a prefix that becomes
// environment variables.
type executor interface {
	Literals() []sources.Query
	Execute(render.Lookup) (render.Result, error)
}

// unit is one thing to render: a file, or a part of the environment. Its state
// belongs to the loop.
type unit struct {
	label  string // how messages name it
	text   digest // of what it is made of
	source executor
	set    *set

	// Of a file:
	target   output.Target
	check    *reload.CommandCheck
	checks   checks
	onChange []reload.Action
	onError  string // what a failure of the template means; see config
	// Of an environment variable: its name; empty for an env_prefix.
	variable string

	dirty    bool
	executed bool // at least once
	complete bool // result is a complete rendering
	result   render.Result
	sum      digest          // of what result wants written
	written  *bool           // what result asked for with writeToFile is in place
	watched  []sources.Query // what is wanted on behalf of this unit
	asks     []sources.Query // what it used when it was last executed with what the sources say
	missing  []render.Missing
	err      error // of the last execution, if it was complete

	uncounted bool      // the metrics do not know yet what became of result
	notAfter  time.Time // of the first certificate in the output that ends

	previewed    digest // printed last by a dry run
	waitingSince time.Time
	explained    bool // the log has said what it waits for
}

// set is a group of units that change together. The variables of the process
// are one set too.
type set struct {
	name   string
	env    bool
	units  []*unit
	checks []reload.Check // on the whole set
	health []job.Check    // after a change, besides those of the process
	dir    string         // all files are one tree below it; "" is each by itself
	wait   quiescence
	// rolling is the rollout that the set changes with; nil is none.
	rolling *rolling

	queued bool   // is in the list of sets with dirty units
	begun  bool   // there was a complete rendering, applied or on its way
	ready  digest // of the last complete rendering; zero: none, or waiting

	due         time.Time // when its dirty units run; zero: at once
	firstChange time.Time // of the changes that wait
	changedAt   time.Time // when the first change arrived that is not applied; zero: none

	applied   digest // what was applied last; zero: nothing yet
	owed      bool   // files are in place, an action failed
	failed    digest // what could not be applied last
	retryAt   time.Time
	backoff   sources.Backoff
	lastErr   string // of the last attempt, as it may be shown
	told      outcome
	past      past
	appliedAt time.Time // when applied was
}

type digest [sha256.Size]byte

// quiescence is how long a change waits for further ones.
type quiescence struct{ min, max time.Duration }

// settle works out, after executions, what the set would put in place. A set
// with a unit that waits or fails puts nothing in place: its files change
// together.
func (s *set) settle() {
	s.ready = digest{}
	for _, u := range s.units {
		if !u.complete || u.dirty || len(u.missing) > 0 || u.err != nil {
			return
		}
	}
	s.ready, s.begun = s.sum(), true
}

// sum is the digest of what the units would put in place.
func (s *set) sum() (d digest) {
	h := sha256.New()
	for _, u := range s.units {
		h.Write([]byte(u.label))
		h.Write([]byte{0})
		h.Write(u.sum[:])
	}
	h.Sum(d[:0])
	return d
}

// writes returns the marks of what the units write besides their files.
func (s *set) writes() []*bool {
	var marks []*bool
	for _, u := range s.units {
		if len(u.result.Writes) > 0 {
			marks = append(marks, u.written)
		}
	}
	return marks
}

// changed notes that data of the set changed at now and decides when it runs:
// at once before the first rendering or without quiescence, else min after the
// last change and at most max after the first.
func (s *set) changed(now time.Time) {
	if s.changedAt.IsZero() && s.applied != (digest{}) {
		s.changedAt = now
	}
	if s.wait.min <= 0 || !s.begun && s.applied == (digest{}) {
		s.due = time.Time{}
		return
	}
	if s.firstChange.IsZero() {
		s.firstChange = now
	}
	s.due = now.Add(s.wait.min)
	if limit := s.firstChange.Add(s.wait.max); s.due.After(limit) {
		s.due = limit
	}
}

// adopt takes over from old what was applied, so that a reload of concierge's
// configuration does not apply again what is in place.
func (s *set) adopt(old *set) {
	s.applied, s.owed, s.failed, s.retryAt, s.backoff = old.applied, old.owed, old.failed, old.retryAt, old.backoff
	s.past = old.past
	s.appliedAt = old.appliedAt
}

// outcome is what the log has said of an attempt, so that it is said once.
type outcome struct {
	tried                     digest
	inPlace, rejected, undone bool
	text                      string // of what does not quote a program
}
