package container

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/metrics"
)

// actVariable makes this binary one of the programs below.
const actVariable = "CONTAINER_TEST_ACT"

// TestMain also makes this binary the program that is measured.
func TestMain(m *testing.M) {
	if act := os.Getenv(actVariable); act != "" {
		perform(act)
		return
	}
	os.Exit(m.Run())
}

// perform waits for a line on standard input, plays its part, says so, and goes
// on until the input ends: "burn" (processor time), "hold 32" (MiB), "measure"
// (and print what there is, log and all).
func perform(act string) {
	in := bufio.NewReader(os.Stdin)
	_, _ = in.ReadString('\n')
	what, argument, _ := strings.Cut(act, " ")
	var held []byte
	switch what {
	case "burn":
		go func() {
			for i := 0; ; i++ {
				_ = i
			}
		}()
	case "hold":
		mib, _ := strconv.Atoi(argument)
		// Mapped and filled by the kernel: memory of Go is written down by the race
		// detector, which takes several times as much.
		held, _ = syscall.Mmap(-1, 0, mib<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_POPULATE)
	case "measure":
		c := New(Options{Log: slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		for range 3 {
			samples, err := c.Collect(context.Background(), nil)
			fmt.Println(len(samples), err)
			for _, s := range samples {
				fmt.Println(s.Path())
			}
		}
	}
	fmt.Println("done")
	_, _ = io.Copy(io.Discard, in)
	runtime.KeepAlive(held)
}

// actor is this binary at play.
type actor struct {
	*exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// start starts an actor, which plays once it is told to.
func start(t *testing.T, act string, through ...string) *actor {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := append(through, self)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), actVariable+"="+act, "GOMAXPROCS=2")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &actor{cmd, in, bufio.NewReader(out)}
}

// play lets the actor begin and returns what it prints until it is done or
// ends.
func (a *actor) play(t *testing.T) string {
	t.Helper()
	if _, err := io.WriteString(a.in, "\n"); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for {
		line, err := a.out.ReadString('\n')
		if line == "done\n" || err != nil {
			return said.String()
		}
		said.WriteString(line)
	}
}

// collector measures the control groups of pid.
func collector(pid int) *Collector {
	return New(Options{Of: pid, Mounts: []string{}, Log: slog.New(slog.DiscardHandler)})
}

// values collects once and returns the samples by path.
func values(t *testing.T, c *Collector) map[string]metrics.Sample {
	t.Helper()
	samples, err := c.Collect(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	byPath := make(map[string]metrics.Sample)
	for _, s := range samples {
		if _, twice := byPath[s.Path()]; twice || s.Group != "container" {
			t.Errorf("sample %+v is there twice or in the wrong group", s)
		}
		byPath[s.Path()] = s
	}
	return byPath
}

// until collects until the samples are as they should be.
func until(t *testing.T, c *Collector, as func(v map[string]metrics.Sample) bool) map[string]metrics.Sample {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		v := values(t, c)
		if as(v) {
			return v
		}
		if time.Now().After(deadline) {
			t.Fatalf("samples did not become as they should: %v", v)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
