package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// up is the end of a script that waits for a signal.
const up = "echo up; while :; do sleep 0.02; done"

func sh(script string) []string { return []string{"sh", "-c", script} }

// start runs a script under concierge as PID 1, with further flags.
func start(t *testing.T, run []string, script string, flags ...string) *container {
	t.Helper()
	return contain(t, slices.Concat(run, flags, []string{"--"}, sh(script))...)
}

func orphansAreReaped(t *testing.T, run []string) {
	box := start(t, run, `
i=0; while [ $i -lt 100 ]; do (sleep 0.01 &); i=$((i+1)); done
while :; do
	n=0
	for f in /proc/[0-9]*/stat; do set -- $(cat $f 2>/dev/null); [ "$4" != 1 ] || n=$((n+1)); done
	[ $n -gt 1 ] || exit 9 # the process is the only child of PID 1, in any state
	sleep 0.02
done`)
	if status := box.wait(); status != 9 {
		t.Errorf("status %d", status)
	}
}

// signalsAreForwarded sends every signal that can be caught.
func signalsAreForwarded(t *testing.T, run []string) {
	box := contain(t, slices.Concat(run, []string{"--", program(t, "recorder")})...)
	box.until("recording\n")
	kept := []int{ // with the reason why
		1,     // HUP: concierge's own reload
		2, 15, // INT, TERM: they stop; see TestInitsAgree
		9, 19, // KILL, STOP: cannot be caught
		13, 17, 23, // PIPE, CHLD, URG
		21, 22, // TTIN, TTOU: ignored
		27,         // PROF: Go's runtime keeps it
		32, 33, 34, // nor these
	}
	var want []int
	for n := 1; n <= 64; n++ {
		switch {
		case n == 9 || n == 19 || n == 1 || n == 2 || n == 15:
		case slices.Contains(kept, n):
			box.signal(syscall.Signal(n))
		default:
			want = append(want, n)
			box.signal(syscall.Signal(n))
			box.until("got " + strconv.Itoa(n) + "\n")
		}
	}
	var got []int
	for line := range strings.Lines(box.out.String()) {
		if n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "got "))); err == nil && n != 23 { // its own runtime's
			got = append(got, n)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the process got %v\nwant each once: %v", got, want)
	}
}

func aFloodHidesNoOtherSignal(t *testing.T, run []string) {
	box := start(t, run, `trap : USR1; trap 'echo last; exit 3' USR2; `+up)
	box.until("up\n")
	for range 20_000 {
		box.signal(syscall.SIGUSR1)
	}
	box.signal(syscall.SIGUSR2)
	if status := box.wait(); status != 3 {
		t.Errorf("status %d", status)
	}
}

func theGroupIsItsOwn(t *testing.T, run []string) {
	box := start(t, run, `set -- $(cat /proc/$$/stat); echo "pid $1 group $5 parent $4"`)
	box.wait()
	var pid, group, parent int
	text := box.out.String()
	if i := strings.Index(text, "pid "); i >= 0 && strings.Contains(text, "group") {
		for line := range strings.Lines(text) {
			_, _ = fmt.Sscanf(line, "pid %d group %d parent %d", &pid, &group, &parent)
		}
	}
	if pid == 0 || pid != group || parent != 1 {
		t.Errorf("process %d in group %d, child of %d", pid, group, parent)
	}
}

// survivorsMayCleanUp: tini and dumb-init end before what the process left
// running has cleaned up.
func survivorsMayCleanUp(t *testing.T, run []string) {
	box := start(t, run, `(trap 'sleep 0.3; echo cleaned > clean; exit' TERM; echo up > up; while :; do sleep 0.02; done) & while [ ! -e up ]; do sleep 0.01; done; exit 4`)
	if status := box.wait(); status != 4 || box.read("clean") != "cleaned\n" {
		t.Errorf("status %d, cleaned up: %q", status, box.read("clean"))
	}
	if strings.Contains(box.out.String(), "killed") {
		t.Error("something was killed")
	}
}

func stubbornSurvivorsAreKilled(t *testing.T, run []string) {
	box := start(t, run, `(trap '' TERM; echo up > up; while :; do sleep 0.02; done) & while [ ! -e up ]; do sleep 0.01; done; exit 4`)
	if status := box.wait(); status != 4 {
		t.Errorf("status %d", status)
	}
	box.until("what the program left running did not end in time and was killed")
	box.until(`"group":`)
}

func aStubbornProcessIsKilled(t *testing.T, run []string) {
	box := start(t, run, `trap 'echo no' TERM; `+up, "--process-stop-timeout", "1500ms")
	box.until("up\n")
	box.signal(syscall.SIGTERM)
	if status := box.wait(); status != 137 {
		t.Errorf("status %d, want 137", status)
	}
	box.until("program did not stop in time and is killed")
	box.until("no\n")
}

// aDaemonMayCleanUp starts a process that forks away, out of its session too.
func aDaemonMayCleanUp(t *testing.T, run []string) {
	box := start(t, run, `setsid sh -c 'trap "sleep 0.3; echo cleaned > clean; exit" TERM; echo up > up; while :; do sleep 0.02; done' & while [ ! -e up ]; do sleep 0.01; done; exit 0`)
	if status := box.wait(); status != 0 || box.read("clean") != "cleaned\n" {
		t.Errorf("status %d, cleaned up: %q", status, box.read("clean"))
	}
}

// theChildStartsClean: no signal is blocked or ignored, however concierge was
// started. The process is no shell, which may tidy up by itself.
func theChildStartsClean(t *testing.T, run []string) {
	box := contain(t, slices.Concat([]string{"env", "--block-signal=TERM,USR1,CHLD,40", "--ignore-signal=HUP,INT,PIPE,TSTP,TTIN,TTOU,USR2"},
		run, []string{"--", "cat", "/proc/self/status"})...)
	box.wait()
	for _, name := range []string{"SigBlk", "SigIgn", "SigPnd"} {
		_, after, _ := strings.Cut(box.out.String(), name+":\t")
		line, _, _ := strings.Cut(after, "\n")
		set, err := strconv.ParseUint(line, 16, 64)
		// The C library and Go's runtime keep 32 to 34 to themselves; who ignored
		// one of them has it ignored.
		if set &^= 7 << 31; err != nil || set != 0 {
			t.Errorf("%s is %q", name, line)
		}
	}
}

// descriptorsDoNotLeak: the shell says what descriptors concierge is given,
// and those are passed on.
func descriptorsDoNotLeak(t *testing.T, run []string) {
	box := contain(t, slices.Concat(sh(`echo x > t; exec 7< t; ls /proc/$$/fd > given; exec "$@"`), []string{"sh"}, run,
		[]string{"--template", "t:out", "--file-path", ".", "--"}, sh("ls /proc/$$/fd > got"))...)
	box.wait()
	if given, got := box.read("given"), box.read("got"); given == "" || got != given {
		t.Errorf("it has the descriptors %q, and concierge was given %q", got, given)
	}
}

// standardStreamsAreTheChildsOwn: concierge is not in the way of a process that
// floods its output, and of one that closes its input.
func standardStreamsAreTheChildsOwn(t *testing.T, run []string) {
	box := start(t, run, `readlink /proc/1/fd/1 > one; exec 3>&1; readlink /proc/$$/fd/3 > two; exec <&-; head -c 20000000 /dev/zero; echo; echo flooded; exit 6`)
	began := time.Now()
	if status := box.wait(); status != 6 {
		t.Errorf("status %d", status)
	}
	t.Logf("20 MB took %s", time.Since(began))
	if one := box.read("one"); one == "" || one != box.read("two") {
		t.Errorf("concierge has %q, the process %q", one, box.read("two"))
	}
	if n := box.out.b.Len(); n < 20_000_000 {
		t.Errorf("%d bytes came through", n)
	}
}
