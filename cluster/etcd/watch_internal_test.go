package etcd

import (
	"fmt"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"concierge/cluster"
	"concierge/internal/testserver"
)

// A watch falls behind a compaction only when a member and its watchers are slow
// at the wrong moment, so here it is begun behind one.
func TestWatchBehindACompactionAsksForAnotherRead(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{})
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Addr}, Logger: zap.NewNop(), DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	s, err := New(client, "ns")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	old, err := s.Read(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var rev int64
	for i := range 50 {
		answer, err := client.Put(t.Context(), s.root+"k", fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		rev = answer.Header.Revision
	}
	if _, err := client.Compact(t.Context(), rev, clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	again, err := s.follow(t.Context(), "", old, func(v cluster.View) { t.Errorf("told %+v", v) })
	if !again || err == nil {
		t.Errorf("%t, %v", again, err)
	}
}
