package rollouts

import (
	"testing"
	"time"

	"concierge/internal/testserver"
)

// TestInstanceEndsInTimeWhileTheStoreIsAway holds an instance to what a
// container gets before it is killed, and to less.
func TestInstanceEndsInTimeWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	binary := testserver.Concierge(t)
	for _, kind := range []string{"etcd", "consul"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := largePlan()
			p.instances = 2
			f := newFleet(t, kind, binary, p)
			for _, s := range f.store.servers {
				s.Pause() // its connections stay open and silent
			}
			time.Sleep(time.Second) // so that some request is on its way
			for _, i := range f.instances {
				if took := i.stop(); took > 6*time.Second {
					t.Errorf("%s took %s to end", i.name, took)
				}
			}
			for _, s := range f.store.servers {
				s.Resume()
			}
		})
	}
}
