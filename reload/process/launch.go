package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// launchName is the argv[0] of concierge while it is about to become another
// program.
const launchName = "concierge-launch"

// launch is what is done between the fork and the program: Go can set neither
// umask nor limits there, so concierge executes itself first, see [Launch].
type launch struct {
	Account account
	Umask   *int
	Limits  map[string]Limit
	Path    string // of the program
	Parent  int
}

// command makes the command of s. The error is a [*StartError].
func (s Spec) command() (*exec.Cmd, error) {
	cmd := exec.Command(s.Command[0], s.Command[1:]...)
	cmd.Dir, cmd.Env = s.Dir, s.Env
	if s.plain() || cmd.Err != nil {
		return cmd, nil // a start tells the error
	}
	who, err := s.account()
	if err != nil {
		return nil, &StartError{Program: s.Command[0], Err: err, Hint: "see user and group"}
	}
	cmd.Env = append(withoutNames(s.Env, who.env), who.env...)
	order, err := json.Marshal(launch{Account: who, Umask: s.Umask, Limits: s.Limits, Path: cmd.Path, Parent: os.Getpid()})
	if err != nil {
		return nil, &StartError{Program: s.Command[0], Err: err}
	}
	cmd.Args = append([]string{launchName, string(order)}, cmd.Args...)
	cmd.Path = "/proc/self/exe"
	return cmd, nil
}

// withoutNames leaves out of env the variables that are in other.
func withoutNames(env, other []string) []string {
	var rest []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		taken := false
		for _, o := range other {
			taken = taken || strings.HasPrefix(o, name+"=")
		}
		if !taken {
			rest = append(rest, kv)
		}
	}
	return rest
}

// Launch has to be the first thing that main does. If this process was started
// to become another program it does that and does not return: it takes on the
// program's user, group, umask and limits and executes it. Failures are told
// on standard error and have the exit status 126 or 127.
func Launch() {
	if len(os.Args) < 3 || os.Args[0] != launchName {
		return
	}
	runtime.LockOSThread() // the signal at the parent's death belongs to the thread
	err := becomeProgram(os.Args[1], os.Args[2:])
	fmt.Fprintf(os.Stderr, "concierge: starting %q: %v\n", os.Args[2], err)
	if errors.Is(err, fs.ErrNotExist) {
		os.Exit(CodeNotFound)
	}
	os.Exit(CodeNotExecutable)
}

// late are the limits that Go itself could run into before the program is
// executed.
func late(name string) bool { return slices.Contains([]string{"as", "data", "nproc", "stack"}, name) }

// becomeProgram only returns with an error. Most limits come first, because
// only root may raise them; of the late ones what only root may do.
func becomeProgram(order string, args []string) error {
	var l launch
	if err := json.Unmarshal([]byte(order), &l); err != nil {
		return fmt.Errorf("reading what to do: %w", err)
	}
	if err := l.setLimits(func(name string) bool { return !late(name) }); err != nil {
		return err
	}
	if err := l.raiseLimits(); err != nil {
		return err
	}
	if l.Umask != nil {
		syscall.Umask(*l.Umask)
	}
	if err := l.Account.become(); err != nil {
		return err
	}
	// A change of the user has cleared it; see prctl(2).
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("asking to end with concierge: %w", err)
	}
	if os.Getppid() != l.Parent {
		return errors.New("concierge has ended")
	}
	if err := l.setLimits(late); err != nil {
		return err
	}
	if err := syscall.Exec(l.Path, args, os.Environ()); err != nil {
		return &fs.PathError{Op: "exec", Path: l.Path, Err: err}
	}
	return nil
}

// become takes on the user and group. Those that concierge has already need no
// root.
func (a account) become() error {
	same := func(want, is int) bool { return want < 0 || want == is }
	if os.Getuid() != 0 && same(a.UID, os.Getuid()) && same(a.GID, os.Getgid()) {
		return nil
	}
	if a.GID >= 0 || a.UID >= 0 {
		groups := a.Groups
		if groups == nil && a.GID >= 0 {
			groups = []int{a.GID}
		}
		if err := syscall.Setgroups(groups); err != nil {
			return fmt.Errorf("setting supplementary groups (see user and group; it needs root): %w", err)
		}
	}
	if a.GID >= 0 {
		if err := syscall.Setgid(a.GID); err != nil {
			return fmt.Errorf("becoming group %d (see group; it needs root): %w", a.GID, err)
		}
	}
	if a.UID >= 0 {
		if err := syscall.Setuid(a.UID); err != nil {
			return fmt.Errorf("becoming user %d (see user; it needs root): %w", a.UID, err)
		}
	}
	return nil
}

// resources are the limits by name, as in limits.conf(5).
func resources() map[string]int {
	return map[string]int{
		"as": unix.RLIMIT_AS, "core": unix.RLIMIT_CORE, "cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA,
		"fsize": unix.RLIMIT_FSIZE, "locks": unix.RLIMIT_LOCKS, "memlock": unix.RLIMIT_MEMLOCK,
		"msgqueue": unix.RLIMIT_MSGQUEUE, "nice": unix.RLIMIT_NICE, "nofile": unix.RLIMIT_NOFILE,
		"nproc": unix.RLIMIT_NPROC, "rss": unix.RLIMIT_RSS, "rtprio": unix.RLIMIT_RTPRIO,
		"sigpending": unix.RLIMIT_SIGPENDING, "stack": unix.RLIMIT_STACK,
	}
}

func (l launch) setLimits(now func(name string) bool) error {
	for name, limit := range l.Limits {
		if !now(name) {
			continue
		}
		if err := setLimit(name, limit); err != nil {
			return err
		}
	}
	return nil
}

// raiseLimits raises the hard limits of the late ones, as far as they are to be
// raised.
func (l launch) raiseLimits() error {
	for name, limit := range l.Limits {
		var now unix.Rlimit
		if !late(name) || unix.Getrlimit(resources()[name], &now) != nil || limit.Hard <= now.Max {
			continue
		}
		if err := setLimit(name, Limit{Soft: now.Cur, Hard: limit.Hard}); err != nil {
			return err
		}
	}
	return nil
}

func setLimit(name string, l Limit) error {
	resource, ok := resources()[name]
	if !ok {
		return fmt.Errorf("limit %s is not known", name)
	}
	if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: l.Soft, Max: l.Hard}); err != nil {
		return fmt.Errorf("setting limit %s to %s (see limits; to raise a hard limit needs the capability SYS_RESOURCE, which root in a container often lacks): %w",
			name, l, err)
	}
	return nil
}
