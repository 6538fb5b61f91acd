package output_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/render/output"
)

// helperVariable makes the test binary play a part instead of running tests.
const helperVariable = "CONCIERGE_OUTPUT_TEST_HELPER"

func TestMain(m *testing.M) {
	path, part := os.Getenv("CONCIERGE_OUTPUT_TEST_PATH"), os.Getenv(helperVariable)
	if strings.HasPrefix(part, "tree ") {
		treePart(part, path)
	}
	switch part {
	case "":
		os.Exit(m.Run())
	case "loop":
		renderForEver(path)
	case "limited":
		// Writing stops after 4 KiB, as on a full disk.
		_ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096})
	}
	_, err := output.Stage(output.Target{Path: path}, bytes.Repeat([]byte("x"), 1<<16))
	fmt.Println(err)
	os.Exit(1)
}

// helper is this test binary in another part. Root gives its privileges up
// where the part is not to have them.
func helper(t *testing.T, part, path string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), helperVariable+"="+part, "CONCIERGE_OUTPUT_TEST_PATH="+path)
	if part == "tree mounted" || part == "tree readonly" {
		cmd.SysProcAttr = mayMount()
	}
	if strings.HasSuffix(part, "unprivileged") && os.Getuid() == 0 {
		copied := filepath.Join(t.TempDir(), "helper")
		copyProgram(t, program, copied)
		cmd.Path = copied
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		cmd.Dir = "/"
	}
	return cmd
}

// mayMount gives a process mounts of its own, and the right to make some.
func mayMount() *syscall.SysProcAttr {
	own := func(id int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: id, Size: 1}} }
	return &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, UidMappings: own(os.Getuid()), GidMappings: own(os.Getgid()),
		Unshareflags: syscall.CLONE_NEWNS,
	}
}

// copyProgram puts the test binary where another user can run it.
func copyProgram(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
	open(t, filepath.Dir(to))
}

// open lets other users into a directory of this test: the directory itself
// and the one that package testing makes around it.
func open(t *testing.T, dir string) {
	t.Helper()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// version is one of the two complete states of the target.
type version struct {
	content []byte
	mode    fs.FileMode
	owner   int
}

func versions() [2]version {
	owners := [2]int{os.Getuid(), os.Getuid()}
	if os.Getuid() == 0 {
		owners = [2]int{4711, 4712}
	}
	return [2]version{
		{bytes.Repeat([]byte("a"), 150_000), 0o640, owners[0]},
		{bytes.Repeat([]byte("b"), 90_000), 0o604, owners[1]},
	}
}

// renderForEver alternates between the versions and tells each commit with a
// byte, until it is killed.
func renderForEver(path string) {
	for n := 0; ; n++ {
		v := versions()[n%2]
		s, err := output.Stage(output.Target{Path: path, Mode: v.mode, User: strconv.Itoa(v.owner), Backup: true}, v.content)
		if err == nil {
			err = s.Commit()
		}
		if err == nil {
			err = s.Discard()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString(".")
	}
}

// check fails the test if what is at path is not one complete version.
func check(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(f); err != nil {
		t.Fatal(err)
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	for _, v := range versions() {
		if bytes.Equal(content.Bytes(), v.content) && info.Mode().Perm() == v.mode && owner == v.owner {
			return
		}
	}
	t.Fatalf("torn: %d bytes, mode %v, owner %d", content.Len(), info.Mode(), owner)
}

// TestKillAtAnyMomentNeverTearsATarget kills a rendering process again and
// again. CONCIERGE_KILL_RENDERS=1000 makes it go on for that many renders.
func TestKillAtAnyMomentNeverTearsATarget(t *testing.T) {
	wanted, err := strconv.Atoi(os.Getenv("CONCIERGE_KILL_RENDERS"))
	if err != nil {
		wanted = 60
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	renders, kills := 0, 0
	for renders < wanted || kills < 12 {
		renders += killAfter(t, helper(t, "loop", path), rand.N(12*time.Millisecond), func() { check(t, path) })
		kills++
		check(t, path)
		check(t, path+".bak")
	}
	commit(t, output.Target{Path: path, Backup: true}, "last")
	if got := names(t, dir); got != "f f.bak" {
		t.Errorf("leftovers of killed processes: %s", got)
	}
	t.Logf("%d renders, %d kills", renders, kills)
}

// killAfter lets a process render at least twice, so that there is a backup,
// then kills it after some time more. What is meanwhile is done all the while.
func killAfter(t *testing.T, cmd *exec.Cmd, more time.Duration, meanwhile func()) (renders int) {
	t.Helper()
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(stdout)
	for range 2 {
		if _, err := r.ReadByte(); err != nil {
			t.Fatalf("the helper ended: %v", err)
		}
		renders++
	}
	for end := time.Now().Add(more); time.Now().Before(end); {
		meanwhile()
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := r.ReadByte(); err != nil {
			break
		}
		renders++
	}
	_ = cmd.Wait()
	return renders
}
