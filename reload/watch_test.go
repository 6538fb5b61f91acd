package reload

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/reload/job"
	"concierge/reload/journal"
	"concierge/reload/process"
)

func TestUnhealthyChangeIsUndoneAndToldAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.apply(b.set("conf", "bad")).Results[0]
	if !r.Undone || !r.Alone || r.Stuck || r.Changed != 0 || r.Err == nil || !strings.Contains(r.Err.Error(), "unhealthy after") {
		t.Errorf("result %+v", r)
	}
	b.file("events", "start v1\nreload bad\nreload v1\n")
	b.expect("conf", "applied", "rolled back")
	b.phase("conf", journal.Undone, "v1", "bad")
	b.running()
	if b.read("conf") != "v1" || strings.Contains(b.log.String(), "after the roll-back either") {
		t.Errorf("conf %q, log %s", b.read("conf"), b.log)
	}
	if left, _ := filepath.Glob(filepath.Join(b.dir, ".*")); len(left) > 0 {
		t.Errorf("left beside the file: %v", left)
	}
}

func TestHealthyChangeStaysAfterItsWindow(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	report := b.apply(b.set("conf", "v2"))
	if r := report.Results[0]; r.Err != nil || r.Changed != 1 || report.Elapsed < window {
		t.Errorf("report %+v", report)
	}
	b.file("events", "start v1\nreload v2\n")
	b.expect("conf", "applied", "applied")
	b.phase("conf", journal.Healthy, "v2")
}

func TestFirstStartIsNotWatched(t *testing.T) {
	t.Parallel()
	b := emptyBench(t)
	p := b.app()
	if r := b.Apply(t.Context(), Generation{Process: &p, Window: window, Sets: []Set{b.set("conf", "bad")}}).Results[0]; r.Err != nil {
		t.Errorf("result %+v", r)
	}
	b.file("events", "start bad\n")
	b.phase("conf", journal.Healthy, "bad")
}

func TestSetsThatChangedTogetherAreUndoneTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.apply(b.set("other", "o1"))
	other := b.set("other", "o2")
	other.Watch.Checks = []job.Check{*b.without("bad", "state")}
	untouched := b.set("untouched", "u1")
	untouched.Watch.Window = 0
	results := b.apply(b.set("conf", "bad"), other, untouched).Results
	for _, r := range results[:2] {
		if !r.Undone || r.Alone {
			t.Errorf("%+v", r)
		}
	}
	if results[2].Err != nil || b.read("conf") != "v1" || b.read("other") != "o1" || b.read("untouched") != "u1" {
		t.Errorf("conf %q, other %q, untouched %q %v", b.read("conf"), b.read("other"), b.read("untouched"), results[2].Err)
	}
	b.phase("conf", journal.Undone, "v1") // nobody is to blame yet
	b.phase("other", journal.Undone, "o1")
	b.phase("untouched", journal.Healthy, "u1")
	b.file("events", "start v1\nreload v1\nreload bad\nreload v1\n")
	if r := b.apply(b.set("conf", "bad")).Results[0]; !r.Alone {
		t.Errorf("alone: %+v", r)
	}
}

func TestProcessThatEndsWithinTheWindowIsStartedAsBefore(t *testing.T) {
	t.Parallel()
	for _, when := range []job.When{job.Never, job.OnFailure} {
		b := newBench(t, func(p *Process) { p.Plan.Restart.When = when })
		r := b.apply(b.set("conf", "die")).Results[0]
		if !r.Undone || !r.Alone || !strings.Contains(r.Err.Error(), "the process ended") {
			t.Errorf("%s: %+v", when, r)
		}
		b.file("events", "start v1\nreload die\nstart v1\n")
		b.running()
		if s := b.main.Status(); s.Restarts != 0 {
			t.Errorf("%s: the restart counts: %+v", when, s)
		}
	}
}

func TestRegularEndWithinTheWindowIsNoFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if r := b.apply(b.set("conf", "done")).Results[0]; r.Err != nil || r.Changed != 1 {
		t.Errorf("result %+v", r)
	}
	if status := exited(b.Supervisor); status != (process.Status{}) || b.read("conf") != "done" {
		t.Errorf("ended with %v; conf %q", status, b.read("conf"))
	}
}

func TestProcessThatHadEndedIsNotBlamed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	gone := b.main.Gone()
	b.main.Kill()
	<-gone
	report := b.apply(b.set("conf", "v2"))
	if r := report.Results[0]; r.Err != nil || b.read("conf") != "v2" {
		t.Errorf("result %+v, conf %q", r, b.read("conf"))
	}
	if status := exited(b.Supervisor); status.ExitCode() != 137 || b.Running() {
		t.Errorf("ended with %v", status)
	}
}

func TestEnvironmentThatMakesTheProcessUnhealthyIsUndone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.app(func(p *Process) { p.Plan.Spec.Env = append(os.Environ(), "V= bad") })
	report := b.Apply(t.Context(), Generation{Process: &p, Window: window})
	if !report.ProcessUndone || !report.ProcessAlone || report.Taken || report.ProcessErr == nil {
		t.Errorf("report %+v", report)
	}
	b.file("events", "start v1\nstart v1 bad\nstart v1\n")
	b.running()
	if told := b.told(job.ProcessName); told[len(told)-1] != "rolled back" {
		t.Errorf("told: %v", told)
	}
	// What it is now is where the next change begins.
	if r := b.apply(b.set("conf", "v2")).Results[0]; r.Err != nil {
		t.Error(r.Err)
	}
	b.file("events", "start v1\nstart v1 bad\nstart v1\nreload v2\n")
}

func TestFileAndEnvironmentThatChangedTogetherAreUndoneTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.app(func(p *Process) { p.Plan.Spec.Env = append(os.Environ(), "V= bad") })
	report := b.Apply(t.Context(), Generation{Process: &p, Window: window, Sets: []Set{b.set("conf", "v2")}})
	if r := report.Results[0]; !r.Undone || r.Alone || !report.ProcessUndone || report.ProcessAlone {
		t.Errorf("report %+v", report)
	}
	b.file("events", "start v1\nstart v2 bad\nstart v1\n")
	b.phase("conf", journal.Undone, "v1")
}

func TestFailedActionIsOwedAndNotRolledBack(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Process) { p.Reload = Reload{Command: command("test -e ready && echo reloaded >>events")} })
	r := b.Apply(t.Context(), Generation{Sets: []Set{b.set("conf", "bad")}, CommandEnv: inDir(b.dir)}).Results[0]
	if r.ActionErr == nil || r.Err != nil || b.read("conf") != "bad" {
		t.Errorf("result %+v, conf %q", r, b.read("conf"))
	}
	b.phase("conf", journal.Committed, "bad")
	if err := os.WriteFile(filepath.Join(b.dir, "ready"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	owed := b.set("conf", "bad")
	owed.Owed = true
	if r := b.Apply(t.Context(), Generation{Sets: []Set{owed}, CommandEnv: inDir(b.dir)}).Results[0]; r.Err != nil || r.ActionErr != nil {
		t.Errorf("result %+v", r)
	}
	b.phase("conf", journal.Healthy, "bad")
	b.file("events", "start v1\nreloaded\n")
	b.expect("conf", "applied", "action failed")
}

// command runs a script where inDir says.
func command(script string) process.Command {
	return process.Command{Command: []string{"sh", "-c", `cd "$WHERE" && ` + script}, Timeout: time.Minute}
}

func inDir(dir string) []string { return append(os.Environ(), "WHERE="+dir) }

func TestEndOfTheContextLeavesTheChangeUnproven(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	set := b.set("conf", "v2")
	set.Watch.Window = time.Hour
	done := make(chan Report)
	go func() { done <- b.Apply(ctx, Generation{Sets: []Set{set}}) }()
	b.file("events", "start v1\nreload v2\n")
	cancel()
	if r := (<-done).Results[0]; r.Err != nil || r.Undone || b.read("conf") != "v2" {
		t.Errorf("result %+v, conf %q", r, b.read("conf"))
	}
	b.phase("conf", journal.Acted, "v2")
	b.running()
}

func TestUnprovenVersionIsWatchedAgain(t *testing.T) {
	t.Parallel()
	for content, undone := range map[string]bool{"bad": true, "v2": false} {
		b := emptyBench(t)
		path := filepath.Join(b.dir, "conf")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		set, p := b.set("conf", content), b.app()
		set.Watch.Always, set.Watch.Before = true, []File{file{path, "v1"}}
		r := b.Apply(t.Context(), Generation{Process: &p, Sets: []Set{set}}).Results[0]
		if r.Undone != undone || r.Alone != undone {
			t.Errorf("%s: %+v", content, r)
		}
		if want := "start " + content + "\n"; undone {
			b.file("events", want+"start v1\n")
		} else {
			b.file("events", want)
		}
		b.running()
	}
}

func TestChangesWithoutAProcessAreWatchedFromTheBeginning(t *testing.T) {
	t.Parallel()
	b := emptyBench(t)
	apply := func(content string) Result {
		set := b.set("conf", content)
		set.Outputs[0].OnChange = []Action{{Kind: RunCommand, Command: command("cat conf >>events")}}
		set.Watch.Checks = []job.Check{*b.without("bad", "conf")}
		return b.Apply(t.Context(), Generation{NoProcess: true, Sets: []Set{set}, CommandEnv: inDir(b.dir)}).Results[0]
	}
	if r := apply("v1;"); r.Err != nil {
		t.Fatal(r.Err)
	}
	if r := apply("bad;"); !r.Undone {
		t.Errorf("result %+v", r)
	}
	b.file("events", "v1;bad;v1;")
}

// TestDeadProcessIsStartedAndNotReloaded has a command for reloads that kills
// the process when the configuration is bad.
func TestDeadProcessIsStartedAndNotReloaded(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Process) {
		p.Reload = Reload{Command: command(`echo told >>told; if grep -q bad conf; then kill -9 $(cat pid); exit 1; fi`)}
		p.Plan.Spec.Command = []string{"sh", "-c", "echo $$ >pid;" + applicationScript}
		p.Plan.Restart.When = job.OnFailure
		p.Plan.Restart.Delay, p.Plan.Restart.MaxDelay = time.Hour, time.Hour
	})
	// A command that ignores its failure, as "nginx -s reload || true" does.
	b.want.Reload.Command = command(`echo told >>told; if grep -q bad conf; then kill -9 $(cat pid); fi`)
	set := b.set("conf", "bad")
	if r := b.Apply(t.Context(), Generation{Sets: []Set{set}, CommandEnv: inDir(b.dir)}).Results[0]; !r.Undone {
		t.Errorf("result %+v", r)
	}
	b.file("events", "start v1\nstart v1\n")
	if told := b.read("told"); told != "told\n" {
		t.Errorf("the command ran %d times", strings.Count(told, "told"))
	}
	b.running()
}

// turn is a gate that is open or closed, and notes what became of changes.
type turn struct {
	err  error
	left []bool
	sets []string
}

func (g *turn) Enter(_ context.Context, sets []string) (func(bool), error) {
	g.sets = append(g.sets, sets...)
	return func(healthy bool) { g.left = append(g.left, healthy) }, g.err
}

func TestGateHearsOfChangesAndHowTheyEnded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	gate := new(turn)
	b.Gate = gate
	b.apply(b.set("conf", "v1"))
	if len(gate.sets) > 0 {
		t.Errorf("asked about what does not differ: %v", gate.sets)
	}
	b.apply(b.set("conf", "v2"), b.set("other", ""))
	b.apply(b.set("conf", "bad"))
	if want := "conf other conf"; strings.Join(gate.sets, " ") != want || len(gate.left) != 2 || !gate.left[0] || gate.left[1] {
		t.Errorf("asked about %v, told %v", gate.sets, gate.left)
	}
	gate.err = errors.New("not now")
	if r := b.apply(b.set("conf", "v3")).Results[0]; !errors.Is(r.Err, gate.err) || b.read("conf") != "v2" || len(gate.left) != 2 {
		t.Errorf("result %+v, conf %q, told %v", r, b.read("conf"), gate.left)
	}
	b.running()
}
