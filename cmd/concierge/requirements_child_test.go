package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// childRequirements are those about the children of PID 1 and their signals.
func childRequirements() []requirement {
	type parts = map[string]func(*testing.T, []string)
	return []requirement{
		{
			name: "01_orphans_are_reaped",
			asks: "wait for all orphans, and never take the status of an own child",
			does: "looks at an ended child before it takes it; see below", peers: "tini and dumb-init: equal. consul-template: zombies stay",
			parts: parts{"Orphans": orphansAreReaped, "Statuses": statusesAreNotTaken, "Beside": reapedBeside},
		},
		{
			name: "02_subreaper",
			asks: "do so where another process is PID 1",
			does: "is the nearest reaper of all below it", peers: "`tini -s`: equal. tini, dumb-init and consul-template leave orphans to PID 1",
			parts: parts{"Orphans": orphansComeToConcierge, "Daemon": aDaemonOutlivesConcierge, "Beside": subreaperBeside},
		},
		{
			name:  "03_signals_are_forwarded",
			asks:  "forward every signal that can be caught but CHLD, URG and PIPE, however many come",
			does:  "forwards all but those and the terminal's and the runtime's own; a flood of one hides no other",
			peers: "tini: not ABRT, BUS, FPE, ILL, SEGV, SYS and TRAP, but PIPE. dumb-init: equal, but PIPE too. consul-template: PIPE too, and it ends at STKFLT",
			parts: parts{"All": signalsAreForwarded, "Flood": aFloodHidesNoOtherSignal, "Beside": signalsBeside},
		},
		{
			name: "04_process_group",
			asks: "a group for each child; signals to the leader or the group, KILL always to the group",
			does: "`signal_group` chooses; at the timeout the group is killed", peers: "tini: equal. dumb-init: a session of its own. consul-template: no group",
			parts: parts{"Own": theGroupIsItsOwn, "Signals": signalsReachLeaderOrGroup, "Beside": groupBeside},
		},
		{
			name: "05_survivors",
			asks: "what a leader leaves behind gets TERM, time, KILL; then exit",
			does: "2 s for the group, and as PID 1 for daemons that left it", peers: "tini, dumb-init and consul-template end at once, so that what is left is killed in its clean-up",
			parts: parts{"CleanUp": survivorsMayCleanUp, "Stubborn": stubbornSurvivorsAreKilled, "Daemon": aDaemonMayCleanUp, "Beside": survivorsBeside},
		},
		{
			name: "06_exit_status",
			asks: "the child's status, 128+n for signal n, 126 or 127 if it cannot be executed, remapped if wanted",
			does: "exactly that; `success_codes` remaps", peers: "tini: equal. dumb-init: 2 if it cannot be executed. consul-template: 255 after a signal, 14 if it cannot be executed",
			parts: parts{"Beside": statusesBeside, "Remapped": statusIsRemapped},
		},
	}
}

// reapedScript ends with 9 when its process is the only child of PID 1, in any
// state, and with 1 when after so many looks it is not.
const reapedScript = `
i=0; while [ $i -lt 50 ]; do (sleep 0.01 &); i=$((i+1)); done
i=0; while [ $i -lt %d ]; do
	n=0
	for f in /proc/[0-9]*/stat; do set -- $(cat $f 2>/dev/null); [ "$4" != 1 ] || n=$((n+1)); done
	[ $n -gt 1 ] || exit 9
	sleep 0.02; i=$((i+1))
done; exit 1`

func reapedBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "reaped", flaws: map[string]string{"consul-template": "zombies"},
		play: func(c *container, s supervisor) string {
			looks := 1000
			if s.name == "consul-template" {
				looks = 10
			}
			c.start(s.above(c, sh(fmt.Sprintf(reapedScript, looks))...)...)
			return map[int]string{9: "reaped", 1: "zombies"}[c.wait()]
		},
	})
}

// statusesAreNotTaken runs periodic jobs in a storm of orphans: each ends with
// a status of its own.
func statusesAreNotTaken(t *testing.T, run []string) {
	var jobs strings.Builder
	for n := 1; n <= 5; n++ {
		fmt.Fprintf(&jobs, "  j%d: {type: once, restart: {policy: on-failure, delay: 1ms, max_delay: 1ms, limit: 40, expected_codes: [%d]}, "+
			"command: [sh, -c, 'echo >> n%d; [ $(wc -l < n%d) -lt 30 ] || exit %d; exit %d']}\n", n, n, n, n, n, n+100)
	}
	box := configured(t, run, "process: {command: [sh, -c, 'while [ ! -e stop ]; do (true & true & true &); sleep 0.005; done; exit 42']}\njobs:\n"+jobs.String())
	for n := 1; n <= 5; n++ {
		j := box.untilJob(fmt.Sprint("j", n), "completed", "gave_up")
		if want := fmt.Sprint("exit status ", n); j.State != "completed" || j.LastStatus != want || j.Restarts != 29 {
			t.Errorf("%s is %s after %s and %d restarts, want %s and 29", j.Name, j.State, j.LastStatus, j.Restarts, want)
		}
	}
	box.write("stop", "")
	if status := box.wait(); status != 42 {
		t.Errorf("status %d", status)
	}
}

func subreaperBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "reaper", others: []string{"tini -s", "tini", "dumb-init", "consul-template"},
		flaws: map[string]string{"tini": "no reaper", "dumb-init": "no reaper", "consul-template": "no reaper"},
		play: func(c *container, s supervisor) string {
			orphan := `(sleep 300 & echo $! > pid); read pid < pid; set -- $(cat /proc/$pid/stat); [ $4 = $PPID ] && exit 3; [ $4 = 1 ] && exit 4; exit 5`
			c.start(slices.Concat(sh(`"$@"; exit $?`), []string{"sh"}, s.above(c, sh(orphan)...))...)
			return map[int]string{3: "reaper", 4: "no reaper"}[c.wait()]
		},
	})
}

// signalsBeside sends every signal that nobody has a use of his own for: HUP,
// INT and TERM have, dumb-init stops at TSTP, and 32 to 34 end a program of Go.
func signalsBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "3-8 10-12 14 16 18 24-26 28-31 35-64",
		flaws: map[string]string{
			"tini":            "3 10 12-14 16 18 24-26 28-30 35-64",
			"dumb-init":       "3-8 10-14 16 18 24-26 28-31 35-64",
			"consul-template": "3-8 10-14, and ends at 16",
		},
		play: func(c *container, s supervisor) string {
			c.start(s.above(c, program(c.t, "recorder"))...)
			c.until("recording\n")
			s.settle()
			for n := 1; n <= 64; n++ {
				if slices.Contains([]int{1, 2, 9, 15, 19, 20, 21, 22, 23, 32, 33, 34}, n) {
					continue
				}
				c.signal(syscall.Signal(n))
				if !c.overtake() {
					return spans(c.out.String()) + fmt.Sprintf(", and ends at %d", n)
				}
			}
			return spans(c.out.String())
		},
	})
}

// overtake waits until signals that were sent before have been passed on, or
// have not, by sending another one a few times that everybody passes on. It
// reports whether the supervisor lives.
func (c *container) overtake() (alive bool) {
	c.t.Helper()
	for range 3 {
		n := strings.Count(c.out.String(), "got 12\n")
		_ = c.cmd.Process.Signal(syscall.SIGUSR2) // it may have ended
		until(c.t, "USR2", func() bool { alive = !c.ended(0); return !alive || strings.Count(c.out.String(), "got 12\n") > n })
	}
	return alive
}

// spans are the numbers that a recorder got, in short.
func spans(text string) string {
	got := make(map[int]bool)
	for line := range strings.Lines(text) {
		if n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "got "))); err == nil && n != 23 { // its own runtime's
			got[n] = true
		}
	}
	var parts []string
	for n := 1; n <= 64; n++ {
		end := n
		for got[end+1] {
			end++
		}
		switch {
		case !got[n]:
		case end == n:
			parts = append(parts, strconv.Itoa(n))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", n, end))
			n = end
		}
	}
	return strings.Join(parts, " ")
}

// signalsReachLeaderOrGroup has a shell that passes nothing on.
func signalsReachLeaderOrGroup(t *testing.T, run []string) {
	const script = `trap 'echo leader >> got' USR1; sh -c "trap 'echo member >> got' USR1; echo up; while :; do sleep 0.02; done" & while :; do wait; done`
	for flag, want := range map[string]string{"--process-signal-group=false": "leader\n", "--process-signal-group": "leader\nmember\n"} {
		box := start(t, run, script, flag)
		box.until("up\n")
		box.signal(syscall.SIGUSR1)
		until(t, flag+" has "+strconv.Quote(want), func() bool {
			lines := strings.SplitAfter(box.read("got"), "\n")
			slices.Sort(lines)
			return strings.Join(lines, "") == want
		})
		if flag == "--process-signal-group=false" { // what must not happen has no event: a second signal overtakes it
			box.signal(syscall.SIGUSR1)
			box.untilFile("got", "leader\nleader\n")
		}
		box.stop()
	}
}

func groupBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "own group", flaws: map[string]string{"dumb-init": "own session", "consul-template": "no group"},
		play: func(c *container, s supervisor) string {
			c.start(s.above(c, sh(`set -- $(cat /proc/$$/stat); echo "$1 $5 $6" > ids`)...)...)
			c.wait()
			var pid, group, session int
			_, err := fmt.Sscan(c.read("ids"), &pid, &group, &session)
			switch {
			case err != nil || group != pid:
				return "no group"
			case session == pid:
				return "own session"
			}
			return "own group"
		},
	})
}

func survivorsBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "cleaned\n", flaws: map[string]string{"tini": "", "dumb-init": "", "consul-template": ""},
		play: func(c *container, s supervisor) string {
			c.start(s.above(c, sh(`(trap 'sleep 0.3; echo cleaned > clean; exit' TERM; echo up > up; while :; do sleep 0.02; done) & while [ ! -e up ]; do sleep 0.01; done; exit 4`)...)...)
			c.wait()
			return c.read("clean")
		},
	})
}
