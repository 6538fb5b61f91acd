package compat

import (
	"flag"
	"syscall"
	"testing"
	"time"

	"concierge/internal/testserver"
)

var outageFlag = flag.Bool("outage", false, "keep the store away until consul-template gives up, some minutes")

func TestReloadReadsTheConfigurationAgain(t *testing.T) {
	d := startedDuel(t, recorded, "renders", "v0")
	d.write("config.hcl", recorded+`template { contents = "new {{ key \"$PREFIXa\" }}\n" destination = "added" }`)
	d.signal(syscall.SIGHUP)
	d.await("added", "new v0")
	d.put("a", "v1")
	d.await("added", "new v1")
	d.await("renders", "v1")
	d.noMore("renders", "v", 2)
}

func TestReloadReadsTemplatesAgain(t *testing.T) {
	d := startedDuel(t, `template { source = "child.sh" destination = "first" }
template { contents = "{{ key \"$PREFIXa\" }}\n" destination = "out" command = "cat out >> renders" }`, "renders", "v0")
	d.write("child.sh", "changed {{ key \"$PREFIXa\" }}\n")
	d.signal(syscall.SIGHUP)
	d.await("first", "changed v0")
}

func TestReloadSignalCanBeChosen(t *testing.T) {
	d := startedDuel(t, `reload_signal = "SIGUSR2"`+"\n"+recorded, "renders", "v0")
	d.write("config.hcl", `reload_signal = "SIGUSR2"`+"\n"+recorded+`template { contents = "new\n" destination = "added" }`)
	d.signal(syscall.SIGUSR2)
	d.await("added", "new")
}

// TestReloadKeepsTheChild is the row reload-keeps-the-child: consul-template
// starts the child again whatever changed.
func TestReloadKeepsTheChild(t *testing.T) {
	d := startedDuel(t, supervising(`reload_signal = "SIGUSR1"`), "log", "start v0")
	d.write("config.hcl", supervising(`reload_signal = "SIGUSR1"`)+`template { contents = "new\n" destination = "added" }`)
	d.signal(syscall.SIGHUP)
	d.await("added", "new")
	d.put("a", "v1")
	for _, s := range d.sides {
		s.await(t, "log", "USR1 v1")
	}
	if n := d.sides[0].count("log", "start"); n != 2 {
		t.Errorf("consul-template started its child %d times: is the row out of date?", n)
	}
	if n := d.sides[1].count("log", "start"); n != 1 && !itself(t) {
		t.Errorf("the candidate started its child %d times", n)
	}
}

// TestBadReloadKeepsEverythingRunning is the row bad-reload-is-survived:
// consul-template stops the child and ends with 15.
func TestBadReloadKeepsEverythingRunning(t *testing.T) {
	d := startedDuel(t, supervising(`reload_signal = "SIGUSR1"`), "log", "start v0")
	d.write("config.hcl", "tempalte {}")
	d.signal(syscall.SIGHUP)
	if status := d.sides[0].status(t); status != 15 {
		t.Errorf("consul-template ended with %d, want 15", status)
	}
	if itself(t) {
		return
	}
	d.put("a", "v1")
	d.sides[1].await(t, "log", "USR1 v1")
}

// TestTermStopsWithoutAChild is the row term-is-obeyed: consul-template
// ignores TERM when it has no child.
func TestTermStopsWithoutAChild(t *testing.T) {
	d := startedDuel(t, recorded, "renders", "v0")
	d.signal(syscall.SIGTERM)
	if !itself(t) {
		if status := d.sides[1].status(t); status != 12 && status != 0 {
			t.Errorf("ended with %d", status)
		}
	}
	d.put("a", "v1")
	d.sides[0].await(t, "renders", "v1")
}

// TestFailingCommandKeepsTheDaemon is the row failing-command-is-retried:
// consul-template ends with 14, though the file is in place.
func TestFailingCommandKeepsTheDaemon(t *testing.T) {
	d := startedDuel(t, `template { contents = "{{ key \"$PREFIXa\" }}\n" destination = "out" command = "cat out >> renders; ! grep -q bad out" }`, "renders", "v0")
	d.put("a", "bad")
	if status := d.sides[0].status(t); status != 14 {
		t.Errorf("consul-template ended with %d, want 14", status)
	}
	if itself(t) {
		return
	}
	d.sides[1].await(t, "renders", "bad")
	d.put("a", "v2")
	d.sides[1].await(t, "renders", "v2")
}

// TestBadTemplateLaterKeepsTheDaemon is the row failing-template-is-survived:
// an error that only later data brings ends consul-template with 14.
func TestBadTemplateLaterKeepsTheDaemon(t *testing.T) {
	d := newDuel(t)
	d.put("a", "1")
	d.start(`template { contents = "{{ key \"$PREFIXa\" | parseInt }}\n" destination = "out" }`)
	d.await("out", "1")
	d.put("a", "x")
	if status := d.sides[0].status(t); status != 14 {
		t.Errorf("consul-template ended with %d, want 14", status)
	}
	if itself(t) {
		return
	}
	d.put("a", "2")
	d.sides[1].await(t, "out", "2")
}

func TestErrorThatIsNotFatalKeepsTheDaemon(t *testing.T) {
	d := newDuel(t)
	d.put("a", "1")
	d.put("b", "w0")
	d.start(`template_error_fatal = false
template { contents = "{{ key \"$PREFIXa\" | parseInt }}\n" destination = "out" }
template { contents = "{{ key \"$PREFIXb\" }}\n" destination = "other" }`)
	d.await("out", "1")
	d.await("other", "w0")
	d.put("a", "x")
	d.put("b", "w1")
	d.await("other", "w1")
	d.await("out", "1")
	d.put("a", "2")
	d.await("out", "2")
}

// TestStoreThatReturnsIsFollowedAgain takes the store away for a moment, or
// with -outage until consul-template gives up: the row outages-are-survived.
func TestStoreThatReturnsIsFollowedAgain(t *testing.T) {
	d := &duel{t: t, f: &fixture{testserver.NewConsul(t, testserver.ConsulOptions{}), testserver.Vault(t)}, prefix: "again/"}
	d.put("a", "v0")
	d.start(recorded)
	d.await("renders", "v0")
	d.f.consul.Stop()
	following := d.sides[:]
	if *outageFlag && !itself(t) {
		select {
		case <-d.sides[0].ended:
			following = d.sides[1:]
		case <-time.After(10 * time.Minute):
			t.Error("consul-template does not give up: is the row out of date?")
		}
	}
	d.f.consul.Start()
	d.put("a", "v1")
	for _, s := range following {
		s.await(t, "renders", "v1")
	}
	if len(following) == 2 {
		d.noMore("renders", "v", 2)
	}
}

func TestAttemptsThatAreUsedUpAreTheEnd(t *testing.T) {
	d := &duel{t: t, f: &fixture{testserver.NewConsul(t, testserver.ConsulOptions{}), testserver.Vault(t)}, prefix: "end/"}
	d.put("a", "v0")
	d.start(`consul { retry { attempts = 2 backoff = "10ms" } }` + "\n" + recorded)
	d.await("renders", "v0")
	d.f.consul.Stop()
	if r, c := d.statuses(); r != 14 || c != 14 {
		t.Errorf("statuses %d and %d, want 14", r, c)
	}
	d.await("out", "v0")
}
