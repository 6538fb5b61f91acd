package agent_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"concierge/cluster/rollout"
	"concierge/internal/agent"
	"concierge/internal/exit"
	"concierge/internal/testserver"
)

// overviewed is an instance that takes small releases, and what operators see.
func overviewed(t *testing.T, name string, server *testserver.Server) (*instance, *agent.Overview) {
	t.Helper()
	address := map[string]string{"etcd": "endpoints: [" + server.Addr + "]", "consul": "address: " + server.Addr}[name]
	i := run(t, strings.NewReplacer("NAME", name, "ADDRESS", address, "PREFIX", "over-"+name).Replace(`
sources: {NAME: {ADDRESS}}
rollback: {window: 1s}
templates: [{contents: '{{ key "PREFIX/a" }}', destination: DIR/out, set: app, on_change: reload}]
cluster: {service: web, instance: web-1, namespace: PREFIX, ttl: 10s, rollouts: {app: {bake: 1s, max_bytes: 2000}}}
`+faithful+`
  health: {command: [sh, -c, '! grep -q bad DIR/out'], interval: 100ms, failures: 3, grace: 100ms}
`))
	return i, overview(t, i)
}

// overview is what the operators of an instance see.
func overview(t *testing.T, i *instance) *agent.Overview {
	t.Helper()
	cfg, err := load(i.dir, false)()
	if err != nil {
		t.Fatal(err)
	}
	o, err := agent.OpenOverview(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// explained waits until an instance is explained like that.
func explained(t *testing.T, o *agent.Overview, id, want string) {
	t.Helper()
	within(t, 30*time.Second, id+" is explained: "+want, func() bool {
		lines, err := o.Explain(t.Context(), id)
		return err == nil && strings.Contains(strings.Join(lines["app"], "\n"), want)
	})
}

// state waits until the rollout is in a state.
func state(t *testing.T, o *agent.Overview, id uint64, want rollout.State) (s rollout.Summary) {
	t.Helper()
	within(t, 60*time.Second, fmt.Sprintf("rollout %d is %s", id, want), func() (is bool) {
		var err error
		s, err = o.Rollout(t.Context(), "app")
		return err == nil && s.Record.ID == id && s.Record.State == want
	})
	return s
}

func TestOperatorsSeeWhatTheyHaveToKnow(t *testing.T) {
	for name, server := range map[string]*testserver.Server{"etcd": testserver.Etcd(t), "consul": testserver.Consul(t)} {
		t.Run(name, func(t *testing.T) {
			s, prefix := store(t, name, server), "over-"+name
			put(t, s, prefix+"/a", strings.Repeat("x", 3000))
			_, o := overviewed(t, name, server)
			tooLarge(t, o) // also where no rollout has begun
			put(t, s, prefix+"/a", "one")
			state(t, o, 1, rollout.Complete)
			strangersAreErrors(t, o)
			put(t, s, prefix+"/a", strings.Repeat("y", 3000))
			tooLarge(t, o)
			put(t, s, prefix+"/a", "bad")
			refused := state(t, o, 2, rollout.RolledBack)
			if refused.Trouble != nil {
				t.Errorf("a trouble that is over is told: %+v", refused.Trouble)
			}
			failuresAreNamed(t, o)
			notesStandBesideReasons(t, o, refused.Record.Reason)
		})
	}
}

func tooLarge(t *testing.T, o *agent.Overview) {
	t.Helper()
	within(t, 60*time.Second, "the release is said to be too large", func() bool {
		s, err := o.Rollout(t.Context(), "")
		return err == nil && s.Trouble != nil && s.Trouble.Bytes > s.Trouble.Limit && s.Trouble.Limit == 2000 &&
			strings.Contains(s.Hint, "cluster.rollouts.app.max_bytes")
	})
	lines, err := o.Explain(t.Context(), "web-1")
	if err != nil || !strings.Contains(strings.Join(lines["app"], "\n"), "2000 are stored at most") {
		t.Errorf("explain says %q, %v", lines, err)
	}
}

// failed checks an error of an operator's command.
func failed(t *testing.T, err error, status int, want string) {
	t.Helper()
	if err == nil || exit.Code(err) != status || !strings.Contains(err.Error(), want) {
		t.Errorf("err = %v (status %d), want status %d and %q", err, exit.Code(err), status, want)
	}
}

func strangersAreErrors(t *testing.T, o *agent.Overview) {
	t.Helper()
	_, err := o.Explain(t.Context(), "wbe-1")
	failed(t, err, exit.Failed, `no instance "wbe-1" (did you mean web-1?)`)
	freeze := agent.Freeze{Instance: "web-9", Who: "ann"}
	failed(t, o.Hold(t.Context(), freeze), exit.Failed, "--force")
	failed(t, o.Unhold(t.Context(), freeze), exit.Failed, `instance "web-9" is not held (nothing is)`)
	freeze.Force = true
	if err := o.Hold(t.Context(), freeze); err != nil {
		t.Error(err)
	}
	failed(t, o.Unhold(t.Context(), agent.Freeze{}), exit.Failed, "held: web-9")
	if err := o.Unhold(t.Context(), freeze); err != nil {
		t.Error(err)
	}
	f, err := o.Fleet(t.Context())
	if err == nil {
		_, err = f.Instance("web-2")
	}
	failed(t, err, exit.Failed, "did you mean web-1?")
	_, err = o.Do(t.Context(), "app", agent.Order{Move: agent.MoveRetry})
	failed(t, err, exit.Failed, "there is nothing to retry")
}

func failuresAreNamed(t *testing.T, o *agent.Overview) {
	t.Helper()
	events, err := o.History(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	want := rollout.Failure{Instance: "web-1", Result: rollout.Reverted}
	at := slices.IndexFunc(events, func(e rollout.Event) bool { return e.State == rollout.RollingBack })
	if at < 0 || !slices.Contains(events[at].Failures, want) || !strings.Contains(events[at].Why, "web-1 (reverted)") {
		t.Errorf("the history does not say who failed: %+v", events)
	}
}

func notesStandBesideReasons(t *testing.T, o *agent.Overview, reason string) {
	t.Helper()
	if err := o.Hold(t.Context(), agent.Freeze{Instance: "web-1", Who: "ann", Why: "heap dump"}); err != nil {
		t.Fatal(err)
	}
	s, err := o.Rollout(t.Context(), "app")
	if r := s.Record; err != nil || r.Reason != reason || r.Note == nil || r.Note.By != "ann" || r.Note.Why != "hold of web-1: heap dump" {
		t.Errorf("after a hold it is %+v, %v", r, err)
	}
	s, err = o.Do(t.Context(), "app", agent.Order{Move: agent.MoveRetry, Who: "bob"})
	if r := s.Record; err != nil || r.ID == 2 && (r.Reason != reason || r.Note.Why != "retry of "+r.To) {
		t.Errorf("after a retry it is %+v, %v", r, err)
	}
}
