package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"

	"concierge/internal/admin"
	"concierge/internal/exit"
)

// Users that own nothing here.
const someUser, otherUser = 64123, 64124

// public returns a directory with that mode, in which users can find each other.
func public(t *testing.T, mode os.FileMode) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "c")
	if err == nil {
		err = os.Chmod(dir, mode)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// as makes a command that a user runs.
func as(uid uint32, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	return cmd
}

// status runs a command and returns its exit status and output.
func status(t *testing.T, cmd *exec.Cmd) (int, string) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// startAs runs an instance as a user, with its socket in dir, until the test ends
// and returns what it logs.
func startAs(t *testing.T, uid uint32, concierge, socket string) *output {
	t.Helper()
	log := new(output)
	cmd := as(uid, concierge, "run", "--control-socket", socket, "--log-format", "text", "--", "sleep", "300")
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = log, log, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("log of the instance:\n%s", log)
		}
	})
	client := admin.NewClient(socket)
	until(t, "the instance is ready", func() bool { s, err := client.Status(t.Context()); return err == nil && s.Ready })
	return log
}

func TestOnlyRootAndTheInstancesUserMayControlIt(t *testing.T) {
	concierge, dir := built(t), public(t, 0o777)
	for _, owner := range []uint32{0, someUser} {
		socket := filepath.Join(dir, fmt.Sprint("s", owner))
		log := startAs(t, owner, concierge, socket)
		ask := func(uid uint32) (int, string) {
			return status(t, as(uid, concierge, "ctl", "reload", "--socket", socket))
		}
		for _, uid := range []uint32{0, owner} {
			if code, out := ask(uid); code != exit.OK {
				t.Errorf("user %d of an instance of user %d: status %d, %s", uid, owner, code, out)
			}
		}
		code, out := ask(otherUser)
		if code != exit.Store || !strings.Contains(out, "permission denied") || !strings.Contains(out, "as the user that concierge runs as") {
			t.Errorf("another user: status %d, %s", code, out)
		}

		// Somebody opened the socket to all: the kernel still knows who asks.
		if err := os.Chmod(socket, 0o666); err != nil {
			t.Fatal(err)
		}
		code, out = ask(otherUser)
		if code != exit.Store || !strings.Contains(out, fmt.Sprintf("only root and user %d may", owner)) {
			t.Errorf("another user, by an open socket: status %d, %s", code, out)
		}
		text := log.String()
		if !strings.Contains(text, `msg="control request refused"`) || !strings.Contains(text, fmt.Sprint("uid=", otherUser)) {
			t.Error("the log says nothing of it")
		}
		if n := strings.Count(text, `msg="configuration reloaded"`); n != 2 {
			t.Errorf("%d reloads, want 2", n)
		}
	}
}

func TestSocketOfAKilledInstanceIsTakenOver(t *testing.T) {
	concierge := built(t)
	socket := filepath.Join(t.TempDir(), "s")
	client := admin.NewClient(socket)
	for range 5 {
		s := supervise(t, concierge, "while :; do sleep 0.02; done", "--control-socket", socket)
		until(t, "the instance answers", func() bool {
			st, err := client.Status(t.Context())
			return err == nil && st.PID == s.cmd.Process.Pid
		})
		if err := s.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = s.cmd.Wait()
		if _, err := os.Lstat(socket); err != nil {
			t.Fatal("the kill left no socket:", err)
		}
		if _, err := client.Status(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("error %v", err)
		}
	}
}

// TestManyClientsDoNotHoldUpAChange asks a thousand times while files change.
func TestManyClientsDoNotHoldUpAChange(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	path := written(t, "templates: [{contents: '{{ key \"a\" }}', destination: out}]\n")
	dir := filepath.Dir(path)
	s := supervise(t, built(t), "while :; do sleep 0.02; done", "--config", path, "--file-path", filepath.Join(dir, "kv.yaml"), "--control-socket", socket)
	var asking sync.WaitGroup
	until(t, "the socket", func() bool { _, err := os.Lstat(socket); return err == nil })
	for range 1000 {
		asking.Go(func() {
			if _, err := admin.NewClient(socket).Status(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	for n := range 5 {
		want := fmt.Sprint("value ", n)
		if err := os.WriteFile(filepath.Join(dir, "kv.yaml"), []byte("a: "+want), 0o600); err != nil {
			t.Fatal(err)
		}
		until(t, want, func() bool { b, _ := os.ReadFile(filepath.Join(dir, "out")); return string(b) == want })
	}
	asking.Wait()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
}

func TestStatusTableIsPlainText(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var b strings.Builder
	err := writeStatus(&b, admin.Status{
		Version: "1.0", PID: 7, StartedAt: now.Add(-26 * time.Hour),
		Config:  admin.Config{File: "/etc/c.yaml", LoadedAt: now.Add(-90 * time.Second), LastError: "first\nsecond"},
		Sources: []admin.Source{{Name: "etcd", State: admin.SourceAway, Since: now.Add(-time.Minute), Error: "red \x1b[31malert\ttab"}},
		Sets: []admin.Set{
			{Name: "web", State: admin.SetApplied, Files: []string{"a", "b"}, AppliedAt: now.Add(-100 * time.Hour)},
			{Name: "db", State: admin.SetWaiting, Files: []string{"c"}, Missing: []string{"key consul:db", "key consul:x"}},
		},
		Jobs: []admin.Job{{Name: "process", State: admin.JobHealthy, PID: 12, Since: now, Restarts: 3, LastStatus: "exit status 1", Ready: true}},
	}, now)
	want := `concierge 1.0 is NOT READY: PID 7, up 26h00m
configuration: /etc/c.yaml, loaded 1m30s ago
  the last reload failed, this one stays: first second

SOURCE   STATE   SINCE   ERROR
etcd     away    1m00s   red  [31malert tab

SET   STATE     APPLIED   FILES   ERROR
web   applied   4d        2       -
db    waiting   -         1       waits for key consul:db; key consul:x

JOB       STATE     PID   SINCE   RESTARTS   LAST            READY   ERROR
process   healthy   12    0s      3          exit status 1   yes     -
`
	if got := b.String(); err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

func TestEventsAreShownWithTheirFieldsInOrder(t *testing.T) {
	got := eventText([]byte(`{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"applied","z":1,"a":{"b":[2]},"n":null}`))
	if !strings.HasSuffix(got, `:05 INFO  applied z=1 a={"b":[2]} n=null`) {
		t.Errorf("%q", got)
	}
}

// FuzzEventText shows lines that an instance, or what claims to be one, says.
func FuzzEventText(f *testing.F) {
	for _, line := range []string{
		`{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"x","a":"\u001b[2J"}`, `{"msg":1}`, `[]`, `{}`, `{"a":{}`, "\x1b]0;x\x07", `null`, ``,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		text := plain(eventText(line))
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) }) {
			t.Errorf("%q has control characters", text)
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(line, &fields) != nil {
			return
		}
		if key := "a"; fields[key] != nil && !strings.Contains(text, key) {
			t.Errorf("%q lost a field of %s", text, line)
		}
	})
}
