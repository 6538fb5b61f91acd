package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestBackgroundCommandIsNotWaitedFor(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	c := Command{Command: []string{"sh", "-c", "echo $$ >" + pidFile + "; exec sleep 300"}, Background: true}
	if err := c.Run(t.Context(), newChildren(), os.Environ()); err != nil {
		t.Fatal(err)
	}
	pid := 0
	eventually(t, "the command runs", func() bool {
		text, err := os.ReadFile(pidFile)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil && pid > 0
	})
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the command has ended: %v", err)
	}
}

func TestCommandIsKilledWithItsGroupAtItsTimeout(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	c := Command{Command: []string{"sh", "-c", "sleep 300 & echo $! >" + pidFile + "; wait"}, Timeout: 200 * time.Millisecond}
	err := c.Run(t.Context(), newChildren(), os.Environ())
	if err == nil || !strings.Contains(err.Error(), "not finished after 200ms") {
		t.Errorf("error %v", err)
	}
	expectGone(t, pidFile)
}

func TestCommandEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	err := Command{Command: []string{"sleep", "300"}, Timeout: time.Hour}.Run(ctx, newChildren(), nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestOutputOfACommandIsBounded(t *testing.T) {
	err := Command{Command: []string{"sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x; echo end; exit 1"}, Timeout: time.Minute}.Run(t.Context(), newChildren(), os.Environ())
	if err == nil || len(err.Error()) > 2*outputMax || !strings.HasSuffix(err.Error(), "end") {
		t.Errorf("error of %d bytes, want the last %d of the output", len(err.Error()), outputMax)
	}
}

// expectGone waits until the process whose number is in the file has ended;
// an orphan that nobody waited for counts as ended.
func expectGone(t *testing.T, pidFile string) {
	t.Helper()
	b, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "end of the grandchild", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}
