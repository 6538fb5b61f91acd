package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// other is an account that every system has, and that root can become. Others
// can only be themselves.
func other(t *testing.T) *user.User {
	t.Helper()
	find := user.Current
	if os.Getuid() == 0 {
		find = func() (*user.User, error) { return user.Lookup("nobody") }
	}
	u, err := find()
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// shared is a directory in which every user may write.
func shared(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, err := range []error{os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o777)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runAs runs a script in a shared directory and returns what it printed.
func runAs(t *testing.T, id Identity, script string) (string, Status) {
	t.Helper()
	dir := shared(t)
	children := newChildren()
	defer children.Close()
	c, err := StartChild(children, Spec{
		Command: []string{"sh", "-c", "{ " + script + "; } >out"}, Dir: dir, Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=/", "KEPT=1"}, Identity: id,
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	<-c.Done()
	c.Settle()
	text, _ := os.ReadFile(filepath.Join(dir, "out"))
	return strings.TrimSpace(string(text)), c.Status()
}

func TestProgramHasTheUserWithItsGroupsAndHome(t *testing.T) {
	u := other(t)
	groups, err := u.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{u.Uid, u.Gid, u.HomeDir, u.Username, u.Username, "1"}, " ")
	for _, name := range []string{u.Username, u.Uid} {
		got, status := runAs(t, Identity{User: name}, "echo $(id -u) $(id -g) $HOME $USER $LOGNAME $KEPT; id -G")
		line, set, _ := strings.Cut(got, "\n")
		if line != want || status != (Status{}) {
			t.Errorf("%s: %q, %v; want %q", name, line, status, want)
		}
		is := strings.Fields(set)
		slices.Sort(is)
		slices.Sort(groups)
		if os.Getuid() == 0 && !slices.Equal(is, groups) {
			t.Errorf("%s: groups %v, want %v", name, is, groups)
		}
	}
}

func TestNumbersNeedNoAccount(t *testing.T) {
	if os.Getuid() != 0 { // who may not become anybody else is told so
		if _, status := runAs(t, Identity{User: "54321", Group: "54322"}, "id"); status.Code != CodeNotExecutable {
			t.Errorf("status %v", status)
		}
		return
	}
	got, _ := runAs(t, Identity{User: "54321", Group: "54322"}, "echo $(id -u) $(id -g) $(id -G) $HOME")
	if want := "54321 54322 54322 /"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	got, _ = runAs(t, Identity{Group: "54322"}, "echo $(id -u) $(id -g) $(id -G)")
	if want := "0 54322 54322"; got != want {
		t.Errorf("a group alone: %q, want %q", got, want)
	}
	nobody := other(t)
	got, _ = runAs(t, Identity{User: nobody.Username, Group: "54322"}, "echo $(id -u) $(id -g)")
	if want := nobody.Uid + " 54322"; got != want {
		t.Errorf("an account with another group: %q, want %q", got, want)
	}
}

func TestSupplementaryGroupsAreSet(t *testing.T) {
	want, groups := "1 2 3", []int{2, 3, 1}
	a := account{UID: 54321, GID: 1, Groups: groups}
	if os.Getuid() != 0 {
		a, want = account{UID: os.Getuid(), GID: os.Getgid(), Groups: groups}, ""
	}
	out, err := launched(t, launch{Account: a, Path: "/bin/sh"}, "sh", "-c", "id -G").Output()
	got := strings.Fields(string(out))
	slices.Sort(got)
	if err != nil || want != "" && strings.Join(got, " ") != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// launched is this program about to become another one.
func launched(t *testing.T, order launch, args ...string) *exec.Cmd {
	t.Helper()
	order.Parent = os.Getpid()
	text, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = append([]string{launchName, string(text)}, args...)
	return cmd
}

func TestUnknownNamesAreToldBeforeAnythingStarts(t *testing.T) {
	for want, id := range map[string]Identity{
		"no-such-user": {User: "no-such-user"}, "no-such-group": {User: other(t).Uid, Group: "no-such-group"},
		"set group, too": {User: "54321"},
	} {
		_, err := StartChild(newChildren(), Spec{Command: []string{"true"}, Identity: id}, false)
		failed, ok := errors.AsType[*StartError](err)
		if !ok || failed.Code() != CodeNotExecutable || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "see user and group") {
			t.Errorf("%+v: %v", id, err)
		}
	}
}

func TestUmaskIsThatOfTheProgram(t *testing.T) {
	for _, mask := range []int{0o027, 0o077, 0} {
		got, _ := runAs(t, Identity{Umask: &mask}, "umask; touch file; stat -c %a file")
		if want := fmt.Sprintf("%04o\n%o", mask, 0o666&^mask); got != want {
			t.Errorf("umask %03o: %q, want %q", mask, got, want)
		}
	}
	before := syscall.Umask(0o022)
	defer syscall.Umask(before)
	if got, _ := runAs(t, Identity{}, "umask"); got != "0022" {
		t.Errorf("without one of its own: %q", got)
	}
}

// limitsOf reads the limits of the program from /proc/self/limits.
func limitsOf(text, name string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strings.Join(strings.Fields(rest)[:2], ":")
		}
	}
	return ""
}

func TestLimitsAreThoseOfTheProgram(t *testing.T) {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	got, status := runAs(t, Identity{User: other(t).Username, Limits: map[string]Limit{
		"nofile": {100, 200}, "core": {0, 0}, "stack": {1 << 20, 2 << 20}, "as": {1 << 32, 1 << 33}, "data": {1 << 31, 1 << 31},
	}}, "cat /proc/self/limits")
	for name, want := range map[string]string{
		"Max open files": "100:200", "Max core file size": "0:0", "Max stack size": "1048576:2097152",
		"Max address space": "4294967296:8589934592", "Max data size": "2147483648:2147483648",
	} {
		if is := limitsOf(got, name); is != want {
			t.Errorf("%s: %s, want %s (%v)", name, is, want, status)
		}
	}
	mask := 0o022
	if got, _ := runAs(t, Identity{Umask: &mask}, "cat /proc/self/limits"); limitsOf(got, "Max open files") != plainFiles(t) {
		t.Errorf("what Go does to its own limit is passed on: %s, want %s", limitsOf(got, "Max open files"), plainFiles(t))
	}
}

// plainFiles is the limit of files that a program has without an identity.
func plainFiles(t *testing.T) string {
	t.Helper()
	got, _ := runAs(t, Identity{}, "cat /proc/self/limits")
	return limitsOf(got, "Max open files")
}

// mayRaise reports whether this process has the capability to raise limits,
// which root in a container often has not.
func mayRaise(t *testing.T) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "CapEff:")
	line, _, _ := strings.Cut(rest, "\n")
	capabilities, err := strconv.ParseUint(strings.TrimSpace(line), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return capabilities&(1<<unix.CAP_SYS_RESOURCE) != 0
}

// TestLimitsAreRaisedBeforeTheUserChanges is about limits that are set after
// that, and that the user could not raise. Who may not is told so.
func TestLimitsAreRaisedBeforeTheUserChanges(t *testing.T) {
	own := account{UID: -1, GID: -1}
	for name, c := range map[string]struct {
		low   uint64
		title string
	}{"nproc": {4000, "Max processes"}, "stack": {8 << 20, "Max stack size"}} {
		// This program would be limited from now on, so it is a child that is.
		low := launch{Account: own, Limits: map[string]Limit{name: {c.low, c.low}}, Path: "/proc/self/exe"}
		raise := launch{Account: own, Limits: map[string]Limit{name: {c.low, Unlimited}}, Path: "/bin/cat", Parent: os.Getpid()}
		if mayRaise(t) {
			raise.Account = account{UID: 54321, GID: 54321}
		}
		order, err := json.Marshal(raise)
		if err != nil {
			t.Fatal(err)
		}
		cmd := launched(t, low, launchName, string(order), "cat", "/proc/self/limits")
		out, err := cmd.CombinedOutput()
		got, want := limitsOf(string(out), c.title), fmt.Sprintf("%d:unlimited", c.low)
		if mayRaise(t) && (err != nil || got != want) {
			t.Errorf("%s: %s, %v: %s; want %s", name, got, err, out, want)
		}
		if !mayRaise(t) && (cmd.ProcessState.ExitCode() != CodeNotExecutable || !strings.Contains(string(out), "needs the capability SYS_RESOURCE")) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

func TestWhatOnlyRootMayDoIsToldToOthers(t *testing.T) {
	as := func(cmd *exec.Cmd) *exec.Cmd { return cmd }
	if os.Getuid() == 0 {
		binary := filepath.Join(shared(t), "concierge")
		copyFile(t, "/proc/self/exe", binary)
		as = func(cmd *exec.Cmd) *exec.Cmd {
			cmd.Path, cmd.Dir = binary, "/"
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}
			return cmd
		}
	}
	nobody := account{UID: -1, GID: -1}
	for want, order := range map[string]launch{
		"see user and group; it needs root":          {Account: account{UID: 1, GID: 1}},
		"limit nofile to 1048576000:1048576000 (see": {Account: nobody, Limits: map[string]Limit{"nofile": {1048576000, 1048576000}}},
		"limit bogus is not known":                   {Account: nobody, Limits: map[string]Limit{"bogus": {}}},
	} {
		order.Path = "/bin/true"
		out, err := as(launched(t, order, "true")).CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() != CodeNotExecutable || !strings.Contains(string(out), want) || !strings.Contains(string(out), `concierge: starting "true"`) {
			t.Errorf("%s: %v, %s", want, err, out)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestExecFailuresOfAnotherIdentityHaveTheSameStatuses(t *testing.T) {
	dir, mask := shared(t), 0o022
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	garbage := write("garbage", "\x7fELFgarbage", 0o755)
	orphan := write("orphan", "#!/no/such/interpreter\n", 0o755)
	for program, want := range map[string]int{
		"no-such-program-anywhere": CodeNotFound, filepath.Join(dir, "absent"): CodeNotFound,
		write("plain", "x", 0o644): CodeNotExecutable, garbage: CodeNotExecutable, orphan: CodeNotFound,
	} {
		children := newChildren()
		c, err := StartChild(children, Spec{Command: []string{program}, Identity: Identity{Umask: &mask}}, false)
		code := 0
		if failed, ok := errors.AsType[*StartError](err); ok {
			code = failed.Code()
		} else if err == nil {
			<-c.Done()
			c.Settle()
			code = c.Status().Code
		}
		if code != want {
			t.Errorf("%s: %d (%v), want %d", program, code, err, want)
		}
		children.Close()
	}
}

const parentVariable = "CONCIERGE_TEST_PARENT"

// parent starts a program as another user and waits for ever.
func parent(dir string) {
	mask := 0o022
	_, err := StartChild(newChildren(), Spec{
		Command: []string{"sh", "-c", "echo $$ >pid.new; mv pid.new pid; while :; do sleep 0.02; done"}, Dir: dir, Env: os.Environ(),
		Identity: Identity{User: os.Getenv("AS"), Umask: &mask},
	}, false)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {}
}

func TestProgramOfAnotherUserDiesWithItsParent(t *testing.T) {
	dir := shared(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), parentVariable+"="+dir, "AS="+other(t).Username)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	eventually(t, "the program runs", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	eventually(t, "the program is dead", func() bool { s := statOf(pid).state; return s == "" || s == "Z" })
}

func TestProgramHasNoDescriptorsOfConcierge(t *testing.T) {
	for range 3 {
		f, err := os.Open("/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
	}
	want := 1 // the listing's own
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries { // what was passed to this program is passed on
		fd, _ := strconv.Atoi(e.Name())
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			want++
		}
	}
	mask := 0o022
	for name, id := range map[string]Identity{"plain": {}, "with an identity": {Umask: &mask}} {
		if got, _ := runAs(t, id, "ls /proc/self/fd"); len(strings.Fields(got)) != want {
			t.Errorf("%s: descriptors %v, want %d", name, strings.Fields(got), want)
		}
	}
}

func TestProgramHasTheDefaultSignalState(t *testing.T) {
	signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU) // as concierge does
	defer signal.Reset(syscall.SIGTTIN, syscall.SIGTTOU)
	mask := 0o022
	for name, id := range map[string]Identity{"plain": {}, "with an identity": {Umask: &mask}} {
		got, _ := runAs(t, id, "exec cat /proc/self/status")
		masks := make(map[string]uint64)
		for line := range strings.Lines(got) {
			field, value, _ := strings.Cut(line, ":")
			masks[field], _ = strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		}
		const stops = 1<<(syscall.SIGTTIN-1) | 1<<(syscall.SIGTTOU-1)
		if masks["SigBlk"] != 0 || masks["SigCgt"] != 0 || masks["SigIgn"]&stops != 0 {
			t.Errorf("%s: blocked %x, caught %x, ignored %x", name, masks["SigBlk"], masks["SigCgt"], masks["SigIgn"])
		}
	}
}

func TestIdentitiesAreComparedByWhatTheySay(t *testing.T) {
	one, two, three := 0o022, 0o022, 0o027
	a := Spec{Command: []string{"true"}, Identity: Identity{User: "app", Umask: &one, Limits: map[string]Limit{"core": {}}}}
	b := a
	b.Umask, b.Limits = &two, map[string]Limit{"core": {}}
	if b.Stop.Timeout = time.Hour; !a.Same(b) {
		t.Error("equal ones differ")
	}
	for name, change := range map[string]func(*Spec){
		"umask": func(s *Spec) { s.Umask = &three }, "no umask": func(s *Spec) { s.Umask = nil }, "user": func(s *Spec) { s.User = "" },
		"group": func(s *Spec) { s.Group = "app" }, "limit": func(s *Spec) { s.Limits = map[string]Limit{"core": {1, 1}} },
		"directory": func(s *Spec) { s.Dir = "/" }, "environment": func(s *Spec) { s.Env = []string{"A=1"} },
	} {
		c := b
		if change(&c); a.Same(c) {
			t.Errorf("another %s is no difference", name)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("1 (sh) S 0 1 1 0"))
	f.Add([]byte("1 (a ) Z (b) R 7 8"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s := parseStat(text); s.state == "" && (s.parent != 0 || s.group != 0) {
			t.Errorf("half a process: %+v", s)
		}
	})
}
