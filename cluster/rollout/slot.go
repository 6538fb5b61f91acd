package rollout

import (
	"cmp"
	"fmt"
	"time"

	"concierge/cluster"
)

// Acquire is the transaction by which an instance takes a slot to change to a
// release (which may be the one that it runs: a rotated secret is a change
// too). pick is any number; it spreads those who ask at once over the free
// slots. Without a transaction it says why not, and what has to happen first.
//
// It is conditional on the record's version, so that pausing, and lowering the
// number of slots, take effect at once, and on the absence of holds.
func Acquire(v View, me Instance, release string, deadline time.Duration, pick int) (_ *cluster.Txn, why string) {
	if why := v.refuses(me, release); why != "" {
		return nil, why
	}
	n, why := v.free(me.Domain, pick)
	if why != "" {
		return nil, why
	}
	r := v.Record
	slot := Slot{
		Holder: me.ID, Incarnation: me.Incarnation, Rollout: r.ID, Stage: r.Stage, Release: release,
		Trial: r.forward() && release == r.To, Since: v.At,
		Deadline: int(cmp.Or(deadline, DefaultDeadline) / time.Second),
	}
	key := slotKey(v.Set, me.Domain, n)
	return &cluster.Txn{
		If:   []cluster.Condition{v.record(), me.Seen, {Key: key}, {Key: holdKey(v.Set, "")}, {Key: holdKey(v.Set, me.ID)}},
		Then: []cluster.Write{{Key: key, Value: encode(slot)}},
	}, ""
}

func (v View) record() cluster.Condition {
	return cluster.Condition{Key: recordKey(v.Set), Version: v.Version}
}

// refuses says why an instance may not begin a change to a release now.
func (v View) refuses(me Instance, release string) string {
	target, why := Target(v, me)
	hold, held := v.frozen(me.ID)
	slot, mine := v.held(me.ID)
	switch {
	case v.Version == cluster.Absent || release != target:
		return fmt.Sprintf("its target is %q and not %q: %s", target, release, why)
	case me.Seen.Version == cluster.Absent:
		return "this instance is not registered yet"
	case held:
		return fmt.Sprintf("held by %s: %s", hold.By, hold.Why)
	case mine:
		return fmt.Sprintf("it has slot %d already", slot.N)
	case v.Record.State == Paused && release != v.Record.From:
		return fmt.Sprintf("rollout %d is paused by %s: %s", v.Record.ID, v.Record.DecidedBy, v.Record.Reason)
	}
	return ""
}

// free finds a slot of a domain. The number of slots may have been lowered while
// more were held: those above count, so that much less of the others may be
// taken until they are given back.
func (v View) free(domain string, pick int) (n int, why string) {
	taken := make(map[int]bool)
	for _, h := range v.Slots {
		if h.Domain == domain {
			taken[h.N] = true
		}
	}
	all := v.Record.Slots[domain]
	below := all
	for below > 0 && below+above(taken, below) > all {
		below--
	}
	for i := range below {
		if n := (max(0, pick) + i) % below; !taken[n] {
			return n, ""
		}
	}
	return 0, fmt.Sprintf("%d of %d slots of domain %q are taken", len(taken), all, domain)
}

func above(taken map[int]bool, below int) int {
	count := 0
	for n := range taken {
		if n >= below {
			count++
		}
	}
	return count
}

// Mine returns the slot that this life of an instance has.
func Mine(v View, me Instance) (Held, bool) {
	h, ok := v.held(me.ID)
	return h, ok && h.Incarnation == me.Incarnation
}

// Finish is the transaction by which a holder gives its slot back and says how
// it went. If the store refuses it, the slot or the acknowledgement is another
// one than in the view: look again, and if the slot is no longer there, its
// holder was fenced. It is then to end what it began, and to ask anew.
func Finish(v View, me Instance, slot Held, verdict Verdict) cluster.Txn {
	t := cluster.Txn{
		If:   []cluster.Condition{slot.At},
		Then: []cluster.Write{{Key: slot.At.Key, Delete: true}},
	}
	if verdict.Result == Skipped {
		return t
	}
	ack := v.ackOf(slot.Slot, verdict.Result)
	ack.Running, ack.Evidence, ack.Seconds = verdict.Running, verdict.Evidence, verdict.Took.Seconds()
	return v.put(t, me.ID, ack)
}

// Report is the transaction by which an instance says how it fared without a
// slot: at its start, when nothing ran that could be hurt, or when it is
// stopped by its owner ([Left]).
func Report(v View, me Instance, release string, verdict Verdict) cluster.Txn {
	r := v.Record
	trial := r.forward() && release == r.To
	ack := v.ackOf(Slot{Holder: me.ID, Incarnation: me.Incarnation, Rollout: r.ID, Stage: r.Stage, Release: release, Trial: trial}, verdict.Result)
	ack.Running, ack.Evidence, ack.Seconds = verdict.Running, verdict.Evidence, verdict.Took.Seconds()
	return v.put(cluster.Txn{If: []cluster.Condition{v.record()}}, me.ID, ack)
}

// Confess is the transaction by which an instance whose slot was taken away says
// what it runs since. Without it nobody knows, and a return waits for it. nil
// if there is nothing to say.
func Confess(v View, me Instance) *cluster.Txn {
	a, ok := v.Acks[me.ID]
	if !ok || a.Incarnation != me.Incarnation || a.Result != Lost || a.Running == me.Running {
		return nil
	}
	a.Running = me.Running
	t := v.put(cluster.Txn{}, me.ID, a.Ack)
	return &t
}

// Recover is the transaction by which a new life of an instance says that its
// former one was lost: in a change, or too soon after one. It comes before
// everything else. Without one there is nothing to say.
func Recover(v View, me Instance) *cluster.Txn {
	if slot, ok := v.held(me.ID); ok && slot.Incarnation != me.Incarnation {
		t := v.lose(slot, "the instance ended in the midst of the change")
		return &t
	}
	if a, ok := v.Acks[me.ID]; ok && a.Incarnation != me.Incarnation && v.onTrial(a.Ack) {
		t := v.put(cluster.Txn{}, me.ID, a.lost("the instance ended soon after the change"))
		return &t
	}
	return nil
}

// onTrial says whether the outcome of a change still matters: the stage in
// which it was made is not over.
func (v View) onTrial(a Ack) bool {
	r := v.Record
	return r.forward() && a.Rollout == r.ID && a.Stage == r.Stage && a.Result == Applied && a.Running == r.To
}

// lose takes a slot from a holder that cannot give it back.
func (v View) lose(slot Held, evidence string) cluster.Txn {
	ack := v.ackOf(slot.Slot, Lost)
	ack.Evidence = evidence
	t := cluster.Txn{
		If:   []cluster.Condition{slot.At},
		Then: []cluster.Write{{Key: slot.At.Key, Delete: true}},
	}
	if slot.Holder == "" {
		return t // it could not be read, so nobody knows whose it was
	}
	return v.put(t, slot.Holder, ack)
}

// ackOf is the acknowledgement of a change, with the failures of before.
func (v View) ackOf(s Slot, result Result) Ack {
	a := Ack{Rollout: s.Rollout, Stage: s.Stage, Incarnation: s.Incarnation, Release: s.Release, Result: result}
	if before := v.Acks[s.Holder]; before.Rollout == s.Rollout {
		a.Fails = before.Fails
	}
	if result.Failing() && s.Trial {
		a.Fails++
	}
	return a
}

// lost is the acknowledgement of an instance that went after it had succeeded.
func (a Ack) lost(evidence string) Ack {
	a.Result, a.Running, a.Evidence = Lost, "", evidence
	a.Fails++
	return a
}

// put adds the writing of an acknowledgement over the one that was read.
func (v View) put(t cluster.Txn, id string, a Ack) cluster.Txn {
	key := ackKey(v.Set, id)
	t.If = append(t.If, cluster.Condition{Key: key, Version: v.Acks[id].At.Version})
	t.Then = append(t.Then, cluster.Write{Key: key, Value: encode(a)})
	return t
}
