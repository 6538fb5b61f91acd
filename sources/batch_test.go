package sources_test

import (
	"errors"
	"testing"

	"concierge/sources"
)

func TestNewestWordOnAQueryCounts(t *testing.T) {
	b := sources.NewBatch("consul")
	q, other := sources.Query{Path: "a"}, sources.Query{Path: "b"}
	if b.Due() {
		t.Error("an empty batch is due")
	}
	b.Refuse(q, errors.New("refused"))
	b.Answer(q, sources.Value{Exists: true})
	b.Answer(other, sources.Value{Exists: true})
	b.Refuse(other, errors.New("refused"))
	u := b.Take()
	if len(u.Values) != 1 || !u.Values[q].Exists || len(u.Failed) != 1 || u.Failed[other] == nil || u.Source != "consul" {
		t.Errorf("update is %+v", u)
	}
	if b.Due() || len(b.Take().Values) != 0 {
		t.Error("the batch is not empty after it was taken")
	}
}

func TestForcedBatchIsDueThoughEmpty(t *testing.T) {
	b := sources.NewBatch("consul")
	b.Force()
	if !b.Due() {
		t.Error("it is not due")
	}
	if u := b.Take(); u.Err != nil || u.Values != nil || u.Failed != nil {
		t.Errorf("update is %+v, want an empty one", u)
	}
}
