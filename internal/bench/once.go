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

// longestRun bounds one process that is to end by itself.
const longestRun = 2 * time.Minute

// spent is what one process took from start to end.
type spent struct {
	Elapsed     time.Duration // by the clock
	CPU         time.Duration // user and system
	Peak        int64         // largest resident set, in bytes
	Descriptors int           // most that were open at once, if they were counted
}

// once runs the program to its end, from a timer process of its own: Linux
// counts the resident set of the parent into the maximum of a child, up to its
// exec, so the parent has to be smaller than any program under measurement.
// The harness, full of keys and samples, is not.
func once(ctx context.Context, binary string, args ...string) (spent, error) {
	return onceAs(ctx, timerRole, binary, args...)
}

func onceAs(ctx context.Context, role, binary string, args ...string) (spent, error) {
	var s spent
	self, err := os.Executable()
	if err != nil {
		return s, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{binary}, args...)...)
	cmd.Env = environment(inRole(role)...)
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

// runTimer is the whole of a timer process: it runs the command and prints
// what it spent. Counting takes part of the time.
func runTimer(command []string, counting bool, out, errs io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), longestRun)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env, cmd.Stderr, cmd.SysProcAttr = environment(), errs, boundToParent()
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	counted := func() int { return 0 }
	if counting {
		counted = countDescriptors(cmd.Process.Pid)
	}
	err := cmd.Wait()
	elapsed := time.Since(begin)
	most := counted()
	if err != nil {
		return err
	}
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return json.NewEncoder(out).Encode(spent{
		Elapsed:     elapsed,
		CPU:         cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		Peak:        usage.Maxrss * 1024,
		Descriptors: most,
	})
}

// countDescriptors looks every millisecond how many descriptors a process has,
// until the returned function is called, which returns the most that were seen.
func countDescriptors(pid int) (stop func() int) {
	done, most := make(chan struct{}), make(chan int)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for seen := 0; ; {
			if open, err := os.ReadDir(procPath(pid, "fd")); err == nil {
				seen = max(seen, len(open))
			}
			select {
			case <-tick.C:
			case <-done:
				most <- seen
				return
			}
		}
	}()
	return func() int {
		close(done)
		return <-most
	}
}

// tail returns the end of a log, for an error.
func tail(log string) string {
	const most = 2000
	return strings.TrimSpace(log[max(0, len(log)-most):])
}
