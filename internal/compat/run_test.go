package compat

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	runTimeout = 20 * time.Second
	pollEvery  = 5 * time.Millisecond
	// settleTimeout bounds every wait for something that must come.
	settleTimeout = 45 * time.Second
)

// environment is what both programs see: little of the caller's, so that
// nothing of the machine leaks into a comparison.
func (f *fixture) environment(dir string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TZ=UTC", "LANG=C.UTF-8", "WORK=" + dir,
		"CONSUL_HTTP_ADDR=" + f.consul.Addr, "VAULT_ADDR=" + f.vault.URL(), "VAULT_TOKEN=" + f.vault.Token, "VAULT_RENEW_TOKEN=false",
	}
}

// run runs one program on the case in a directory of its own.
func (c *testCase) run(t *testing.T, f *fixture, p program) outcome {
	t.Helper()
	dir := t.TempDir()
	lay(t, dir, c)
	env := append(f.environment(dir), "SIDE="+p.name)
	env = append(env, c.env...)
	if c.setup != "" {
		script := exec.Command("sh", "-e", "-c", "umask 022; "+c.setup)
		script.Dir, script.Env = dir, env
		if out, err := script.CombinedOutput(); err != nil {
			t.Errorf("setting up: %v\n%s", err, out)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.path, expand(c.commandLine(), dir)...)
	cmd.WaitDelay = 2 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &stdout, &stderr
	err := c.execute(cmd)
	o := outcome{status: status(cmd, err), log: stderr.String(), files: scan(t, dir)}
	if c.streams {
		o.stdout = strings.ReplaceAll(stdout.String(), dir, "$WORK")
	}
	if ctx.Err() != nil {
		o.status = statusTimeout
	}
	return o
}

// runBoth runs both programs side by side.
func (c *testCase) runBoth(t *testing.T, f *fixture, programs [2]program) (reference, candidate outcome) {
	t.Helper()
	var results [2]outcome
	var both sync.WaitGroup
	for i, p := range programs {
		both.Go(func() { results[i] = c.run(t, f, p).without(c) })
	}
	both.Wait()
	return results[0], results[1]
}

// execute runs the command, interrupting it when it should wait.
func (c *testCase) execute(cmd *exec.Cmd) error {
	if c.waits == "" {
		return cmd.Run()
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(runTimeout / 2); time.Now().Before(deadline); time.Sleep(pollEvery) {
		if _, err := os.Stat(filepath.Join(cmd.Dir, c.waits)); err == nil {
			break
		}
	}
	// What must not happen has no event to wait for: one more round trip to the
	// store would have been answered by now.
	time.Sleep(300 * time.Millisecond)
	return errors.Join(cmd.Process.Signal(os.Interrupt), cmd.Wait())
}

func lay(t *testing.T, dir string, c *testCase) {
	t.Helper()
	for _, file := range c.files {
		path := filepath.Join(dir, file.Name)
		data := bytes.ReplaceAll(file.Data, []byte("$WORK"), []byte(dir))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
			t.Error(err)
		}
	}
}

func expand(args []string, dir string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = strings.ReplaceAll(arg, "$WORK", dir)
	}
	return out
}

// status is the exit status, 128+n for a death by signal n.
func status(cmd *exec.Cmd, err error) int {
	if cmd.ProcessState == nil {
		return statusNotRun
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 || err == nil {
		return code
	}
	return statusNotRun
}
