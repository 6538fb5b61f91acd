package usage

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// actVariable makes this binary one of the programs below.
const actVariable = "USAGE_TEST_ACT"

// TestMain also makes this binary the program that is looked at.
func TestMain(m *testing.M) {
	if act := os.Getenv(actVariable); act != "" {
		perform(act)
		return
	}
	os.Exit(m.Run())
}

// perform plays a part for as long as it is let: "spin", "rest", "hold 64"
// (MiB of its own), "share /file" (the whole file, with whoever else does).
// When it has what it wants it says so.
func perform(act string) {
	what, argument, _ := strings.Cut(act, " ")
	var held []byte
	switch what {
	case "hold":
		mib, _ := strconv.Atoi(argument)
		held = mapped(-1, mib<<20, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	case "share":
		f, err := os.OpenFile(argument, os.O_RDWR, 0)
		if err != nil {
			panic(err)
		}
		info, _ := f.Stat()
		held = mapped(int(f.Fd()), int(info.Size()), syscall.MAP_SHARED)
	}
	fmt.Println("ready")
	for end := time.Now().Add(time.Hour); what == "spin" && time.Now().Before(end); {
	}
	time.Sleep(time.Hour)
	_ = syscall.Munmap(held)
}

// mapped returns memory of which every page was touched.
func mapped(fd, size, flags int) []byte {
	m, err := syscall.Mmap(fd, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, flags)
	if err != nil {
		panic(err)
	}
	for i := 0; i < size; i += os.Getpagesize() {
		m[i] = 1
	}
	return m
}

// actors starts a process group of one process per act and returns its ID once
// all are ready. They end with the test.
func actors(t testing.TB, acts ...string) (pgid int) {
	t.Helper()
	for _, act := range acts {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), actVariable+"="+act)
		pgid = start(t, cmd, pgid)
	}
	return pgid
}

// sharers starts a group of n processes that share some memory.
func sharers(t testing.TB, n, size int) (pgid int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shared")
	if err := os.WriteFile(file, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	return actors(t, slices.Repeat([]string{"share " + file}, n)...)
}

// start starts a program that says when it is ready, in the group, or in a new
// one if that is 0.
func start(t testing.TB, cmd *exec.Cmd, pgid int) int {
	t.Helper()
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: pgid}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if pgid == 0 {
		pgid = cmd.Process.Pid
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-pgid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	if _, err := fmt.Fscanln(out, new(string)); err != nil {
		t.Fatalf("%v said nothing: %v", cmd.Args, err)
	}
	return pgid
}

func read(t testing.TB, pgid int) Usage {
	t.Helper()
	u, err := Read(pgid)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// eventually polls until ok, for at most ten seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}
