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

// worded is an instance whose template is a file.
const worded = `
sources: {etcd: {endpoints: [ADDR]}}
rollback: {window: 1s}
templates: [{source: DIR/app.tmpl, destination: DIR/out, set: app, on_change: reload}]
cluster: {service: SERVICE, instance: web-@, namespace: SERVICE, ttl: 10s, rollouts: {app: {bake: 1s, deadline: PATIENCE}}}
process:
  command: [sh, -c, 'cat DIR/out >>DIR/seen; trap "cat DIR/out >>DIR/seen" HUP; while :; do sleep 0.05; done']
  reload: {signal: HUP}
  health: {command: [sh, -c, '! grep -q bad DIR/out'], interval: 100ms, failures: 3, grace: 200ms}
`

// wording starts n instances that all have the same template file.
func wording(t *testing.T, service, patience string, n int) []*instance {
	t.Helper()
	server := testserver.Etcd(t)
	put(t, store(t, "etcd", server), service+"/a", "one")
	var all []*instance
	for at := range n {
		yaml := strings.NewReplacer("ADDR", server.Addr, "SERVICE", service, "PATIENCE", patience, "web-@", fmt.Sprint("web-", at)).Replace(worded)
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/app.tmpl", []byte(template(service, "first")), 0o600); err != nil {
			t.Fatal(err)
		}
		all = append(all, runIn(t, dir, yaml))
	}
	within(t, 60*time.Second, "the first release is good", func() bool { return moved(all, "every instance applied") == 1 })
	return all
}

func template(service, word string) string { return word + ` {{ key "` + service + `/a" }}` + "\n" }

// reword gives an instance another template file and has it read it.
func reword(t *testing.T, i *instance, text string) {
	t.Helper()
	i.write("app.tmpl", text)
	i.signal(syscall.SIGHUP)
}

// moved is how often a rollout moved for a reason.
func moved(all []*instance, why string) (n int) {
	for _, i := range all {
		for line := range strings.Lines(i.log.String()) {
			if strings.Contains(line, `msg="the rollout moves"`) && strings.Contains(line, why) {
				n++
			}
		}
	}
	return n
}

func TestBadTemplateStopsAtTheCanaryAndIsTakenBack(t *testing.T) {
	all := wording(t, "badtext", "60s", 3)
	for _, i := range all {
		reword(t, i, template("badtext", "bad"))
	}
	within(t, 60*time.Second, "everybody is back", func() bool { return moved(all, "every instance is back") == 1 })
	if n := count(all, "seen", "first one\nbad one\nfirst one\n"); n != 1 {
		t.Errorf("%d instances tried the bad template, want 1", n)
	}
	if n := count(all, "seen", "first one\n"); n != 2 {
		t.Errorf("%d instances were left alone, want 2", n)
	}
	for _, i := range all {
		reword(t, i, template("badtext", "second"))
	}
	within(t, 60*time.Second, "a good one is taken", func() bool {
		return count(all, "out", "second one\n") == 3 && moved(all, "every instance applied") == 2
	})
}

func TestInstanceWithoutTheTemplatesOfAReleaseHoldsItUpForALimitedTime(t *testing.T) {
	all := wording(t, "latetext", "4s", 2)
	leader, late := 0, 1
	if moved(all[:1], "the first release") == 0 {
		leader, late = 1, 0
	}
	o, began := overview(t, all[0]), time.Now()
	reword(t, all[leader], template("latetext", "second"))
	explained(t, o, fmt.Sprint("web-", late), "it waits for the template files of release")
	within(t, 60*time.Second, "the rollout is over", func() bool { return moved(all, "every instance applied") == 2 })
	if took := time.Since(began); took < 4*time.Second {
		t.Errorf("it was over after %s, want the wait of 4s", took)
	}
	if n := count(all, "out", "second one\n"); n != 1 {
		t.Errorf("%d instances have the new text, want the one whose file it is", n)
	}
	explained(t, o, fmt.Sprint("web-", late), "its template files are not those of release")
	reword(t, all[late], template("latetext", "second"))
	within(t, 60*time.Second, "the other one follows", func() bool { return count(all, "out", "second one\n") == 2 })
	all[late].signal(syscall.SIGTERM)
	all[late].wait()
	explained(t, o, fmt.Sprint("web-", late), "it ended at ")
}
