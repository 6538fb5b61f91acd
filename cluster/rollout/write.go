package rollout

import "concierge/cluster"

// eventsKept is how long the audit trail of a set is.
const eventsKept = 200

// write is the only way in which a record is written: over the version that was
// read, with a higher epoch, and with an entry in the audit trail.
func (v View) write(r Record, by By, t cluster.Txn) cluster.Txn {
	r.Epoch = v.Record.Epoch + 1
	r.DecidedBy, r.Reason, r.Since = by.Who, by.Why, v.At
	event := Event{r.ID, r.Epoch, r.From, r.To, r.State, r.Stage, by.Who, by.Why, v.At}
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
