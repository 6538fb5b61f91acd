package job

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

func symlink(to, path string) error { return os.Symlink(to, path) }

func fileExists(path string) bool { _, err := os.Stat(path); return !errors.Is(err, fs.ErrNotExist) }

func TestOnceIsTriedAgainUntilItSucceeds(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("migrate", "echo >>tries; [ $(wc -l <tries) -ge 3 ]", once, func(p *Plan) { p.Restart.When = OnFailure })})
	if s := b.state("migrate", Done); s.Restarts != 2 || s.PID != 0 || s.Ready {
		t.Errorf("status %+v", s)
	}
	b.happened("migrate", "waiting", "running", "backoff", "running", "backoff", "running", "completed")
}

// TestRunThatTakesTooLongIsEndedWithItsGroup has a program and a child of it
// that ignore TERM.
func TestRunThatTakesTooLongIsEndedWithItsGroup(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("migrate", "trap '' TERM; (echo; exec sleep 300) & echo $! >child; wait", once, func(p *Plan) {
		p.Timeout, p.Spec.Stop.Timeout = 200*time.Millisecond, 100*time.Millisecond
	})})
	s := b.state("migrate", GaveUp)
	if !strings.Contains(s.Problem, "not finished after 200ms (see its timeout setting)") || s.Last != "killed by signal 9 (killed)" {
		t.Errorf("status %+v", s)
	}
	b.until("the end of the child", func() bool { return ended(t, b.read("child")) })
}

// ended reports whether a process has ended; a zombie has.
func ended(t *testing.T, pid string) bool {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(pid))
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(n) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestRunThatEndsWellOnlyWhenItIsTooLateHasFailed(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("migrate", "trap 'exit 0' TERM; "+forever, once, func(p *Plan) {
		p.Timeout, p.Restart.End = 100*time.Millisecond, true
	})})
	if s := b.state("migrate", GaveUp); s.Last != "exit status 0" {
		t.Errorf("status %+v", s)
	}
	if e := <-b.Ends(); e.Status.ExitCode() != 1 {
		t.Errorf("ended with %v", e.Status)
	}
}

func TestRunsOfAnIntervalDoNotOverlap(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("sync", "mkdir busy || echo overlap >>bad; sleep 0.1; rmdir busy; echo >>runs", func(p *Plan) {
		p.Kind, p.Every, p.Restart.When = Interval, 20*time.Millisecond, Never
	})})
	b.until("four runs", func() bool { return len(b.read("runs")) >= 4 })
	if bad := b.read("bad"); bad != "" {
		t.Error("runs overlapped")
	}
}

func TestIntervalGoesFromStartToStart(t *testing.T) {
	b := newBench(t)
	const every = 150 * time.Millisecond
	b.Replace([]Plan{b.plan("sync", "sleep 0.05", func(p *Plan) { p.Kind, p.Every, p.Restart.When = Interval, every, Never })})
	count := func() (starts []time.Time) {
		all, _ := b.board.Since(0)
		for _, e := range all {
			if e.What == string(Running) {
				starts = append(starts, e.At)
			}
		}
		return starts
	}
	b.until("three starts", func() bool { return len(count()) >= 3 })
	starts := count()
	if apart := starts[1].Sub(starts[0]); apart < every-20*time.Millisecond {
		t.Errorf("the second run began %s after the first", apart)
	}
}

func TestFailingRunsAreToldAndGoOn(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("sync", "exit 3", func(p *Plan) {
		p.Kind, p.Every, p.Restart.When, p.Restart.Limit = Interval, 10*time.Millisecond, Never, 1
	}), b.plan("slow", forever, func(p *Plan) {
		p.Kind, p.Every, p.Timeout, p.Restart.When = Interval, 50*time.Millisecond, 50*time.Millisecond, Never
	}), b.plan("absent", "", func(p *Plan) {
		p.Spec.Command, p.Kind, p.Every, p.Restart.When = []string{"./absent"}, Interval, 10*time.Millisecond, Never
	})})
	for _, name := range []string{"sync", "slow", "absent"} {
		b.until("failures of "+name, func() bool { return strings.Count(strings.Join(b.events(name), " "), "failed") >= 3 })
	}
	if s := b.status("sync"); s.Restarts != 0 || s.Last != "exit status 3" {
		t.Errorf("status %+v", s)
	}
}

func TestIntervalThatChangesIsInForceAtOnce(t *testing.T) {
	b := newBench(t)
	plan := b.plan("sync", "echo >>runs", func(p *Plan) { p.Kind, p.Every, p.Restart.When = Interval, time.Hour, Never })
	b.Replace([]Plan{plan})
	b.state("sync", Idle)
	b.file("runs", "\n")
	b.state("sync", Idle)
	plan.Every = 10 * time.Millisecond
	b.Replace([]Plan{plan})
	b.until("more runs", func() bool { return len(b.read("runs")) >= 3 })
}
