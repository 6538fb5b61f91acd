package compat

import (
	"fmt"
	"syscall"
	"testing"
)

// supervising renders one key for a child.
func supervising(exec string) string {
	return `template { contents = "{{ key \"$PREFIXa\" }}\n" destination = "out" }
exec {
  command = ["sh", "child.sh"]
  ` + exec + `
}
`
}

func TestReloadSignalReachesTheChild(t *testing.T) {
	d := startedDuel(t, supervising(`reload_signal = "SIGUSR1"`), "log", "start v0")
	for i := range 3 {
		value := fmt.Sprintf("v%d", i+1)
		d.put("a", value)
		d.await("log", "USR1 "+value)
	}
	d.noMore("log", "start", 1)
	d.noMore("log", "USR1", 3)
}

func TestReloadSignalIsSentOncePerChange(t *testing.T) {
	d := startedDuel(t, `template { contents = "{{ key \"$PREFIXa\" }} again\n" destination = "second" }
`+supervising(`reload_signal = "SIGHUP"`), "log", "start v0")
	d.put("a", "v1")
	d.await("log", "HUP v1")
	d.await("second", "v1 again")
	d.noMore("log", "HUP", 1)
}

func TestChildWithoutReloadSignalIsRestarted(t *testing.T) {
	d := startedDuel(t, supervising(`kill_signal = "SIGTERM"`), "log", "start v0")
	for i := range 2 {
		value := fmt.Sprintf("v%d", i+1)
		d.put("a", value)
		d.await("log", "start "+value)
	}
	d.noMore("log", "start", 3)
	d.noMore("log", "TERM", 2)
	d.noMore("log", "INT", 0)
}

func TestKillSignalIsInterruptByDefault(t *testing.T) {
	d := startedDuel(t, supervising(""), "log", "start v0")
	d.put("a", "v1")
	d.await("log", "start v1")
	d.noMore("log", "INT", 1)
	d.noMore("log", "TERM", 0)
}

func TestEmptyReloadSignalLeavesTheChildAlone(t *testing.T) {
	d := startedDuel(t, supervising(`reload_signal = ""`), "log", "start v0")
	d.put("a", "v1")
	d.await("out", "v1")
	d.put("a", "v2")
	d.await("out", "v2")
	d.noMore("log", "", 1)
}

func TestSplayDelaysAndLosesNothing(t *testing.T) {
	d := startedDuel(t, supervising("splay = \"300ms\"\n  reload_signal = \"SIGHUP\""), "log", "start v0")
	d.put("a", "v1")
	d.await("log", "HUP v1")
	d.put("a", "v2")
	d.await("log", "HUP v2")
	d.noMore("log", "HUP", 2)
}

func TestChildThatDoesNotStopIsKilled(t *testing.T) {
	d := startedDuel(t, supervising("kill_signal = \"SIGUSR2\"\n  kill_timeout = \"200ms\""), "log", "start v0")
	d.put("a", "v1")
	d.await("log", "start v1")
	d.noMore("log", "USR2", 1)
}

func TestOtherSignalsAreForwarded(t *testing.T) {
	d := startedDuel(t, supervising(`reload_signal = "SIGHUP"`), "log", "start v0")
	d.signal(syscall.SIGUSR1)
	d.await("log", "USR1 v0")
	d.signal(syscall.SIGUSR2)
	d.await("log", "USR2 v0")
}

func TestTermEndsWithTheChildsStatus(t *testing.T) {
	d := startedDuel(t, supervising(""), "log", "start v0")
	d.signal(syscall.SIGTERM)
	if r, c := d.statuses(); r != 7 || c != 7 {
		t.Errorf("statuses %d and %d, want the child's 7", r, c)
	}
	d.await("log", "TERM")
}

func TestInterruptStopsTheChildByItsKillSignal(t *testing.T) {
	d := startedDuel(t, supervising(`kill_signal = "SIGTERM"`), "log", "start v0")
	d.signal(syscall.SIGINT)
	if r, c := d.statuses(); r != 12 || c != 12 {
		t.Errorf("statuses %d and %d, want 12", r, c)
	}
	d.await("log", "TERM")
}

func TestOwnKillSignalCanBeChosen(t *testing.T) {
	d := startedDuel(t, `kill_signal = "SIGUSR1"`+"\n"+recorded, "renders", "v0")
	d.signal(syscall.SIGUSR1)
	if r, c := d.statuses(); r != 12 || c != 12 {
		t.Errorf("statuses %d and %d, want 12", r, c)
	}
}

func TestChildsEndIsTheEnd(t *testing.T) {
	for name, command := range map[string]struct {
		line string
		want int
	}{
		"zero": {`["sh", "-c", "until grep -q v1 out; do sleep 0.05; done; exit 0"]`, 0},
		"nine": {`"until grep -q v1 out; do sleep 0.05; done; exit 9"`, 9},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDuel(t)
			d.put("a", "v0")
			d.start(`template { contents = "{{ key \"$PREFIXa\" }}\n" destination = "out" }
exec { command = ` + command.line + ` reload_signal = "" }`)
			d.await("out", "v0")
			d.put("a", "v1")
			if r, c := d.statuses(); r != command.want || c != command.want {
				t.Errorf("statuses %d and %d, want %d", r, c, command.want)
			}
		})
	}
}
