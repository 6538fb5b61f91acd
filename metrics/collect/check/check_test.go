package check_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/check"
	"concierge/metrics/collect/program"
)

// runner runs programs as the supervisor does.
type runner struct{}

func (runner) Run(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd.Run()
}

func shell(script string) *check.Check {
	return &check.Check{Name: "disk", Program: program.Program{
		Command: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Runner: runner{},
	}}
}

func collect(t *testing.T, c *check.Check) string {
	t.Helper()
	samples, err := c.Collect(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range samples {
		fmt.Fprintf(&b, "%s %s %d %s\n", s.Group, s.Path(), s.Kind, s.Written())
	}
	return b.String()
}

func TestVerdictIsTheExitStatus(t *testing.T) {
	for script, want := range map[string]string{
		"echo fine":                    `0 fine`,
		"echo; exit 1":                 `1 exit status 1`,
		"echo 'DISK BAD | a'; exit 2":  `2 DISK BAD`,
		"exit 3":                       `3 exit status 3`,
		"echo odd; exit 4":             `3 odd`,
		"exit 127":                     `3 exit status 127`,
		"kill -9 $$":                   `3 killed by signal 9 (killed)`,
		"echo why >&2; exit 2":         `2 why`,
		`printf 'a\tb\033[1m\nmore\n'`: `0 a b [1m`,
	} {
		got := collect(t, shell(script))
		status, text, _ := strings.Cut(want, " ")
		want := fmt.Sprintf("checks check.status{check=\"disk\"} 0 %s\nchecks check.output{check=\"disk\"} 2 %s\n", status, text)
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", script, got, want)
		}
	}
}

func TestMeasuredValuesAreSamples(t *testing.T) {
	const script = `echo "DISK OK - free 3 | /=2643MB;5948;5958;0;5968 'a b'=7c
long text | broken
more=1
x=2.50s;;"`
	const want = `checks check.status{check="disk"} 0 0
checks check.output{check="disk"} 2 DISK OK - free 3
checks check.value{check="disk",unit="MB",value="/"} 0 2643
checks check.value{check="disk",value="a b"} 1 7
checks check.value{check="disk",value="more"} 0 1
checks check.value{check="disk",unit="s",value="x"} 0 2.50
`
	if got := collect(t, shell(script)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCheckThatCannotBeRunIsUnknown(t *testing.T) {
	c := shell("")
	for _, command := range [][]string{{"/does/not/exist"}, {t.TempDir()}, {""}, nil} {
		c.Program.Command = command
		if got := collect(t, c); !strings.Contains(got, "check.status{check=\"disk\"} 0 3\n") || !strings.Contains(got, "2 ") {
			t.Errorf("%q: got\n%s", command, got)
		}
	}
}

func TestMissingProgramIsOneLineOfTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "check_disk")
	var log strings.Builder
	c := &check.Check{Name: "disk", Program: program.Program{Command: []string{path}, Runner: runner{}}, Log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 3 {
		collect(t, c)
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "check=disk") || !strings.Contains(text, "no such file") {
		t.Errorf("the log is\n%s", text)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	collect(t, c)
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "check is run again") {
		t.Errorf("the log is\n%s", text)
	}
}

func TestCheckThatTakesTooLongIsKilledWithItsChildren(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	c := shell("sleep 300 & echo $! $$ > " + pids + "; echo begun; wait")
	c.Timeout = 300 * time.Millisecond
	got := collect(t, c)
	if !strings.Contains(got, `check.status{check="disk"} 0 3`) || !strings.Contains(got, "not finished after 300ms (see its timeout setting)") {
		t.Errorf("got\n%s", got)
	}
	b, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	for pid := range strings.FieldsSeq(string(b)) {
		ended(t, pid)
	}
}

func TestWhatACheckLeavesRunningIsKilled(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pids")
	got := collect(t, shell("sleep 300 >/dev/null 2>&1 & echo $! > "+pids+"; echo fine"))
	if !strings.Contains(got, "2 fine") {
		t.Errorf("got\n%s", got)
	}
	b, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	ended(t, strings.TrimSpace(string(b)))
}

// ended waits until a process has ended. It may stay a zombie: nobody here
// waits for the children of others.
func ended(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", n))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
	}
	t.Errorf("process %d still runs", n)
}

func TestLongOutputIsCutOff(t *testing.T) {
	c := shell("printf '%0999d' 1; printf '%09000d' 2")
	c.MaxOutput = 1000
	if got := collect(t, c); !strings.Contains(got, " 0 0\n") || len(got) > 500 {
		t.Errorf("got %d bytes:\n%.1000s", len(got), got)
	}
}

func TestEndlessOutputEndsTheCheck(t *testing.T) {
	c := shell("trap '' PIPE; while :; do echo 0123456789 0123456789 0123456789 0123456789 0123456789; done")
	c.Timeout, c.MaxOutput = time.Hour, 1000
	got := collect(t, c)
	if !strings.Contains(got, "0 3\n") || !strings.Contains(got, "prints more than 16000 bytes") {
		t.Errorf("got\n%.2000s", got)
	}
}

func TestEndOfTheCycleIsAnError(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	before := []metrics.Sample{{Name: "before"}}
	samples, err := shell("sleep 300").Collect(ctx, before)
	if err == nil || !strings.Contains(err.Error(), `check "disk"`) || len(samples) != 1 {
		t.Errorf("%d samples, error %v", len(samples), err)
	}
}
