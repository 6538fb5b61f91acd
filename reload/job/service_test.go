package job

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/reload/probe"
	"concierge/reload/process"
	"concierge/reload/usage"
)

func TestEveryStateOfAServiceIsTold(t *testing.T) {
	b := newBench(t)
	b.write("ready")
	b.Replace([]Plan{b.plan("web", forever, needs("first", Completed), func(p *Plan) {
		p.Health, p.Readiness = b.exists("alive"), b.exists("ready")
	}), b.plan("first", "until [ -e go ]; do sleep 0.01; done", once)})
	b.state("web", Waiting)
	b.write("go")
	b.happened("web", "waiting", "starting", "unhealthy", "stopping", "backoff") // no grace: the first failure counts
	b.write("alive")
	s := b.state("web", IsHealthy)
	if !s.Ready || s.PID == 0 || s.Kind != Service || s.Restarts == 0 || s.Problem != "" {
		t.Errorf("a healthy service says %+v", s)
	}
	b.remove("alive")
	b.until("a restart", func() bool { return b.status("web").Restarts > s.Restarts })
	b.write("alive")
	b.state("web", IsHealthy)
	b.Shutdown(time.Time{})
	all, _ := b.board.Since(0)
	var told []string
	for n, e := range all {
		if e.Seq != uint64(n+1) || e.At.IsZero() {
			t.Errorf("event %d has the number %d: %+v", n+1, e.Seq, e)
		}
		if e.Name == "web" {
			told = append(told, e.What)
		}
	}
	const once, end = "starting healthy unhealthy stopping backoff", "healthy stopping stopped"
	if text := strings.Join(told, " "); !strings.Contains(text, once) || !strings.HasSuffix(text, end) {
		t.Errorf("told: %s", text)
	}
}

func TestFailuresWithinTheGraceDoNotCount(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("web", "until [ -e go ]; do sleep 0.01; done; touch alive; "+forever, func(p *Plan) {
		p.Health = b.exists("alive")
		p.Health.Thresholds.Grace = time.Hour
	})})
	b.state("web", Starting)
	b.until("a failed probe", func() bool { return strings.Contains(b.log.String(), "probe failed") })
	if s := b.status("web"); s.State != Starting || s.Ready {
		t.Errorf("in its grace the service says %+v", s)
	}
	b.write("go")
	b.happened("web", "waiting", "starting", "healthy")
}

func TestReadinessIsToldAndNothingElse(t *testing.T) {
	b := newBench(t)
	b.write("alive")
	b.write("ready")
	b.Replace([]Plan{b.plan("web", "echo start >>starts; "+forever, func(p *Plan) {
		p.Health, p.Readiness = b.exists("alive"), b.exists("ready")
	})})
	pid := b.state("web", IsHealthy).PID
	b.remove("ready")
	if s := b.state("web", Unhealthy); s.Ready || !strings.Contains(s.Problem, "exit status 1") {
		t.Errorf("not ready says %+v", s)
	}
	b.write("ready")
	if s := b.state("web", IsHealthy); !s.Ready || s.PID != pid || s.Restarts != 0 || s.Problem != "" {
		t.Errorf("ready again says %+v", s)
	}
	b.file("starts", "start\n")
}

func TestFailingLivenessCountsForTheLimit(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("web", forever, func(p *Plan) {
		p.Health, p.Restart.Limit, p.Restart.When = b.exists("alive"), 2, Never // liveness restarts whatever the policy
	})})
	s := b.state("web", GaveUp)
	if s.Restarts != 2 || !strings.Contains(s.Problem, "restarted 2 times within 1h0m0s") || !strings.Contains(s.Problem, "exit status 1") {
		t.Errorf("given up says %+v", s)
	}
	b.happened("web", strings.Fields("waiting "+
		"starting unhealthy stopping backoff starting unhealthy stopping backoff starting unhealthy stopping gave_up")...)
}

func TestRunawayIsRestarted(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("web", forever, func(p *Plan) {
		p.Limits, p.Restart.Limit = usage.Limits{Memory: 1, For: time.Millisecond, Interval: 50 * time.Millisecond}, 1
	})})
	if s := b.state("web", GaveUp); s.Restarts != 1 || !strings.Contains(s.Problem, "memory has been above its limit") {
		t.Errorf("status %+v", s)
	}
}

func TestPoliciesAfterAnEnd(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		change func(*Policy)
		state  State
		starts int
	}{
		"never, ended well":      {"exit 0", func(p *Policy) { p.When = Never }, Stopped, 1},
		"never, failed":          {"exit 3", func(p *Policy) { p.When = Never }, GaveUp, 1},
		"never, killed":          {"kill -9 $$", func(p *Policy) { p.When = Never }, GaveUp, 1},
		"on failure, ended well": {"exit 0", func(p *Policy) { p.When = OnFailure }, Stopped, 1},
		"on failure, expected":   {"exit 3", func(p *Policy) { p.When, p.Expected = OnFailure, []int{0, 3} }, Stopped, 1},
		"on failure, failed":     {"exit 3", func(p *Policy) { p.When, p.Limit = OnFailure, 2 }, GaveUp, 3},
		"on failure, killed":     {"kill -9 $$", func(p *Policy) { p.When, p.Limit = OnFailure, 2 }, GaveUp, 3},
		"always, ended well":     {"exit 0", func(p *Policy) { p.Limit = 2 }, GaveUp, 3},
		"failed, then well":      {"[ $(wc -l <starts) -gt 2 ]", func(p *Policy) { p.When = OnFailure }, Stopped, 3},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.Replace([]Plan{b.plan("job", "echo >>starts; "+c.script, func(p *Plan) { c.change(&p.Restart) })})
			s := b.state("job", c.state)
			if starts := len(b.read("starts")); starts != c.starts || s.Restarts != c.starts-1 {
				t.Errorf("%d starts, want %d; %+v", starts, c.starts, s)
			}
		})
	}
}

func TestDelaysOfACrashLoopGrow(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("job", "exit 1", func(p *Plan) {
		p.Restart.Delay, p.Restart.MaxDelay, p.Restart.Limit = 20*time.Millisecond, 80*time.Millisecond, 4
	})})
	b.state("job", GaveUp)
	all, _ := b.board.Since(0)
	want := 20 * time.Millisecond
	for n, e := range all {
		if e.What != string(Backoff) {
			continue
		}
		if waited := all[n+1].At.Sub(e.At); waited < want*8/10 {
			t.Errorf("waited %s, want at least four fifths of %s", waited, want)
		}
		want = min(2*want, 80*time.Millisecond)
	}
}

func TestGivingUpEndsConciergeOrParksTheJob(t *testing.T) {
	for name, end := range map[string]bool{"end": true, "park": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.Replace([]Plan{b.plan("job", "exit 7", func(p *Plan) { p.Restart.Limit, p.Restart.End = 1, end })})
			b.state("job", GaveUp)
			b.Shutdown(time.Time{}) // whatever it tells it has told
			select {
			case e := <-b.Ends():
				if !end || e.Job != "job" || e.Status.ExitCode() != 7 {
					t.Errorf("%+v", e)
				}
			default:
				if end {
					t.Error("the end was not told")
				}
			}
			if s := b.status("job"); s.State != GaveUp || !strings.Contains(s.Problem, "exit status 7") {
				t.Errorf("status %+v", s)
			}
		})
	}
}

func TestProgramThatCannotBeExecutedFollowsItsPolicy(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("late", "", func(p *Plan) {
		p.Spec.Command, p.Restart.MaxDelay = []string{"./program"}, 10*time.Millisecond
	}), b.plan("absent", "", never, func(p *Plan) {
		p.Spec.Command, p.Restart.End = []string{"./no-such-program"}, true
	})})
	if s := b.state("absent", GaveUp); !strings.Contains(s.Problem, "no-such-program") {
		t.Errorf("status %+v", s)
	}
	if e := <-b.Ends(); e.Status.ExitCode() != process.CodeNotFound {
		t.Errorf("ended with %v", e.Status)
	}
	b.state("late", Backoff)
	if err := symlink("/bin/true", b.path("program")); err != nil {
		t.Fatal(err)
	}
	b.until("the program is run", func() bool { return b.status("late").Last == "exit status 0" })
}

func TestRestartOnPurposeDoesNotCount(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("web", "echo >>starts; "+forever, func(p *Plan) { p.Restart.Limit = 1 })})
	for n := range 4 {
		b.file("starts", strings.Repeat("\n", n+1))
		if err := b.Restart("web"); err != nil {
			t.Fatal(err)
		}
	}
	b.file("starts", strings.Repeat("\n", 5))
	if s := b.status("web"); s.State != Running || s.Restarts != 0 {
		t.Errorf("status %+v", s)
	}
}

func TestRestartThatCannotBeLeavesTheJobRunning(t *testing.T) {
	b := newBench(t)
	if err := symlink("/bin/sleep", b.path("program")); err != nil {
		t.Fatal(err)
	}
	b.Replace([]Plan{b.plan("web", "", func(p *Plan) { p.Spec.Command = []string{"./program", "300"} })})
	pid := b.state("web", Running).PID
	b.remove("program")
	if err := b.Restart("web"); err == nil || !strings.Contains(err.Error(), "./program") {
		t.Errorf("error %v", err)
	}
	if s := b.status("web"); s.State != Running || s.PID != pid {
		t.Errorf("status %+v", s)
	}
	if err := b.Restart("wob"); err == nil || !strings.Contains(err.Error(), "[process web]") {
		t.Errorf("unknown job: %v", err)
	}
	if err := b.Restart(ProcessName); err == nil || !strings.Contains(err.Error(), "yet") {
		t.Errorf("process that was never started: %v", err)
	}
}

func TestAdoptedChecksDoNotRestart(t *testing.T) {
	b := newBench(t)
	b.write("alive")
	plan := b.plan("web", "echo >>starts; "+forever, func(p *Plan) { p.Health = b.exists("alive") })
	b.Replace([]Plan{plan})
	pid := b.state("web", IsHealthy).PID
	plan.Restart.Limit = 5 // no check has changed: what is known stays known
	b.Replace([]Plan{plan})
	b.work.Wait()
	if s := b.status("web"); s.State != IsHealthy || !s.Ready || s.PID != pid {
		t.Errorf("another policy: %+v", s)
	}
	plan.Readiness = b.exists("ready")
	b.Replace([]Plan{plan})
	b.until("not ready", func() bool { return !b.status("web").Ready })
	b.write("ready")
	if s := b.state("web", IsHealthy); s.PID != pid || b.read("starts") != "\n" {
		t.Errorf("another check: %+v", s)
	}
	plan.Health, plan.Readiness = nil, nil
	b.Replace([]Plan{plan})
	if s := b.state("web", Running); s.PID != pid || !s.Ready {
		t.Errorf("no checks: %+v", s)
	}
}

func TestHoldPutsOffWhatFollowsAnEnd(t *testing.T) {
	b := newBench(t)
	main, p := b.Main(), b.plan(ProcessName, "until [ -e go ]; do sleep 0.01; done; exit 7", never)
	p.Kind = Main
	if err := main.Start(p); err != nil {
		t.Fatal(err)
	}
	main.Hold()
	main.Hold()
	gone := main.Gone()
	b.write("go")
	<-gone
	// Known to everybody who asks, as soon as the program is gone.
	if status, ended := main.Ended(); !ended || status.ExitCode() != 7 {
		t.Errorf("Ended() = %v, %t", status, ended)
	}
	if s := main.Status(); s.State != Stopped || s.PID != 0 || main.Resting() {
		t.Errorf("status %+v", s)
	}
	main.Release()
	select {
	case e := <-b.Ends():
		t.Fatalf("the end was told while it was held: %+v", e)
	default:
	}
	main.Release()
	if e := <-b.Ends(); e.Status.ExitCode() != 7 {
		t.Errorf("ended with %v", e.Status)
	}
	if _, ended := main.Ended(); ended {
		t.Error("an end that was acted on is still waiting")
	}
}

func TestRestartAnswersAHeldEnd(t *testing.T) {
	b := newBench(t)
	main, p := b.Main(), b.plan(ProcessName, "echo >>starts; "+forever, never)
	p.Kind = Main
	if err := main.Start(p); err != nil {
		t.Fatal(err)
	}
	main.Hold()
	gone := main.Gone()
	main.Kill()
	<-gone
	if err := main.Restart(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	main.Release()
	if s := main.Status(); s.State != Running {
		t.Errorf("status %+v", s)
	}
	select {
	case e := <-b.Ends():
		t.Errorf("ended: %+v", e)
	default:
	}
}

func TestHoldPutsOffARestartForHealth(t *testing.T) {
	for name, c := range map[string]struct {
		limits  usage.Limits
		recover bool
	}{
		"unhealthy": {}, "recovered": {recover: true},
		"runaway": {limits: usage.Limits{Memory: 1, For: time.Millisecond, Interval: 50 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.write("alive")
			main, p := b.Main(), b.plan(ProcessName, forever)
			p.Kind, p.Health = Main, b.exists("alive")
			main.Hold()
			if err := main.Start(p); err != nil {
				t.Fatal(err)
			}
			b.state(ProcessName, IsHealthy)
			pid := main.Status().PID
			if p.Limits = c.limits; c.limits.Memory > 0 {
				main.Adopt(p)
			} else {
				b.remove("alive")
			}
			b.state(ProcessName, Unhealthy)
			if c.recover {
				b.write("alive")
				b.state(ProcessName, IsHealthy)
			}
			main.Release()
			if s := main.Status(); (s.PID == pid) != c.recover {
				t.Errorf("after the release: %+v", s)
			}
		})
	}
}

func TestSignalsArriveWhileAJobIsStopping(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("web", "trap 'touch stopping' TERM; trap 'echo told >>told' USR1; trap 'exit 0' USR2; touch up; "+forever)})
	b.until("up", func() bool { return b.read("up") == "" && fileExists(b.path("up")) })
	j, err := b.Find("web")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan process.Status)
	go func() { s, _ := j.Stop(0); ended <- s }()
	b.until("stopping", func() bool { return fileExists(b.path("stopping")) })
	if s := j.Status(); s.State != Stopping || s.Ready {
		t.Errorf("while it stops: %+v", s)
	}
	if err := j.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	b.file("told", "told\n")
	if err := j.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	if s := <-ended; s.ExitCode() != 0 {
		t.Errorf("ended with %v", s)
	}
	if err := j.Signal(syscall.SIGUSR1); err != nil {
		t.Errorf("a signal after the end: %v", err)
	}
}

// TestProbeThatHangsDoesNotHoldUpTheJob stops a job whose check never returns.
func TestProbeThatHangsDoesNotHoldUpTheJob(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("web", "touch up; "+forever, func(p *Plan) {
		p.Health = &Check{
			Probe:      probe.Exec{Command: []string{"sleep", "300"}, Env: p.Spec.Env, Runner: b.children},
			Thresholds: probe.Thresholds{Interval: probe.Closest, Timeout: time.Hour, Failures: 1, Successes: 1},
		}
	})})
	b.until("up", func() bool { return fileExists(b.path("up")) })
	begun := time.Now()
	b.Shutdown(time.Time{})
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestManyOperationsAtOnceLeaveOneProgram(t *testing.T) {
	b := newBench(t)
	plan := b.plan("web", "echo $$ >>pids; "+forever)
	b.Replace([]Plan{plan})
	b.state("web", Running)
	j, err := b.Find("web")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for n := range 4 {
		go func() {
			var err error
			for range 5 {
				switch n {
				case 0:
					err = b.Restart("web")
				case 1:
					j.Hold()
					j.Release()
				case 2:
					j.Kill()
				case 3:
					_ = fmt.Sprint(b.Status(), j.Resting(), j.Running())
				}
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	b.Shutdown(time.Time{})
	for line := range strings.Lines(b.read("pids")) {
		var pid int
		if _, err := fmt.Sscan(line, &pid); err != nil || syscall.Kill(pid, 0) == nil {
			t.Errorf("process %s still runs: %v", line, err)
		}
	}
}
