package rollout

import "concierge/cluster"

// eventsKept is how long the audit trail of a set is.
const eventsKept = 200

// write is how a record is written: over the version that was read, with a
// higher epoch, and with an entry in the audit trail.
func (v View) write(r Record, by By, t cluster.Txn) cluster.Txn {
	r.DecidedBy, r.Reason, r.Since = by.Who, by.Why, v.At
	return v.enter(r, by, t)
}

// annotate writes a record whose way is not changed: the reason of the decision
// stays, and what was done is noted beside it.
func (v View) annotate(r Record, by By, t cluster.Txn) cluster.Txn {
	r.Note = &Note{by.Who, by.Why, v.At}
	return v.enter(r, by, t)
}

// enter writes a record and what was done to it, and keeps the reason.
func (v View) enter(r Record, by By, t cluster.Txn) cluster.Txn {
	r.Epoch = v.Record.Epoch + 1
	event := Event{
		Rollout: r.ID, Epoch: r.Epoch, From: r.From, To: r.To, State: r.State, Stage: r.Stage, By: by.Who, Why: by.Why, At: v.At,
	}
	if r.ID == v.Record.ID && r.State != v.Record.State {
		event.Failures = v.failing()
	}
	writes := []cluster.Write{
		{Key: recordKey(v.Set), Value: encodeRecord(r)},
		{Key: eventKey(v.Set, r.Epoch), Value: encode(event)},
	}
	if r.Epoch > eventsKept {
		writes = append(writes, cluster.Write{Key: eventKey(v.Set, r.Epoch-eventsKept), Delete: true})
	}
	if r.State == Complete && v.Record.State != Complete {
		writes = append(writes, cluster.Write{Key: goodKey(v.Set), Value: encode(Good{r.To, r.Epoch})})
	}
	return cluster.Txn{
		If:   append([]cluster.Condition{v.record()}, t.If...),
		Then: append(writes, t.Then...),
	}
}
