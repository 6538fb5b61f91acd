package program_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"concierge/metrics/collect/program"
)

// runner runs programs as the supervisor does.
type runner struct{}

func (runner) Run(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd.Run()
}

func TestEnvironmentIsNotInherited(t *testing.T) {
	t.Setenv("SECRET", "x")
	for _, env := range [][]string{nil, {"A=b"}} {
		var out bytes.Buffer
		p := program.Program{Command: []string{"/usr/bin/env"}, Env: env, Runner: runner{}}
		if _, err := p.Run(t.Context(), &out); err != nil || strings.TrimSpace(out.String()) != strings.Join(env, "") {
			t.Errorf("environment is %q, %v; want %q", out.String(), err, env)
		}
	}
}

func TestProgramRunsInItsDirectory(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	p := program.Program{Command: []string{"/bin/pwd"}, Dir: dir, Runner: runner{}}
	if _, err := p.Run(t.Context(), &out); err != nil || strings.TrimSpace(out.String()) != dir {
		t.Errorf("it ran in %q, %v", out.String(), err)
	}
}

func TestRefusedOutputIsTheError(t *testing.T) {
	full := errors.New("full")
	p := program.Program{Command: []string{"/bin/sh", "-c", "trap '' PIPE; while :; do echo; done"}, Runner: runner{}}
	if _, err := p.Run(t.Context(), refusing{full}); !errors.Is(err, full) || !strings.Contains(err.Error(), `running "/bin/sh"`) {
		t.Errorf("error is %v", err)
	}
}

type refusing struct{ error }

func (r refusing) Write([]byte) (int, error) { return 0, r.error }

func TestEndedContextIsTheError(t *testing.T) {
	why := errors.New("stopped")
	ctx, stop := context.WithCancelCause(t.Context())
	stop(why)
	p := program.Program{Command: []string{"/bin/sleep", "100"}, Runner: runner{}}
	if _, err := p.Run(ctx, &bytes.Buffer{}); err == nil {
		t.Error("no error")
	}
}

func TestLineIsOneAndShort(t *testing.T) {
	for text, want := range map[string]string{
		" a\tb\n c\x1b[1m": "a b c [1m", "größer": "größer", "0123456789ab": "0123456…", "012345ß789ab": "012345…",
		"a\xffb": "a?b", strings.Repeat("é", 100): "ééé…", "": "",
	} {
		if got := program.Line(text, 10); got != want {
			t.Errorf("%.20q is %q, want %q", text, got, want)
		}
	}
}
