package rollout

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"concierge/cluster"
)

func TestRecordKeepsFieldsOfALaterMinorVersion(t *testing.T) {
	r, err := decodeRecord([]byte(`{"v":1,"is":{"id":7,"to":"B","state":"rolling","stages":[{"count":1}],"weather":{"wind":3}}}`))
	if err != nil {
		t.Fatal(err)
	}
	again := encodeRecord(r.pause(ByOperator, 0))
	if !bytes.Contains(again, []byte(`"weather":{"wind":3}`)) || !bytes.Contains(again, []byte(`"state":"paused"`)) {
		t.Fatalf("written again it is %s", again)
	}
}

func TestRecordOfAnotherMajorVersionIsRefused(t *testing.T) {
	state := cluster.View{Entries: []cluster.Entry{{Key: recordKey("s"), Value: []byte(`{"v":2,"is":{"to":"B"}}`), Version: 3}}}
	if _, err := Parse("s", state, cluster.View{}); !errors.Is(err, ErrVersion) {
		t.Fatalf("err = %v, want ErrVersion", err)
	}
}

func TestRecordThatSomebodyGotWrongIsRefusedWithAHint(t *testing.T) {
	for _, body := range []string{
		`{"v":1,"is":{"to":"B","state":"flying","stages":[{}]}}`,
		`{"v":1,"is":{"to":"B","state":"rolling","stages":[]}}`,
		`{"v":1,"is":{"to":"B","state":"rolling","stage":-1,"stages":[{}]}}`,
		`{"v":1,"is":{"state":"rolling","stages":[{}]}}`,
	} {
		state := cluster.View{Entries: []cluster.Entry{{Key: recordKey("s"), Value: []byte(body), Version: 3}}}
		if _, err := Parse("s", state, cluster.View{}); err == nil || !strings.Contains(err.Error(), "delete the key") {
			t.Errorf("%s: err = %v, want a hint", body, err)
		}
	}
}

func TestUnreadableEntriesAreOnTheSafeSide(t *testing.T) {
	record := encodeRecord(Record{ID: 1, To: "B", From: "A", State: Rolling, Stages: []Stage{{}}, Cut: everybody, Slots: map[string]int{"z": 1}})
	v, err := Parse("s", cluster.View{Entries: []cluster.Entry{
		{Key: recordKey("s"), Value: record, Version: 1},
		{Key: slotKey("s", "z", 0), Value: []byte("junk"), Version: 2},
		{Key: holdKey("s", "a"), Value: []byte("junk"), Version: 3},
	}}, cluster.View{Entries: []cluster.Entry{{Key: ackKey("s", "b"), Value: []byte("junk"), Version: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	seen := func(id string) Instance {
		return Instance{ID: id, Domain: "z", Running: "A", Seen: cluster.Condition{Key: "inst/" + id, Version: 1}}
	}
	if txn, why := Acquire(v, seen("b"), "B", 0, 0); txn != nil || !strings.Contains(why, "1 of 1 slots") {
		t.Errorf("a slot that cannot be read was taken again: %s", why)
	}
	if target, why := Target(v, seen("a")); target != "A" {
		t.Errorf("a hold that cannot be read does not hold: %s", why)
	}
}

func TestNamesCannotLeaveTheirPlaceInAKey(t *testing.T) {
	names := []string{"", "%", "web/1", "..", ".", "a b", "ä", "web-1.zone_b", "%41"}
	for _, name := range names {
		part := Escape(name)
		if back, ok := Unescape(part); !ok || back != name || strings.Contains(part, "/") || strings.HasPrefix(part, ".") {
			t.Errorf("Escape(%q) = %q, and back %q", name, part, back)
		}
	}
}

func FuzzEscape(f *testing.F) {
	for _, name := range []string{"", "web-1", "a/b", "..", "%2F", "\xff"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		part := Escape(name)
		if back, ok := Unescape(part); !ok || back != name {
			t.Fatalf("Unescape(Escape(%q)) = %q, %t", name, back, ok)
		}
		if other, ok := Unescape(name); ok && Escape(other) != name {
			t.Fatalf("two spellings of %q: %q", other, name)
		}
	})
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"v":1,"is":{"id":7,"to":"B","state":"rolling","stages":[{"count":1}],"x":1}}`))
	f.Add(encodeRecord(Record{To: "A", State: Complete, Stages: []Stage{{}}, Slots: map[string]int{"": 2}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeRecord(data)
		if err != nil {
			return
		}
		again, err := decodeRecord(encodeRecord(r))
		if err != nil || again.ID != r.ID || again.Epoch != r.Epoch || !reflect.DeepEqual(again.Stages, r.Stages) {
			t.Fatalf("%s\nread again: %+v, %v; first: %+v", data, again, err, r)
		}
	})
}
