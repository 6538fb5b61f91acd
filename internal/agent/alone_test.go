package agent_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/internal/testserver"
)

// TestEditMadeWhileTheStoreIsAwayIsMadeAloneAndThenByAll keeps the records in a
// store that is paused, and what is edited in a file that all read.
func TestEditMadeWhileTheStoreIsAwayIsMadeAloneAndThenByAll(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{})
	shared := filepath.Join(t.TempDir(), "kv.yaml")
	edit := func(value string) {
		t.Helper()
		if err := os.WriteFile(shared, []byte("a: "+value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit("one")
	var all []*instance
	for n := range 2 {
		all = append(all, run(t, strings.NewReplacer("ADDR", server.Addr, "KV", shared, "web-N", fmt.Sprint("web-", n)).Replace(`
sources: {etcd: {endpoints: [ADDR]}, file: {path: KV}, default: file}
rollback: {window: 1s}
templates: [{contents: '{{ key "a" }}', destination: DIR/out, set: app, on_change: reload}]
cluster: {service: web, instance: web-N, namespace: alone, ttl: 10s, when_away: alone, rollouts: {app: {bake: 1s}}}
`+faithful+`
  health: {command: [sh, -c, '! grep -q bad DIR/out'], interval: 100ms, failures: 3, grace: 100ms}
`)))
	}
	within(t, 60*time.Second, "the first release is good", func() bool { return count(all, "out", "one") == 2 && completed(all) == 1 })
	server.Pause()
	edit("two")
	time.Sleep(5 * time.Second)
	if n := count(all, "out", "one"); n != 2 {
		t.Errorf("%d instances waited for the store for less than its absence is long, want 2", n)
	}
	within(t, 60*time.Second, "each makes the edit alone", func() bool { return count(all, "out", "two") == 2 })
	edit("bad")
	within(t, 30*time.Second, "each takes a bad one back alone", func() bool { return count(all, "events", "start one\nreload two\nreload bad\nreload two\n") == 2 })
	edit("three")
	within(t, 30*time.Second, "each makes the next one alone", func() bool { return count(all, "out", "three") == 2 })
	server.Resume()
	within(t, 120*time.Second, "with the store back it is the release of all", func() bool { return count(all, "out", "three") == 2 && completed(all) == 2 })
	for _, i := range all {
		t.Logf("one was told:\n%s", i.read("events"))
	}
}
