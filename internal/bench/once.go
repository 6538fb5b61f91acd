package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// timerVariable tells the test binary that it is the timer of one process.
const timerVariable = "CONCIERGE_BENCH_TIMER"

// longestRun bounds one process that is to end by itself.
const longestRun = 2 * time.Minute

// spent is what one process took from start to end.
type spent struct {
	Elapsed time.Duration // by the clock
	CPU     time.Duration // user and system
	Peak    int64         // largest resident set, in bytes
}

// once runs the program to its end, from a timer process of its own: Linux
// counts the resident set of the parent into the maximum of a child, up to its
// exec, so the parent has to be smaller than any program under measurement.
// The harness, full of keys and samples, is not.
func once(ctx context.Context, binary string, args ...string) (spent, error) {
	var s spent
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{binary}, args...)...)
	// A race detector would let the timer linger for a second at its end.
	cmd.Env = append(environment(), timerVariable+"=1", "GORACE=atexit_sleep_ms=0")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return s, fmt.Errorf("timing %s %s: %w: %s", binary, strings.Join(args, " "), err, tail(errs.String()))
	}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		return s, fmt.Errorf("reading what the timer of %s said: %w", binary, err)
	}
	return s, nil
}

// runTimer is the whole of a timer process: it runs the command, prints what it
// spent, and returns the exit status.
func runTimer(command []string, out, errs io.Writer) int {
	ctx, cancel := context.WithTimeout(context.Background(), longestRun)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env, cmd.Stderr, cmd.SysProcAttr = environment(), errs, boundToParent()
	begin := time.Now()
	err := cmd.Run()
	elapsed := time.Since(begin)
	if err != nil {
		_, _ = fmt.Fprintln(errs, err)
		return 1
	}
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	s := spent{
		Elapsed: elapsed,
		CPU:     cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		Peak:    usage.Maxrss * 1024,
	}
	if err := json.NewEncoder(out).Encode(s); err != nil {
		return 1
	}
	return 0
}

// environment keeps the settings of a developer's shell (CONSUL_…, ETCD_…)
// from the programs under measurement.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "TMPDIR=" + os.TempDir()}
}

// tail returns the end of a log, for an error.
func tail(log string) string {
	const most = 2000
	return strings.TrimSpace(log[max(0, len(log)-most):])
}
