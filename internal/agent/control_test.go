package agent_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/admin"
	"concierge/internal/agent"
	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/internal/testserver"
)

// steered is an instance with a control socket.
type steered struct {
	*instance
	*admin.Client
	level *slog.LevelVar
}

// steer starts an instance whose configuration names DIR/socket, or another
// one.
func steer(t *testing.T, yaml string) steered {
	t.Helper()
	dir := t.TempDir()
	i := &instance{t: t, dir: dir, log: new(buffer), signals: make(chan os.Signal, 8), done: make(chan struct{})}
	s := steered{i, admin.NewClient(filepath.Join(dir, "socket")), new(slog.LevelVar)}
	if !strings.Contains(yaml, "control:") {
		yaml += "\ncontrol: {socket: DIR/socket}\n"
	}
	i.write("concierge.yaml", yaml)
	ctx, cancel := context.WithCancel(context.Background())
	setLevel := func(l slog.Level) slog.Level { old := s.level.Level(); s.level.Set(l); return old }
	go func() {
		defer close(i.done)
		i.status, i.err = agent.Run(ctx, agent.Options{
			Load: load(dir, true), Environ: append(os.Environ(), "XDG_RUNTIME_DIR="+dir), Signals: i.signals,
			Log:     slog.New(slog.NewTextHandler(i.log, &slog.HandlerOptions{Level: s.level})),
			Control: &agent.Control{Version: "1.2.3", SetLevel: setLevel},
			Adopted: func(*config.Config) { s.level.Set(slog.LevelDebug) },
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-i.done
		if t.Failed() {
			t.Logf("log of the instance:\n%s", i.log)
		}
	})
	return s
}

// until polls the status until it is as wanted.
func (s steered) until(what string, ok func(admin.Status) bool) admin.Status {
	s.t.Helper()
	var last admin.Status
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if last, err = s.Status(s.t.Context()); err == nil && ok(last) {
			return last
		}
	}
	s.t.Fatalf("the status never said %s: %+v, %v", what, last, err)
	return last
}

// set returns the set of that name.
func set(s admin.Status, name string) admin.Set {
	for _, x := range s.Sets {
		if x.Name == name {
			return x
		}
	}
	return admin.Set{}
}

func TestStatusTellsHowFarEachSetIs(t *testing.T) {
	s := steer(t, `
sources: {file: {path: DIR/kv.yaml}}
templates:
  - {contents: '{{ key "a" }}', destination: DIR/out/plain, set: plain}
  - {contents: '{{ key "absent" }}', destination: DIR/out/waits, set: waits}
  - {contents: '{{ key "a" | parseInt }}', destination: DIR/out/fails, set: fails}
  - {contents: '{{ key "a" }}', destination: DIR/out/refused, set: refused, check: {command: ["false"]}}
  - {contents: '{{ key "a" }}{{ key "b" }}', destination: DIR/out/held, set: held, guard: {nonempty: [b]}}
`)
	s.write("kv.yaml", "a: x\nb: y\n")
	got := s.until("held applied", func(st admin.Status) bool { return set(st, "held").State == admin.SetApplied })
	if got.Version != "1.2.3" || got.PID != os.Getpid() || got.Ready || got.StartedAt.IsZero() || got.Config.LoadedAt.IsZero() || len(got.Jobs) != 0 {
		t.Errorf("status %+v", got)
	}
	if got.Config.File != filepath.Join(s.dir, "concierge.yaml") {
		t.Errorf("file %q", got.Config.File)
	}
	if x := set(got, "plain"); x.AppliedAt.IsZero() || len(x.Files) != 1 || x.Files[0] != filepath.Join(s.dir, "out/plain") || x.Error != "" {
		t.Errorf("plain %+v", x)
	}
	if x := set(got, "waits"); x.State != admin.SetWaiting || len(x.Missing) != 1 || !strings.Contains(x.Missing[0], "absent") {
		t.Errorf("waits %+v", x)
	}
	for name, text := range map[string]string{"fails": "parseInt", "refused": "check refused"} {
		x := s.until(name+" failed", func(st admin.Status) bool { return set(st, name).State == admin.SetFailed })
		if e := set(x, name); !strings.Contains(e.Error, text) || !e.AppliedAt.IsZero() {
			t.Errorf("%s %+v", name, e)
		}
	}
	s.write("kv.yaml", "a: x\nb: ''\n")
	got = s.until("held", func(st admin.Status) bool { return set(st, "held").State == admin.SetHeld })
	if x := set(got, "held"); !strings.Contains(x.Error, "guard.nonempty") || x.AppliedAt.IsZero() {
		t.Errorf("held %+v", x)
	}
}

func TestStatusTellsWhichSourcesAreAway(t *testing.T) {
	consul := testserver.NewConsul(t, testserver.ConsulOptions{})
	put(t, store(t, "consul", consul), "a", "1")
	s := steer(t, `
sources: {consul: {address: `+consul.Addr+`}, file: {path: DIR/kv.yaml}, default: consul}
templates: [{contents: '{{ key "a" }}{{ key "file:x" }}', destination: DIR/out}]
`)
	state := func(st admin.Status, name string) admin.Source {
		for _, x := range st.Sources {
			if x.Name == name {
				return x
			}
		}
		return admin.Source{}
	}
	s.write("kv.yaml", "x: 2")
	st := s.until("current", func(st admin.Status) bool {
		return state(st, "consul").State == admin.SourceCurrent && state(st, "file").State == admin.SourceCurrent
	})
	if len(st.Sources) != 2 {
		t.Errorf("sources %+v", st.Sources)
	}
	consul.Stop()
	st = s.until("away", func(st admin.Status) bool { return state(st, "consul").State == admin.SourceAway })
	if c := state(st, "consul"); c.Error == "" || c.Since.IsZero() || state(st, "file").State != admin.SourceCurrent {
		t.Errorf("sources %+v", st.Sources)
	}
}

func TestReloadErrorReachesWhoAskedAndKeepsThePreviousConfiguration(t *testing.T) {
	s := steer(t, "sources: {file: {path: DIR/kv.yaml}}\ntemplates: [{contents: '{{ key \"a\" }}', destination: DIR/out}]\n")
	s.write("kv.yaml", "a: 1")
	s.until("ready", func(st admin.Status) bool { return st.Ready })
	good := s.read("concierge.yaml")
	s.write("concierge.yaml", "templates: [{contents: x, destinatoin: DIR/out}]\n")
	err := s.Reload(t.Context())
	if err == nil || !strings.Contains(err.Error(), "did you mean destination?") {
		t.Errorf("error %v", err)
	}
	st, err := s.Status(t.Context())
	if err != nil || !strings.Contains(st.Config.LastError, "destinatoin") || !st.Ready {
		t.Errorf("status %+v, %v", st, err)
	}
	s.write("kv.yaml", "a: 2")
	s.file("out", "2")
	s.write("concierge.yaml", good)
	if err := s.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	if again, _ := s.Status(t.Context()); again.Config.LastError != "" || !again.Config.LoadedAt.After(st.Config.LoadedAt) {
		t.Errorf("config %+v", again.Config)
	}
}

func TestControlSocketFollowsAReload(t *testing.T) {
	const yaml = "templates: [{contents: x, destination: DIR/out}]\ncontrol: {socket: WHERE}\n"
	at := func(where string) string { return strings.ReplaceAll(yaml, "WHERE", where) }
	s := steer(t, at("DIR/socket"))
	s.until("ready", func(st admin.Status) bool { return st.Ready })

	s.write("concierge.yaml", at("DIR/second"))
	if err := s.Reload(t.Context()); err != nil { // answered by the socket that it ends
		t.Fatal(err)
	}
	second := admin.NewClient(filepath.Join(s.dir, "second"))
	if _, err := second.Status(t.Context()); err != nil {
		t.Error(err)
	}
	s.gone("socket")

	s.write("concierge.yaml", at("DIR/no/directory"))
	if err := second.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "control.socket") {
		t.Errorf("error %v", err)
	}
	s.write("concierge.yaml", at("none"))
	if err := second.Reload(t.Context()); err != nil {
		t.Errorf("the second socket is not served any more: %v", err)
	}
	s.gone("second")

	s.write("concierge.yaml", at("''")) // the default one
	s.signal(syscall.SIGHUP)
	third := admin.NewClient(filepath.Join(s.dir, "concierge.sock"))
	eventually(t, "the default socket", func() bool { _, err := third.Status(t.Context()); return err == nil }, func() string { return "" })
}

// gone waits until a file does not exist.
func (i *instance) gone(name string) {
	i.t.Helper()
	eventually(i.t, name+" is gone", func() bool {
		_, err := os.Lstat(filepath.Join(i.dir, name))
		return os.IsNotExist(err)
	}, func() string { return "" })
}

func TestSocketThatIsInUseIsAnErrorOnlyWhereItWasAskedFor(t *testing.T) {
	s := steer(t, "templates: [{contents: x, destination: DIR/out}]\n")
	s.until("ready", func(st admin.Status) bool { return st.Ready })
	second := steer(t, "templates: [{contents: x, destination: DIR/out}]\ncontrol: {socket: "+s.dir+"/socket}\n")
	if status := second.wait(); status != exit.Failed || !strings.Contains(second.err.Error(), "another process listens there") {
		t.Errorf("status %d, %v", status, second.err)
	}

	third := steer(t, "templates: [{contents: x, destination: DIR/out}]\ncontrol: {socket: ''}\n")
	third.file("out", "x")
	if err := os.Remove(filepath.Join(third.dir, "concierge.sock")); err != nil {
		t.Error("there was no default socket:", err)
	}
	third.logged("control socket is served")
}

func TestLogLevelHoldsUntilTheNextReload(t *testing.T) {
	s := steer(t, "templates: [{contents: x, destination: DIR/out}]\n")
	s.until("ready", func(st admin.Status) bool { return st.Ready })
	previous, err := s.LogLevel(t.Context(), slog.LevelError)
	if err != nil || previous != slog.LevelDebug || s.level.Level() != slog.LevelError {
		t.Errorf("previous %v, now %v, %v", previous, s.level.Level(), err)
	}
	if err := s.Reload(t.Context()); err != nil || s.level.Level() != slog.LevelDebug {
		t.Errorf("after a reload %v, %v", s.level.Level(), err)
	}
}

func TestMaintenanceIsNotReadyAndIsAnEvent(t *testing.T) {
	s := steer(t, "templates: [{contents: x, destination: DIR/out}]\n")
	s.until("ready", func(st admin.Status) bool { return st.Ready })
	for _, step := range []struct{ on, changed bool }{{true, true}, {true, false}, {false, true}, {false, false}} {
		changed, err := s.Maintenance(t.Context(), step.on)
		st, _ := s.Status(t.Context())
		if err != nil || changed != step.changed || st.Maintenance != step.on || st.Ready == step.on {
			t.Errorf("%+v: changed %v, %v, status %+v", step, changed, err, st)
		}
	}
	var all strings.Builder
	err := s.Events(t.Context(), false, func(line []byte) error { all.Write(line); return nil })
	if err != nil || strings.Count(all.String(), "maintenance begins") != 1 || strings.Count(all.String(), "maintenance ends") != 1 {
		t.Errorf("events %s, %v", all.String(), err)
	}
}

func TestJobsAreSignalledByName(t *testing.T) {
	s := steer(t, `
templates: [{contents: x, destination: DIR/out}]
process: {command: [sh, -c, 'trap "echo told >> DIR/log" USR1; echo up >> DIR/log; while :; do sleep 0.02; done']}
`)
	s.file("log", "up\n")
	s.until("running", func(st admin.Status) bool {
		return len(st.Jobs) == 1 && st.Jobs[0].Name == "process" && st.Jobs[0].State == admin.JobRunning
	})
	if err := s.Signal(t.Context(), "process", syscall.SIGUSR1); err != nil {
		t.Error(err)
	}
	s.file("log", "up\ntold\n")
	err := s.Signal(t.Context(), "proces", syscall.SIGUSR1)
	if unknown, ok := err.(*admin.UnknownJobError); !ok || len(unknown.Known) != 1 || unknown.Known[0] != "process" {
		t.Errorf("error %v", err)
	}
}

func TestOnlyTheStatusIsToldWhileTheProcessIsStopped(t *testing.T) {
	s := steer(t, `
process: {command: [sh, -c, 'trap "touch DIR/asked" TERM; echo up > DIR/log; while :; do sleep 0.02; done'], stop: {timeout: 3s}}
`)
	s.file("log", "up\n")
	s.until("running", func(st admin.Status) bool { return len(st.Jobs) == 1 && st.Jobs[0].State == admin.JobRunning })
	s.signal(syscall.SIGTERM)
	s.file("asked", "")
	eventually(t, "TERM arrives", func() bool { _, err := os.Stat(filepath.Join(s.dir, "asked")); return err == nil }, func() string { return "" })
	if err := s.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), admin.ErrStopping.Error()) {
		t.Errorf("error %v", err)
	}
	if status, err := s.Status(t.Context()); err != nil || status.Ready || status.Jobs[0].State != admin.JobStopping {
		t.Errorf("its status %+v, %v", status, err)
	}
	s.wait()
	s.gone("socket")
}

func TestNoSecretIsInTheStatusOrTheEvents(t *testing.T) {
	vault := testserver.Vault(t)
	const secret = "s3cr3t-of-the-status"
	path := strings.Trim(testserver.Prefix(t), "/")
	putSecret(t, vault, path, "password", secret)
	s := steer(t, `
secrets: {vault: {address: "`+vault.URL()+`", token: "`+vault.Token+`"}}
templates:
  - contents: '{{ with secret "secret/data/`+path+`" }}{{ .Data.data.password }}{{ end }}'
    destination: DIR/out
    set: secret
    check: {command: [sh, -c, 'cat {{path}} >&2; false']}
  - contents: '{{ with secret "secret/data/`+path+`" }}{{ .Data.data.password | parseInt }}{{ end }}'
    destination: DIR/number
    set: number
`)
	s.until("both failed", func(st admin.Status) bool {
		return set(st, "secret").State == admin.SetFailed && set(st, "number").State == admin.SetFailed
	})
	var all strings.Builder
	st, err := s.Status(t.Context())
	if err == nil {
		err = s.Events(t.Context(), false, func(line []byte) error { all.Write(line); return nil })
	}
	for _, x := range st.Sets {
		all.WriteString(x.Error)
	}
	if text := all.String(); err != nil || !strings.Contains(text, "check refused") || strings.Contains(text, secret) || strings.Contains(text, vault.Token) {
		t.Errorf("%v: %s", err, text)
	}
}
