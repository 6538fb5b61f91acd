package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"concierge/cluster"
)

// Summary is what a person wants to know of a rollout.
type Summary struct {
	Set    string `json:"set"`
	Record Record `json:"rollout"`
	Good   string `json:"good,omitempty"`
	// Instances by what they run.
	Running   map[string]int  `json:"running"`
	Cohort    int             `json:"cohort"`   // members of the stages so far
	Failures  int             `json:"failures"` // of this rollout
	Changing  []Held          `json:"changing,omitempty"`
	Instances []Line          `json:"instances"`
	Holds     map[string]Hold `json:"holds,omitempty"`
	// Trouble is why the release that the leader reads is not proposed.
	Trouble *Trouble `json:"trouble,omitempty"`
	// Hint says what to do about it.
	Hint string `json:"hint,omitempty"`
}

// Line is one instance of a [Summary].
type Line struct {
	ID       string `json:"id"`
	Domain   string `json:"domain,omitempty"`
	Running  string `json:"running,omitempty"`
	Target   string `json:"target"`
	Why      string `json:"why"`
	Sick     bool   `json:"sick,omitempty"`
	Result   Result `json:"result,omitempty"` // of its newest change in this rollout
	Evidence string `json:"evidence,omitempty"`
}

// Show sums a view up. The view has members and all acknowledgements.
func Show(v View) Summary {
	s := Summary{
		Set: v.Set, Record: v.Record, Good: v.Good.Release, Failures: v.failures(), Changing: v.Slots,
		Running: make(map[string]int), Holds: make(map[string]Hold),
	}
	for _, m := range v.Members {
		s.Running[v.runs(m)]++
		if v.inCohort(m.ID) {
			s.Cohort++
		}
		s.Instances = append(s.Instances, v.line(m))
	}
	for id, h := range v.Holds {
		s.Holds[id] = h.Hold
	}
	if t := v.Trouble; t != nil {
		s.Trouble, s.Hint = &t.Trouble, t.SizeError(v.Set).Error()
	}
	return s
}

func (v View) line(m Member) Line {
	l := Line{ID: m.ID, Domain: m.Domain, Running: v.runs(m), Sick: m.Sick}
	l.Target, l.Why = Target(v, v.instance(m))
	if a := v.Acks[m.ID]; a.Rollout == v.Record.ID {
		l.Result, l.Evidence = a.Result, a.Evidence
	}
	return l
}

func (v View) instance(m Member) Instance {
	return Instance{ID: m.ID, Incarnation: m.Incarnation, Domain: m.Domain, Running: v.runs(m)}
}

// Explain says why an instance runs what it runs, one reason a line.
func Explain(v View, id string) []string {
	m, ok := v.member(id)
	if !ok {
		return v.explainAbsent(id)
	}
	me := v.instance(m)
	target, why := Target(v, me)
	lines := []string{fmt.Sprintf("%s runs %q; its target is %q: %s", id, me.Running, target, why)}
	if v.Trouble != nil {
		lines = append(lines, "the newest release is not proposed: "+v.Trouble.SizeError(v.Set).Error())
	}
	if slot, ok := v.held(id); ok {
		return append(lines, fmt.Sprintf("it is in change to %s, with slot %d", slot.Release, slot.N))
	}
	if target != me.Running {
		if why := v.wouldWait(me, target); why != "" {
			lines = append(lines, "it waits: "+why)
		}
	}
	if a, ok := v.Acks[id]; ok && a.Result.Failing() {
		lines = append(lines, fmt.Sprintf("its last change, to %s in rollout %d, was %s: %s", a.Release, a.Rollout, a.Result, a.Evidence))
	}
	if slices.Contains(v.Record.Bad, v.Record.To) && target != v.Record.To {
		lines = append(lines, fmt.Sprintf("release %s was refused: %s; edit the sources, or allow it again with `concierge rollout retry`", v.Record.To, v.Record.Reason))
	}
	return lines
}

func (v View) wouldWait(me Instance, target string) string {
	if me.Running == "" {
		return ""
	}
	me.Seen.Version = 1 // it is there, or it would not be in the view
	_, why := Acquire(v, me, target, 0, 0)
	return why
}

func (v View) explainAbsent(id string) []string {
	lines := []string{fmt.Sprintf("%s is not there: it does not run, or it cannot reach the store", id)}
	if a, ok := v.Acks[id]; ok {
		lines = append(lines, fmt.Sprintf("the last that is known is rollout %d, release %s: %s %s", a.Rollout, a.Release, a.Result, a.Evidence))
	}
	if slot, ok := v.held(id); ok {
		lines = append(lines, fmt.Sprintf("it still has slot %d; the leader takes it back", slot.N))
	}
	return lines
}

// Knows says whether anything is known of an instance: it is there, or was.
func (v View) Knows(id string) bool {
	_, there := v.member(id)
	_, holds := v.held(id)
	_, noted := v.Acks[id]
	return there || holds || noted
}

// History is the audit trail in order. What cannot be read is left out.
func History(view cluster.View) []Event {
	events := make([]Event, 0, len(view.Entries))
	for _, e := range view.Entries {
		if event, err := decode[Event](e.Value); err == nil {
			events = append(events, event)
		}
	}
	slices.SortFunc(events, func(a, b Event) int { return int(int64(a.Epoch) - int64(b.Epoch)) })
	return events
}

// String of an event, for a list.
func (e Event) String() string {
	parts := []string{e.At.Format(time.RFC3339), fmt.Sprintf("rollout %d", e.Rollout), string(e.State), e.By + ":", e.Reason()}
	return strings.Join(parts, " ")
}

// Reason is why it was decided, with those who failed unless that names them.
func (e Event) Reason() string {
	var names []string
	for _, f := range e.Failures {
		if !strings.Contains(e.Why, f.String()) {
			names = append(names, f.String())
		}
	}
	if len(names) == 0 {
		return e.Why
	}
	return e.Why + "; failed: " + strings.Join(names, ", ")
}
