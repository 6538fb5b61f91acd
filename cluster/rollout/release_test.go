package rollout

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"concierge/cluster"
	"concierge/cluster/memstore"
)

func big(n int) Release {
	return Release{Templates: []string{"t2", "t1"}, Values: map[string][]byte{"kv(a)": bytes.Repeat([]byte("x"), n), "kv(b)": []byte("y")}}
}

func TestReleaseIsLoadedAsItWasPublished(t *testing.T) {
	store := memstore.New()
	r := big(300 << 10) // more than one part
	id, err := Publish(t.Context(), store, "web.main", r, "web-1", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Publish(t.Context(), store, "web.main", r, "web-2", 0); err != nil {
		t.Fatalf("publishing it again: %v", err)
	}
	got, err := Load(t.Context(), store, "web.main", id)
	if err != nil || got.ID() != id || !bytes.Equal(got.Values["kv(a)"], r.Values["kv(a)"]) {
		t.Fatalf("loaded %s: %v", got.ID(), err)
	}
}

func TestReleaseIDDoesNotDependOnTheOrderOfTemplates(t *testing.T) {
	a, b := Release{Templates: []string{"1", "2"}}, Release{Templates: []string{"2", "1"}}
	if a.ID() != b.ID() || a.ID() == (Release{Templates: []string{"1"}}).ID() {
		t.Fatalf("ids %s and %s", a.ID(), b.ID())
	}
}

func TestReleaseThatIsTooLargeIsRefusedBeforeAnythingIsWritten(t *testing.T) {
	store := memstore.New()
	_, err := Publish(t.Context(), store, "s", big(600<<10), "web-1", 0)
	if !errors.Is(err, cluster.ErrTooLarge) || !strings.Contains(err.Error(), "max_bytes") {
		t.Fatalf("err = %v", err)
	}
	if v, _ := store.Read(t.Context(), ""); len(v.Entries) > 0 {
		t.Fatalf("%d entries were written", len(v.Entries))
	}
}

func TestDamagedReleaseIsNotLoaded(t *testing.T) {
	store := memstore.New()
	id, err := Publish(t.Context(), store, "s", big(10), "web-1", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), store, "s", "other"); !errors.Is(err, ErrNoRelease) {
		t.Fatalf("err = %v, want ErrNoRelease", err)
	}
	_, err = store.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{{Key: partKey("s", id, 0), Value: []byte("{}")}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), store, "s", id); !errors.Is(err, ErrDamaged) {
		t.Fatalf("err = %v, want ErrDamaged", err)
	}
}

func TestPruneKeepsWhatTheRecordNames(t *testing.T) {
	store := memstore.New()
	var ids []string
	for n := range 3 {
		id, err := Publish(t.Context(), store, "s", big(n), "web-1", 0)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	r := Record{From: ids[0], To: ids[1], State: Rolling, Stages: []Stage{{}}}
	if _, err := store.Commit(t.Context(), View{Set: "s"}.write(r, By{}, cluster.Txn{})); err != nil {
		t.Fatal(err)
	}
	v, err := look(t.Context(), store, "s", AckPrefix("s"))
	if err != nil {
		t.Fatal(err)
	}
	if err := Prune(t.Context(), store, v); err != nil {
		t.Fatal(err)
	}
	for n, want := range []error{nil, nil, ErrNoRelease} {
		if _, err := Load(t.Context(), store, "s", ids[n]); !errors.Is(err, want) {
			t.Errorf("release %d: err = %v, want %v", n, err, want)
		}
	}
}
