package job

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"concierge/reload/process"
)

func TestJobStartsWhenAllItNeedsIsThere(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{
		b.plan("app", forever, needs("db", Healthy), needs("log", Started), needs("migrate", Completed)),
		b.plan("db", forever, func(p *Plan) {
			p.Health = b.exists("alive")
			p.Health.Thresholds.Grace = time.Hour
		}),
		b.plan("log", forever, needs("disk", Completed)),
		b.plan("disk", "until [ -e disk ]; do sleep 0.01; done", once),
		b.plan("migrate", "until [ -e migrated ]; do sleep 0.01; done", once),
	})
	waitsFor := func(want ...string) {
		t.Helper()
		b.until("it waits for "+strings.Join(want, " and "), func() bool { return slices.Equal(b.status("app").WaitsFor, want) })
	}
	waitsFor("db to be healthy (it is starting)", "log to be started (it is waiting)", "migrate to be completed (it is running)")
	b.write("alive")
	waitsFor("log to be started (it is waiting)", "migrate to be completed (it is running)")
	b.write("migrated")
	waitsFor("log to be started (it is waiting)")
	b.write("disk")
	b.state("app", Running)
}

func TestJobThatWaitsForOneThatGaveUpSaysSo(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("app", forever, needs("migrate", Completed)), b.plan("migrate", "exit 1", once)})
	b.state("migrate", GaveUp)
	b.until("it waits", func() bool {
		return slices.Equal(b.status("app").WaitsFor, []string{"migrate to be completed (it is gave_up)"})
	})
	if s := b.status("app"); s.State != Waiting || s.PID != 0 {
		t.Errorf("status %+v", s)
	}
	if err := b.Restart("migrate"); err != nil {
		t.Error(err)
	}
	b.state("migrate", GaveUp) // and who repairs it needs no other step:
	b.Replace([]Plan{b.plan("app", forever, needs("migrate", Completed)), b.plan("migrate", "exit 0", once)})
	b.state("app", Running)
}

func TestConditionsAreMet(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("over", "exit 0", never), b.plan("runs", forever), b.plan("later", forever, needs("x", Started))})
	b.state("over", Stopped)
	b.state("runs", Running)
	b.state("later", Waiting)
	for need, want := range map[string]bool{"over started": true, "over healthy": false, "over completed": false,
		"runs started": true, "runs healthy": true, "runs completed": false, "later started": false, "x started": false} {
		name, condition, _ := strings.Cut(need, " ")
		if open := b.Unmet(map[string]Condition{name: Condition(condition)}); (len(open) == 0) != want {
			t.Errorf("%s: %v", need, open)
		}
	}
}

// TestReplaceTouchesOnlyWhatChanged has one job of each kind.
func TestReplaceTouchesOnlyWhatChanged(t *testing.T) {
	b := newBench(t)
	note := func(name string) string { return "echo " + name + " >>" + name + "; " }
	prepare := b.plan("prepare", note("prepare"), once)
	same := b.plan("same", note("same")+forever, needs("prepare", Completed))
	changed := b.plan("changed", note("changed")+forever)
	gone := b.plan("gone", note("gone")+"trap 'echo end >>gone; exit' TERM; "+forever)
	b.Replace([]Plan{prepare, same, changed, gone})
	for _, name := range []string{"prepare", "same", "changed", "gone"} {
		b.file(name, name+"\n")
	}
	pid := b.state("same", Running).PID

	changed.Spec.Env = append(changed.Spec.Env, "NEW=1")
	b.Replace([]Plan{b.plan("added", note("added")+forever), prepare, same, changed})
	b.file("gone", "gone\nend\n")
	b.file("changed", "changed\nchanged\n")
	b.file("added", "added\n")
	if s := b.status("same"); s.PID != pid || s.State != Running || s.Restarts != 0 {
		t.Errorf("unchanged: %+v", s)
	}
	if got := b.read("prepare"); got != "prepare\n" {
		t.Errorf("a job that was completed ran again: %q", got)
	}
	if _, err := b.Find("gone"); err == nil {
		t.Error("a job that is gone is still listed")
	}
	b.Replace([]Plan{prepare, same, gone})
	b.file("gone", "gone\nend\ngone\n")
}

func TestReplaceStartsWhatWasParkedOnlyWhenItChanged(t *testing.T) {
	b := newBench(t)
	plan := b.plan("job", "echo >>starts; exit 1", never)
	b.Replace([]Plan{plan})
	b.state("job", GaveUp)
	plan.Restart.Delay = time.Second
	b.Replace([]Plan{plan})
	b.work.Wait()
	if s := b.status("job"); s.State != GaveUp {
		t.Errorf("status %+v", s)
	}
	plan.Spec.Command = []string{"sh", "-c", "echo >>starts"}
	b.Replace([]Plan{plan})
	b.state("job", Stopped)
	b.file("starts", "\n\n")
}

func TestHookRunsWhenItIsTold(t *testing.T) {
	b := newBench(t)
	manual := func(p *Plan) { p.Manual = true }
	b.Replace([]Plan{
		b.plan("fine", "echo >>runs", once, manual), b.plan("bad", "exit 1", once, manual), b.plan("long", forever, once, manual),
		b.plan("retried", "echo >>tries; [ $(wc -l <tries) -ge 2 ]", once, manual, func(p *Plan) { p.Restart.When = OnFailure }),
	})
	b.work.Wait()
	if s := b.status("fine"); s.State != Idle || b.read("runs") != "" {
		t.Errorf("it ran by itself: %+v", s)
	}
	soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		want bool
	}{"fine": {t.Context(), true}, "bad": {t.Context(), false}, "retried": {t.Context(), true}, "long": {soon, false}, "none": {t.Context(), false}} {
		if got := b.Run(c.ctx, name); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if s := b.status("long"); s.State != Stopped || s.PID != 0 {
		t.Errorf("a hook whose time is over: %+v", s)
	}
}

// inOrder are programs that note when they end; sidecar and metrics need the
// process, that needs the proxy, and the shipper needs nobody.
func inOrder(t *testing.T, b *bench) {
	t.Helper()
	script := func(name string) string {
		return "trap 'sleep 0.1; echo " + name + " >>ends; exit 0' TERM; touch " + name + "; " + forever
	}
	main := b.plan(ProcessName, script(ProcessName), never, needs("proxy", Started))
	main.Kind = Main
	b.Replace([]Plan{
		b.plan("shipper", script("shipper")), b.plan("proxy", script("proxy")),
		b.plan("sidecar", script("sidecar"), needs(ProcessName, Started)),
		b.plan("metrics", script("metrics"), needs("sidecar", Started)),
	})
	b.state("proxy", Running)
	if err := b.Main().Start(main); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"shipper", "proxy", "sidecar", "metrics", ProcessName} {
		b.until(name+" is up", func() bool { return fileExists(b.path(name)) })
	}
}

func TestThoseWhoNeedOthersAreStoppedBeforeThem(t *testing.T) {
	b := newBench(t)
	inOrder(t, b)
	if status, ok := b.Shutdown(time.Time{}); !ok || status.ExitCode() != 0 {
		t.Errorf("the process ended with %v, %t", status, ok)
	}
	order := strings.Fields(b.read("ends"))
	if len(order) != 5 {
		t.Fatalf("ended: %v", order)
	}
	slices.Sort(order[3:]) // one wave
	if want := []string{"metrics", "sidecar", "process", "proxy", "shipper"}; !slices.Equal(order, want) {
		t.Errorf("ended in the order %v, want %v", order, want)
	}
}

func TestDeadlineSqueezesStopTimeouts(t *testing.T) {
	b := newBench(t)
	stubborn := "trap '' TERM; touch $0; " + forever
	named := func(name string) func(*Plan) {
		return func(p *Plan) { p.Spec.Command, p.Spec.Stop.Timeout = []string{"sh", "-c", stubborn, name}, time.Hour }
	}
	main := b.plan(ProcessName, "", never, named(ProcessName))
	main.Kind = Main
	if err := b.Main().Start(main); err != nil {
		t.Fatal(err)
	}
	gone := b.plan("gone", "", named("gone"))
	b.Replace([]Plan{b.plan("sidecar", "", named("sidecar"), needs(ProcessName, Started)), b.plan("shipper", "", named("shipper")), gone})
	for _, name := range []string{ProcessName, "sidecar", "shipper", "gone"} {
		b.until(name+" is up", func() bool { return fileExists(b.path(name)) })
	}
	b.Replace(slices.DeleteFunc(slices.Clone(b.planned()), func(p Plan) bool { return p.Name == "gone" })) // is being stopped
	begun := time.Now()
	status, _ := b.Shutdown(begun.Add(600 * time.Millisecond))
	if took := time.Since(begun); took > 4*time.Second || status.ExitCode() != 137 {
		t.Errorf("took %s, the process ended with %v", took, status)
	}
	for _, s := range b.Status() {
		if s.PID != 0 || s.Last != "killed by signal 9 (killed)" {
			t.Errorf("%+v", s)
		}
	}
}

// planned returns the plans besides the process.
func (b *bench) planned() []Plan {
	var all []Plan
	for _, p := range b.plans {
		all = append(all, p)
	}
	return all
}

func TestShutdownStartsNothing(t *testing.T) {
	b := newBench(t)
	b.Replace([]Plan{b.plan("waiting", "touch started", needs("absent", Started)), b.plan("loop", "exit 1", func(p *Plan) {
		p.Restart.Delay, p.Restart.MaxDelay = time.Hour, time.Hour
	})})
	b.state("waiting", Waiting)
	b.state("loop", Backoff)
	b.Shutdown(time.Time{})
	for _, name := range []string{"waiting", "loop"} {
		if s := b.status(name); s.State != Stopped || s.WaitsFor != nil {
			t.Errorf("%+v", s)
		}
	}
	b.Replace([]Plan{b.plan("late", "touch started")}) // was on its way
	b.Shutdown(time.Time{})
	if fileExists(b.path("started")) {
		t.Error("a job was started by the shutdown")
	}
	if _, ok := b.Shutdown(time.Time{}); ok {
		t.Error("a process that was never started has ended")
	}
}

func TestKillEndsEverythingAtOnceAndForGood(t *testing.T) {
	b := newBench(t)
	stubborn := "trap '' TERM; echo >>$0; " + forever
	named := func(name string) func(*Plan) {
		return func(p *Plan) { p.Spec.Command, p.Spec.Stop.Timeout = []string{"sh", "-c", stubborn, name}, time.Hour }
	}
	kept, gone := b.plan("kept", "", named("kept")), b.plan("gone", "", named("gone"))
	b.Replace([]Plan{kept, gone})
	b.file("kept", "\n")
	b.file("gone", "\n")
	b.Replace([]Plan{kept})
	b.Kill()
	b.Shutdown(time.Time{})
	if s := b.status("kept"); s.State != Stopped || b.read("kept") != "\n" {
		t.Errorf("after the kill: %+v, %d starts", s, len(b.read("kept")))
	}
	if b.Run(t.Context(), "kept") {
		t.Error("a job ran after the kill")
	}
}

func TestProgramsThatMisbehave(t *testing.T) {
	t.Run("forks away", func(t *testing.T) {
		b := newBench(t)
		script := "setsid sh -c 'echo $$ >away; exec sleep 300' & sh -c 'echo $$ >left; exec sleep 300' & " +
			"until [ -s away ] && [ -s left ]; do sleep 0.01; done"
		b.Replace([]Plan{b.plan("daemon", script, once)})
		b.state("daemon", Done)
		if !ended(t, b.read("left")) {
			t.Error("what it left in its group goes on")
		}
		if ended(t, b.read("away")) {
			t.Error("what left its group was touched")
		}
		kill(t, b.read("away"))
	})
	t.Run("closes stdin", func(t *testing.T) {
		b := newBench(t)
		b.Replace([]Plan{b.plan("web", "exec <&-; touch up; "+forever)})
		b.until("up", func() bool { return fileExists(b.path("up")) })
		if s := b.status("web"); s.State != Running {
			t.Errorf("status %+v", s)
		}
	})
	t.Run("floods stdout that nobody reads", func(t *testing.T) {
		b := newBench(t)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		stdout := os.Stdout
		os.Stdout = w
		b.Replace([]Plan{b.plan("yes", "touch up; exec yes")})
		b.work.Wait()
		b.state("yes", Running)
		os.Stdout = stdout
		_ = w.Close()
		b.until("up", func() bool { return fileExists(b.path("up")) })
		begun := time.Now()
		b.Shutdown(time.Time{})
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("it was stopped after %s", took)
		}
	})
}

func kill(t *testing.T, pid string) {
	t.Helper()
	var n int
	for _, c := range strings.TrimSpace(pid) {
		n = 10*n + int(c-'0')
	}
	p, err := os.FindProcess(n)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Kill()
}

func TestProcessGetsTheStandardInputAndJobsDoNot(t *testing.T) {
	b := newBench(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = stdin }()
	if _, err := w.WriteString("line\n"); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	b.Replace([]Plan{b.plan("job", "cat >job", once)})
	b.state("job", Done)
	main := b.plan(ProcessName, "cat >main", never)
	main.Kind = Main
	if err := b.Main().Start(main); err != nil {
		t.Fatal(err)
	}
	if e := <-b.Ends(); e.Status != (process.Status{}) {
		t.Errorf("ended with %v", e.Status)
	}
	_ = r.Close()
	if b.read("job") != "" || b.read("main") != "line\n" {
		t.Errorf("the job read %q, the process %q", b.read("job"), b.read("main"))
	}
}
