package agent_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/testserver"
)

// rolled is an instance of a fleet whose program is well as long as its file
// does not say bad.
const rolled = `
log: {level: debug}
sources: {NAME: {ADDRESS}}
state_dir: DIR/state
rollback: {window: 1s}
templates: [{contents: '{{ key "PREFIX/a" }}', destination: DIR/out, set: app, on_change: reload}]
cluster: {service: web, instance: web-N, namespace: PREFIX, ttl: 10s, rollouts: {app: {bake: 1s, deadline: 20s}}}
` + faithful + `
  health: {command: [sh, -c, '! grep -q bad DIR/out'], interval: 100ms, failures: 3, grace: 100ms}
`

// fleet runs n instances on a store.
func fleet(t *testing.T, name string, server *testserver.Server, prefix string, n int) []*instance {
	t.Helper()
	address := map[string]string{"etcd": "endpoints: [" + server.Addr + "]", "consul": "address: " + server.Addr}[name]
	var all []*instance
	for at := range n {
		all = append(all, run(t, strings.NewReplacer("NAME", name, "ADDRESS", address, "PREFIX", prefix, "web-N", fmt.Sprint("web-", at)).Replace(rolled)))
	}
	return all
}

// within waits for something that takes longer than most.
func within(t *testing.T, most time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(most); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", most, what)
		}
	}
}

func count(all []*instance, name, want string) (n int) {
	for _, i := range all {
		if i.read(name) == want {
			n++
		}
	}
	return n
}

func TestFleetChangesOneAfterTheOtherAndStopsAtABadCanary(t *testing.T) {
	for name, server := range map[string]*testserver.Server{"etcd": testserver.Etcd(t), "consul": testserver.Consul(t)} {
		t.Run(name, func(t *testing.T) {
			s, prefix := store(t, name, server), "fleet-"+name
			put(t, s, prefix+"/a", "one")
			all := fleet(t, name, server, prefix, 3)
			within(t, 60*time.Second, "all run the first release", func() bool { return count(all, "events", "start one\n") == 3 })
			within(t, 30*time.Second, "it is good", func() bool { return completed(all) == 1 })
			put(t, s, prefix+"/a", "two")
			within(t, 60*time.Second, "all run the second release", func() bool { return count(all, "events", "start one\nreload two\n") == 3 })
			within(t, 30*time.Second, "it is good", func() bool { return completed(all) == 2 })
			put(t, s, prefix+"/a", "bad")
			within(t, 60*time.Second, "a canary tried the bad one and went back", func() bool {
				return count(all, "events", "start one\nreload two\nreload bad\nreload two\n") == 1
			})
			time.Sleep(5 * time.Second)
			if n := count(all, "events", "start one\nreload two\n"); n != 2 {
				t.Errorf("%d instances were left alone, want 2", n)
			}
			put(t, s, prefix+"/a", "three")
			within(t, 60*time.Second, "all run the third release", func() bool { return count(all, "out", "three") == 3 })
			for _, i := range all {
				i.signal(syscall.SIGTERM)
			}
			for _, i := range all {
				if status := i.wait(); status != 0 {
					t.Errorf("status %d", status)
				}
			}
		})
	}
}

// completed is how many rollouts the leaders have found good.
func completed(all []*instance) (n int) {
	for _, i := range all {
		n += strings.Count(i.log.String(), `msg="the rollout moves" set=web.app why="every instance applied it and stayed well"`)
	}
	return n
}

func TestRotatedSecretTakesTheSameSlots(t *testing.T) {
	server, vault := testserver.Etcd(t), testserver.Vault(t)
	shared := t.TempDir() + "/all"
	put(t, store(t, "etcd", server), "rotated/a", "one")
	putSecret(t, vault, "rotated/db", "password", "hush-1")
	var all []*instance
	for n := range 3 {
		all = append(all, run(t, strings.NewReplacer("ADDR", server.Addr, "VAULT", vault.URL(), "TOKEN", vault.Token, "web-N", fmt.Sprint("web-", n), "ALL", shared).Replace(`
sources: {etcd: {endpoints: [ADDR]}}
secrets: {vault: {address: VAULT, token: TOKEN, refresh: 1s}}
templates:
  - contents: '{{ key "rotated/a" }} {{ with secret "secret/data/rotated/db" }}{{ .Data.data.password }}{{ end }}'
    destination: DIR/out
    set: app
    on_change: {command: [sh, -c, "echo begin >>ALL; sleep 0.4; echo end >>ALL"]}
cluster: {service: web, instance: web-N, namespace: rotated-fleet, ttl: 10s, rollouts: {app: {bake: 1s}}}
`)))
	}
	within(t, 60*time.Second, "all run the first release", func() bool { return count(all, "out", "one hush-1") == 3 && completed(all) == 1 })
	if err := os.WriteFile(shared, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	putSecret(t, vault, "rotated/db", "password", "hush-2")
	within(t, 60*time.Second, "all have the new secret", func() bool { return count(all, "out", "one hush-2") == 3 })
	within(t, 20*time.Second, "all commands have ended", func() bool {
		b, _ := os.ReadFile(shared)
		return strings.Count(string(b), "end") == 3
	})
	b, _ := os.ReadFile(shared)
	if got := string(b); got != strings.Repeat("begin\nend\n", 3) {
		t.Errorf("two changed at once:\n%s", got)
	}
	if view := dump(t, server); strings.Contains(view, "hush") {
		t.Error("the secret is in the store")
	}
}

// dump is all keys and values of an etcd.
func dump(t *testing.T, server *testserver.Server) string {
	t.Helper()
	pairs, err := store(t, "etcd", server).List(t.Context(), "rotated-fleet/")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, p := range pairs {
		b.WriteString(p.Path + " " + p.Value + "\n")
	}
	return b.String()
}

func TestReleaseThatOneInstanceCannotRenderIsTakenBack(t *testing.T) {
	server := testserver.Etcd(t)
	s := store(t, "etcd", server)
	put(t, s, "norender/a", "one")
	var all []*instance
	for n := range 2 {
		t.Setenv("NORENDER", map[int]string{0: "good", 1: "bad"}[n])
		i := runIn(t, t.TempDir(), strings.NewReplacer("ADDR", server.Addr, "web-@", fmt.Sprint("web-", n)).Replace(`
sources: {etcd: {endpoints: [ADDR]}}
templates:
  - contents: '{{ key "norender/a" }}{{ if and (eq (key "norender/a") "two") (eq (env "NORENDER") "bad") }}{{ fail "not here" }}{{ end }}'
    destination: DIR/out
    set: app
cluster: {service: norender, instance: web-@, namespace: norender-fleet, ttl: 10s, rollouts: {app: {bake: 1s, canary: 0}}}
`))
		all = append(all, i)
		all[0].logged("the instance leads") // who leads has to be able to render it
	}
	within(t, 60*time.Second, "all run the first release", func() bool { return count(all, "out", "one") == 2 })
	within(t, 60*time.Second, "it is good", func() bool {
		return strings.Contains(all[0].log.String()+all[1].log.String(), `set=norender.app why="every instance applied it and stayed well"`)
	})
	put(t, s, "norender/a", "two")
	within(t, 60*time.Second, "it is taken back", func() bool {
		text := all[0].log.String() + all[1].log.String()
		return strings.Contains(text, "every instance is back on the good release") && count(all, "out", "one") == 2
	})
}

func TestRefusedEnvironmentIsNeverCalledGood(t *testing.T) {
	server := testserver.Etcd(t)
	s := store(t, "etcd", server)
	put(t, s, "envfleet/a", "one")
	put(t, s, "envfleet/env", "good")
	yaml := func(n int) string {
		return strings.NewReplacer("ADDR", server.Addr, "web-@", fmt.Sprint("web-", n)).Replace(`
sources: {etcd: {endpoints: [ADDR]}}
rollback: {window: 1s}
templates: [{contents: '{{ key "envfleet/a" }}', destination: DIR/out, set: app, on_change: reload}]
env: [{name: MODE, value: '{{ key "envfleet/env" }}'}]
cluster: {service: env, instance: web-@, namespace: env-fleet, ttl: 10s, rollouts: {app: {bake: 1s, deadline: 20s}}}
process:
  command: [sh, -c, "trap true HUP; echo $MODE >DIR/mode; while :; do sleep 0.05; done"]
  reload: {signal: HUP}
  health: {command: [sh, -c, "! grep -q broken DIR/mode DIR/out"], interval: 100ms, failures: 3, grace: 200ms}
`)
	}
	var all []*instance
	for n := range 2 {
		all = append(all, run(t, yaml(n)))
	}
	said := func(what string) int { return strings.Count(all[0].log.String()+all[1].log.String(), what) }
	within(t, 60*time.Second, "the first release is good", func() bool { return said(`msg="the rollout moves" set=env.app why="every instance applied`) == 1 })
	put(t, s, "envfleet/env", "broken")
	within(t, 60*time.Second, "it is taken back", func() bool { return said(`msg="the rollout moves" set=env.app why="every instance is back`) == 1 })
	put(t, s, "envfleet/a", "two")
	within(t, 60*time.Second, "so is another edit with the same environment", func() bool {
		return said(`msg="the rollout moves" set=env.app why="every instance is back`) == 2
	})
	if n := count(all, "mode", "good\n"); n != 2 {
		t.Errorf("%d run with the good environment, want 2", n)
	}
	put(t, s, "envfleet/env", "good")
	within(t, 60*time.Second, "without it the edit is good", func() bool { return count(all, "out", "two") == 2 })
}

func TestChangeOfHealthIsToldWhenNothingElseHappens(t *testing.T) {
	server := testserver.Etcd(t)
	s := store(t, "etcd", server)
	put(t, s, "toldhealth/a", "one")
	i := run(t, strings.NewReplacer("ADDR", server.Addr).Replace(`
sources: {etcd: {endpoints: [ADDR]}}
templates: [{contents: '{{ key "toldhealth/a" }}', destination: DIR/out, set: app}]
cluster: {service: told, instance: told-0, namespace: told, ttl: 10s, rollouts: {app: {bake: 1s}}}
process:
  command: [sleep, "1000"]
  health: {command: [sh, -c, "! test -e DIR/sick"], interval: 100ms, failures: 2, grace: 100ms}
`))
	told := func(health string) func() bool {
		return func() bool {
			pairs, err := s.List(t.Context(), "told/v1/stat/")
			return err == nil && len(pairs) == 1 && strings.Contains(pairs[0].Value, `"health":"`+health+`"`)
		}
	}
	within(t, 30*time.Second, "it is told to be well", told("healthy"))
	time.Sleep(2 * time.Second) // until the loop has nothing left to do
	i.write("sick", "")
	within(t, 10*time.Second, "it is told to be ill", told("unhealthy"))
	time.Sleep(2 * time.Second)
	if err := os.Remove(i.dir + "/sick"); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "it is told to be well again", told("healthy"))
}
