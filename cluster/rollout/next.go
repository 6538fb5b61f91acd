package rollout

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"concierge/cluster"
)

// everybody is the cut that has all instances in the cohort.
const everybody = math.MaxUint32

// Live is the release that the leader reads in the sources now.
type Live struct {
	Release   string            // empty while it is not known
	Revisions map[string]uint64 // of the sources, by name
}

// Lead is what a leader brings along.
type Lead struct {
	Who    string
	Term   cluster.Condition // that it still leads
	Policy Policy
	Live   Live
}

// Decision is the leader's next move.
type Decision struct {
	// Txn is what to commit; nil if there is nothing to do but to wait.
	Txn *cluster.Txn
	Why string
	// Publish is the release that has to be in the store before the commit.
	Publish string
	Memory  Memory
	// Wake is when to look again though nothing has changed; if nothing runs, late.
	Wake time.Duration
}

// Next is what a leader does about a set: at most one transaction, conditional
// on the record as it was read and on the term. now is its monotonic clock and
// memory what Next returned before; a new leader begins with none, so what has
// to last for a while begins anew.
func Next(v View, l Lead, m Memory, now time.Duration) Decision {
	t := tick{View: v, Lead: l, Memory: m.look(v, now), now: now}
	d := Decision{Memory: t.Memory, Why: t.waiting(), Wake: t.Memory.wake(v, l.Policy)}
	for _, rule := range []func() *move{
		t.propose, t.lookAway, t.blame, t.reclaim, t.convict, t.stop, t.widen, t.advance, t.arrive, t.resize, t.lift,
	} {
		if mv := rule(); mv != nil {
			txn := mv.write(v, l.Who)
			txn.If = append(txn.If, l.Term)
			d.Txn, d.Why, d.Publish = &txn, mv.why, mv.publish
			return d
		}
	}
	return d
}

// tick is one look of the leader.
type tick struct {
	View
	Lead
	Memory Memory
	now    time.Duration
}

// move is what a rule wants.
type move struct {
	record  Record
	why     string
	also    cluster.Txn
	publish string
	how     func(View, Record, By, cluster.Txn) cluster.Txn // default [View.write]
}

func (m *move) write(v View, who string) cluster.Txn {
	how := m.how
	if how == nil {
		how = View.write
	}
	return how(v, m.record, By{who, m.why}, m.also)
}

// propose begins a rollout of what the leader reads, if that is news: not what
// is on its way, not what was refused, and not older than what is recorded. A
// rollout that is open is superseded; if the edit was taken back, it returns.
func (t tick) propose() *move {
	r, live := t.Record, t.Live
	switch {
	case live.Release == "" || slices.Contains(r.Bad, live.Release) || r.older(live.Revisions):
		return nil
	case t.Version == cluster.Absent:
		return t.begin("the first release of the set")
	case live.Release == r.To && (r.forward() || r.State == Complete):
		return nil
	case live.Release != r.Base():
		return t.begin("the sources changed")
	case r.forward():
		r.Revisions = maps.Clone(live.Revisions)
		return &move{record: r.back(Aborted), why: "the change was taken back in the sources"}
	}
	return nil
}

func (t tick) begin(why string) *move {
	next := t.Record.succeed(t.Live.Release, t.Policy)
	next.Revisions = maps.Clone(t.Live.Revisions)
	t.Record = next
	next.Slots = t.slots()
	next.Cut = t.cut()
	return &move{record: next, why: why, publish: next.To}
}

// lookAway pauses while many instances vanished at once: more likely this
// leader cannot see them than that they all died. It ends when they are back.
func (t tick) lookAway() *move {
	r := t.Record
	switch {
	case r.State == Rolling && t.Memory.blind(len(t.Members)):
		before := t.Memory.most()
		return &move{record: r.pause(ByVisibility, before), why: fmt.Sprintf("only %d of %d instances are seen", len(t.Members), before)}
	case r.Cause == ByVisibility && len(t.Members) >= r.Expect:
		return &move{record: r.resume(), why: fmt.Sprintf("all %d instances are seen again", len(t.Members))}
	}
	return nil
}

// reclaim takes the slot of a holder that is gone for longer than the grace, or
// that is past its deadline. Both are failures.
func (t tick) reclaim() *move {
	if t.sightless() {
		return nil
	}
	for _, slot := range t.Slots {
		why := ""
		switch {
		case t.Memory.gone(slot.At, t.now, t.Policy.grace()):
			why = "the holder is gone"
		case t.Memory.late(slot, t.now):
			why = "the change took longer than its deadline"
		default:
			continue
		}
		return t.fail(slot.Holder, t.lose(slot, why), why)
	}
	return nil
}

// sightless says that absence proves nothing now.
func (t tick) sightless() bool {
	return t.Record.Cause == ByVisibility || t.Memory.blind(len(t.Members))
}

func (t tick) fail(id string, also cluster.Txn, why string) *move {
	r := t.Record
	return &move{record: r, why: fmt.Sprintf("%s failed: %s", id, why), also: also}
}

// convict writes down the failures that nobody else can: of instances that fell
// ill after the change, or went away before its stage was over.
func (t tick) convict() *move {
	if !t.Record.forward() || t.sightless() || t.Record.Cause == ByWorld {
		return nil
	}
	for _, m := range t.Members {
		if t.treated(m) && t.ill(m) {
			const why = "it became unhealthy after the change"
			return t.fail(m.ID, t.put(cluster.Txn{}, m.ID, t.unhealthy(m, why)), why)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.Acks)) {
		a := t.Acks[id]
		if t.onTrial(a.Ack) && t.Memory.gone(a.At, t.now, t.Policy.grace()) {
			const why = "the instance went away soon after the change"
			return t.fail(id, t.put(cluster.Txn{}, id, a.lost(why)), why)
		}
	}
	return nil
}

func (t tick) unhealthy(m Member, why string) Ack {
	r := t.Record
	slot := Slot{Holder: m.ID, Incarnation: m.Incarnation, Rollout: r.ID, Stage: r.Stage, Release: r.To, Trial: true}
	a := t.ackOf(slot, Unhealthy)
	a.Running, a.Evidence = r.To, why
	return a
}

// stop turns round when the failures are more than the budget, or when nobody
// is left who could show that the release is any good.
func (t tick) stop() *move {
	r, failures := t.Record, t.failures()
	if !r.forward() || r.Cause == ByFailure || r.Cause == ByWorld || failures == 0 {
		return nil
	}
	if failures <= r.Budget && len(t.candidates()) > 0 {
		return nil
	}
	r.Failed = failures
	return &move{record: r.refuse(r.To).back(RolledBack), why: fmt.Sprintf("%d failed, and %d are tolerated: %s", failures, r.Budget, t.culprits())}
}

// culprits are those who failed, in words.
func (t tick) culprits() string {
	var names []string
	for _, f := range t.failing() {
		names = append(names, f.String())
	}
	if len(names) == 0 {
		return "who did is well again"
	}
	return strings.Join(names, ", ")
}

// widen takes others into a stage in the place of those that are held, failed
// or gone.
func (t tick) widen() *move {
	r := t.Record
	if r.State != Rolling {
		return nil
	}
	r.Cut = max(r.Cut, t.cut())
	if r.Cut == t.Record.Cut {
		return nil
	}
	return &move{record: r, why: "the stage needs other instances"}
}

// advance goes to the next stage, or ends the rollout, when everybody of this
// stage is well and has been so for the time of the bake.
func (t tick) advance() *move {
	r := t.Record
	if r.State != Rolling || !t.Memory.baked(r, t.now) {
		return nil
	}
	if r.Last() {
		r.State, r.Failed = Complete, t.failures()
		return &move{record: r, why: "every instance applied it and stayed well"}
	}
	r.Stage++
	t.Record = r
	r.Cut = max(r.Cut, t.cut())
	return &move{record: r, why: fmt.Sprintf("stage %d of %d stayed well", r.Stage, len(r.Stages))}
}

// arrive ends a return when everybody is back.
func (t tick) arrive() *move {
	r := t.Record
	back := func(m Member) bool { return t.runs(m) == r.From }
	if r.State != RollingBack || len(t.Slots) > 0 || !all(t.Members, back) {
		return nil
	}
	r.State = r.Ends
	return &move{record: r, why: "every instance is back on the good release: " + t.Record.Reason}
}

// resize follows the number of members, where the slots are a share of them.
func (t tick) resize() *move {
	r := t.Record
	want := t.slots()
	if t.Version == cluster.Absent || maps.Equal(want, r.Slots) {
		return nil
	}
	r.Slots = want
	return &move{record: r, why: fmt.Sprintf("slots by failure domain: %v", want), how: View.enter}
}

// slots per failure domain; those of domains without a member stay.
func (t tick) slots() map[string]int {
	members := make(map[string]int)
	for _, m := range t.Members {
		members[m.Domain]++
	}
	slots := make(map[string]int)
	maps.Copy(slots, t.Record.Slots)
	for domain, n := range members {
		slots[domain] = t.Policy.MaxUnavailable.down(n)
	}
	return slots
}

// lift ends the holds whose time is over, by the wall clock.
func (t tick) lift() *move {
	for _, id := range slices.Sorted(maps.Keys(t.Holds)) {
		if h := t.Holds[id]; !h.Until.IsZero() && t.At.After(h.Until) {
			key := holdKey(t.Set, id)
			return &move{
				record: t.Record, why: "the hold of " + whom(id) + " ended at its time", how: View.annotate,
				also: t.over(id, key, cluster.Write{Key: key, Delete: true}),
			}
		}
	}
	return nil
}
