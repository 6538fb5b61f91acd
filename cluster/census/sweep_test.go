package census_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/cluster/census"
	"concierge/cluster/member"
	"concierge/cluster/memstore"
)

// nobody is a crew without anybody.
type nobody struct{}

func (nobody) Peers() ([]member.Peer, bool) { return nil, true }

type opened struct{ session cluster.Session }

func (o opened) Session(context.Context) (cluster.Session, error) { return o.session, nil }

func TestOldestLastWordsGoWhenThereAreTooMany(t *testing.T) {
	s := memstore.New()
	const all, kept = 1040, 1000
	for i := range all {
		word := fmt.Sprintf(`{"incarnation":"%04d"}`, (i+500)%all) // the names are in another order
		_, err := s.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{{Key: member.LastKey("web", fmt.Sprintf("%04d", i)), Value: []byte(word)}}})
		must(t, err)
	}
	session, err := s.Open(t.Context(), ttl)
	must(t, err)
	clerk, err := census.New(census.Config{
		Store: s, Sessions: opened{session}, Office: pretender(reign(t, s)), Crew: nobody{}, Service: "web", Every: 10 * time.Millisecond,
	})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { clerk.Run(ctx) })
	defer run.Wait()
	defer cancel()
	words := func() []cluster.Entry {
		v, err := s.Read(t.Context(), member.LastKey("web", ""))
		must(t, err)
		return v.Entries
	}
	eventually(t, promptly, "as many are left as are kept", func() bool { return len(words()) <= kept })
	for _, e := range words() {
		if string(e.Value) < fmt.Sprintf(`{"incarnation":"%04d"}`, all-kept) {
			t.Errorf("%s of %s was kept", e.Value, e.Key)
		}
	}
	if n := len(words()); n != kept {
		t.Errorf("%d are left", n)
	}
}
