package reload

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/reload/job"
	"concierge/reload/process"
)

// memory is a File in memory, to show faults at every step.
type memory struct {
	target              *string
	content             string
	stageErr, commitErr error
	flushErr            error
	path                string
	before              string
	discarded           int
}

func (m *memory) Stage() (Staged, error) { return m, m.stageErr }
func (m *memory) Path() string           { return m.path }
func (m *memory) Changed() bool          { return *m.target != m.content }
func (m *memory) Flush() error           { return m.flushErr }
func (m *memory) Rollback() error        { *m.target = m.before; return nil }
func (m *memory) Discard() error         { m.discarded++; return nil }
func (m *memory) Commit() error {
	if m.commitErr == nil {
		m.before, *m.target = *m.target, m.content
	}
	return m.commitErr
}

func setOf(name string, outputs ...Output) Set { return Set{Name: name, Outputs: outputs} }

func newChildren() *process.Children { return process.NewChildren(slog.New(slog.DiscardHandler)) }

func newSupervisor() *Supervisor {
	log, children := slog.New(slog.DiscardHandler), newChildren()
	return New(Options{Log: log, Children: children, Jobs: job.NewGroup(children, nil, log)})
}

func TestSetChangesTogetherOrNotAtAll(t *testing.T) {
	fault := errors.New("disk full")
	for name, broken := range map[string]*memory{
		"stage":  {content: "new", stageErr: fault},
		"commit": {content: "new", commitErr: fault},
		"flush":  {content: "new", flushErr: fault},
	} {
		a, b, c := "old", "old", "old"
		broken.target = &b
		good := &memory{target: &a, content: "new"}
		other := &memory{target: &c, content: "new"}
		report := newSupervisor().Apply(t.Context(), Generation{Sets: []Set{
			setOf("tls", Output{File: good}, Output{File: broken}), setOf("other", Output{File: other}),
		}})
		if a != "old" || b != "old" {
			t.Errorf("%s: half of the set was changed: %q %q", name, a, b)
		}
		if !errors.Is(report.Results[0].Err, fault) || report.Results[0].Changed != 0 {
			t.Errorf("%s: result %+v", name, report.Results[0])
		}
		if c != "new" || report.Results[1].Err != nil {
			t.Errorf("%s: another set was held back: %q %v", name, c, report.Results[1].Err)
		}
		if good.discarded == 0 {
			t.Errorf("%s: staged file was left behind", name)
		}
	}
}

func TestCheckRefusesBeforeAnythingIsInPlace(t *testing.T) {
	target := "old"
	m := &memory{target: &target, content: "new", path: "/staged/file"}
	check := CommandCheck{process.Command{Command: []string{"sh", "-c", "echo bad port in {{path}} >&2; exit 3"}, Timeout: time.Minute}}
	report := newSupervisor().Apply(t.Context(), Generation{CommandEnv: os.Environ(), Sets: []Set{
		setOf("app", Output{File: m, Checks: []Check{check}}),
	}})
	r := report.Results[0]
	if target != "old" || !r.Rejected || r.Err == nil {
		t.Fatalf("target %q, result %+v", target, r)
	}
	for _, want := range []string{"exit status 3", "bad port in /staged/file"} {
		if !strings.Contains(r.Err.Error(), want) {
			t.Errorf("error %q does not say %q", r.Err, want)
		}
	}
}

func TestEqualActionsOfSeveralSetsRunOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	reload := Action{Kind: RunCommand, Command: process.Command{Command: []string{"sh", "-c", "echo ran >>" + log}, Timeout: time.Minute}}
	a, b := "", ""
	newSupervisor().Apply(t.Context(), Generation{CommandEnv: os.Environ(), Sets: []Set{
		setOf("a", Output{File: &memory{target: &a, content: "x"}, OnChange: []Action{reload}}),
		setOf("b", Output{File: &memory{target: &b, content: "y"}, OnChange: []Action{reload}}),
	}})
	if out, _ := os.ReadFile(log); string(out) != "ran\n" {
		t.Errorf("command ran %d times, want once", strings.Count(string(out), "ran"))
	}
}

func TestAllActionsOfAFileAreDone(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	say := func(word string) Action {
		return Action{Kind: RunCommand, Command: process.Command{
			Command: []string{"sh", "-c", "echo " + word + " $V >>" + log}, Timeout: time.Minute, Env: append(os.Environ(), "V="+word),
		}}
	}
	target := ""
	newSupervisor().Apply(t.Context(), Generation{Sets: []Set{
		setOf("a", Output{File: &memory{target: &target, content: "x"}, OnChange: []Action{say("one"), say("two")}}),
	}})
	if out, _ := os.ReadFile(log); string(out) != "one one\ntwo two\n" {
		t.Errorf("commands wrote %q", out)
	}
}

func TestSplayEndsWithTheProcess(t *testing.T) {
	p := shell("sleep 0.2; exit 5")
	p.Plan.Spec.Stop.Splay = 1000 * time.Hour
	s := started(t, p)
	target := ""
	s.Apply(t.Context(), Generation{Process: &p, Sets: []Set{
		setOf("a", Output{File: &memory{target: &target, content: "x"}, OnChange: []Action{{Kind: RestartProcess}}}),
	}})
	if status := exited(s); status.ExitCode() != 5 {
		t.Errorf("status %v, want the process's own 5", status)
	}
}

func TestUnchangedFilesActOnlyWhenOwed(t *testing.T) {
	same := "same"
	fail := Action{Kind: RunCommand, Command: process.Command{Command: []string{"false"}, Timeout: time.Minute}}
	set := setOf("a", Output{File: &memory{target: &same, content: "same"}, OnChange: []Action{fail}})
	s := newSupervisor()
	if r := s.Apply(t.Context(), Generation{Sets: []Set{set}}).Results[0]; r.ActionErr != nil || r.Changed != 0 {
		t.Errorf("unchanged set: %+v", r)
	}
	set.Owed = true
	if r := s.Apply(t.Context(), Generation{Sets: []Set{set}}).Results[0]; r.ActionErr == nil {
		t.Error("owed action was not done")
	}
}

func TestReloadSignalAndRestartOnNewEnvironment(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	p := shell("trap 'echo reload >>" + log + "' HUP; echo start $V >>" + log + "; while :; do sleep 0.02; done")
	p.Plan.Spec.Env = append(os.Environ(), "V=1")
	p.Reload = Reload{Signal: syscall.SIGHUP}
	s := started(t, p)
	logged := func(want string) func() bool {
		return func() bool { b, _ := os.ReadFile(log); return string(b) == want }
	}
	eventually(t, "start", logged("start 1\n"))
	target := ""
	s.Apply(t.Context(), Generation{Process: &p, Sets: []Set{
		setOf("a", Output{File: &memory{target: &target, content: "x"}, OnChange: []Action{{Kind: ReloadProcess}}}),
	}})
	eventually(t, "reload", logged("start 1\nreload\n"))
	q := p
	q.Plan.Spec.Env = append(os.Environ(), "V=2")
	s.Apply(t.Context(), Generation{Process: &q})
	eventually(t, "restart", logged("start 1\nreload\nstart 2\n"))
	select {
	case end := <-s.Jobs.Ends():
		status := end.Status
		t.Errorf("a deliberate restart was reported as an end: %v", status)
	default:
	}
	shutdown(s)
}

func TestEndedProcessIsNotStartedAgainByAChange(t *testing.T) {
	p := shell("exit 5")
	s := started(t, p)
	eventually(t, "end", func() bool { return !s.Running() })
	report := s.Apply(t.Context(), Generation{Process: &p})
	if len(report.Actions) != 0 || s.Running() {
		t.Errorf("actions %v after the end of the process", report.Actions)
	}
	if status := exited(s); status.ExitCode() != 5 {
		t.Errorf("ended with %v", status)
	}
}
