package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	stormVariable = "RELOAD_TEST_STORM"
	spawners      = 4
	stormSize     = 2000 // children; each leaves an orphan
)

// TestReap starts 2,000 short-lived children, each of which leaves an orphan,
// from four goroutines in a process of its own.
func TestReap(t *testing.T) {
	for name, flags := range map[string]uintptr{
		"as PID 1": syscall.CLONE_NEWPID, "as a subreaper": 0,
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), stormVariable+"=1")
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
			out, err := cmd.CombinedOutput()
			if errors.Is(err, syscall.EPERM) {
				t.Fatalf("%v: making a PID namespace needs root (CAP_SYS_ADMIN); run the tests as root", err)
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// counter counts the orphans in the log.
type counter struct {
	slog.Handler
	orphans *atomic.Int64
}

func (counter) Enabled(context.Context, slog.Level) bool { return true }

func (c counter) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "orphan ended" {
		c.orphans.Add(1)
	}
	return nil
}

// storm is the program: it returns its exit status.
func storm() int {
	var orphans, wrong atomic.Int64
	children := NewChildren(slog.New(counter{slog.DiscardHandler, &orphans}))
	defer children.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var all, spawning sync.WaitGroup
	all.Go(func() {
		if err := children.Reap(ctx); err != nil {
			fmt.Println(err)
			wrong.Add(1)
		}
	})
	for s := range spawners {
		spawning.Go(func() { wrong.Add(spawn500(children, s)) })
	}
	spawning.Wait()
	// Nobody is left when there is nothing to wait for.
	for ctx.Err() == nil && hasChildren() {
		time.Sleep(time.Millisecond)
	}
	cancel()
	all.Wait()
	if wrong.Load() > 0 || orphans.Load() != stormSize || hasChildren() {
		fmt.Printf("%d wrong statuses, %d orphans reaped of %d, children left: %t\n", wrong.Load(), orphans.Load(), stormSize, hasChildren())
		return 1
	}
	return 0
}

// spawn500 starts a spawner's part, a few at a time, and counts wrong statuses.
func spawn500(children *Children, spawner int) (wrong int64) {
	var bad atomic.Int64
	var group sync.WaitGroup
	slots := make(chan struct{}, 8)
	for n := range stormSize / spawners {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			want := (n + spawner) % 256
			cmd := exec.Command("sh", "-c", fmt.Sprintf("(sleep 0.01 &); exit %d", want))
			err := children.Start(cmd)
			if err == nil {
				time.Sleep(rand.N(100 * time.Millisecond)) // a slow owner, whose child has ended before it waits
				err = children.Wait(cmd)
			}
			if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
				fmt.Println("want", want, "got", err)
				bad.Add(1)
			}
		})
	}
	group.Wait()
	return bad.Load()
}

// hasChildren reports whether this process has children in any state.
func hasChildren() bool {
	err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	return !errors.Is(err, unix.ECHILD)
}

func TestTheStatusOfAnOwnChildIsNeverTaken(t *testing.T) {
	c := newChildren()
	defer c.Close()
	cmd := exec.Command("sh", "-c", "exit 7")
	if err := c.Start(cmd); err != nil {
		t.Fatal(err)
	}
	eventually(t, "zombie", func() bool { return statOf(cmd.Process.Pid).state == "Z" })
	if c.reapOrphans() {
		t.Error("the reaper saw nothing that it has to come back for")
	}
	if err := c.Wait(cmd); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 7 {
		t.Errorf("its status was lost: %v", err)
	}
}

func TestNothingIsStartedAfterClose(t *testing.T) {
	c := newChildren()
	if err := c.Run(exec.Command("true")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	if err := c.Run(exec.Command("true")); err == nil || !strings.Contains(err.Error(), "ending") {
		t.Errorf("error %v", err)
	}
}

// TestHoldKeepsTheReaperOut runs a program that is not registered.
func TestHoldKeepsTheReaperOut(t *testing.T) {
	c := newChildren()
	reaped := make(chan int, 1)
	cmd := exec.Command("true")
	c.Hold(func() {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "zombie", func() bool { return statOf(cmd.Process.Pid).state == "Z" })
		go func() {
			pid, _ := c.reapOne()
			reaped <- pid
		}()
		if err := cmd.Wait(); err != nil {
			t.Errorf("its status was lost: %v", err)
		}
	})
	if pid := <-reaped; pid == cmd.Process.Pid {
		t.Error("it was reaped")
	}
}
