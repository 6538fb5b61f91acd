package programs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const (
	lockRetry     = 500 * time.Millisecond
	progressEvery = 15 * time.Second
)

// install builds the program at target unless another process does so first.
func (p program) install(ctx context.Context, source, target string, progress io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("making the cache folder of test servers: %w (set %s to another folder)", err, CacheVariable)
	}
	unlock, err := lock(ctx, target+".lock", func() {
		say(progress, "waiting for another process that builds %s (at most about %s)", p.name, p.estimate)
	})
	if err != nil {
		return fmt.Errorf("waiting to build %s: %w", p.name, err)
	}
	defer unlock()
	if isExecutable(target) {
		return nil
	}
	say(progress, "building %s once, to be kept as %s; a cold build takes about %s on two cores", p.name, target, p.estimate)
	begin := time.Now()
	if err := p.build(ctx, source, target, progress); err != nil {
		return fmt.Errorf("building %s in %s: %w (%s)", p.name, source, err, p.remedy())
	}
	say(progress, "built %s in %s", p.name, time.Since(begin).Round(time.Second))
	return nil
}

// remedy is what to do when the program cannot be built.
func (p program) remedy() string {
	if p.version == nil {
		return "repeat: " + InstallCommand
	}
	return fmt.Sprintf("put %s %d.%d or newer on PATH instead, or repeat: %s", p.name, p.oldest[0], p.oldest[1], InstallCommand)
}

// build compiles beside the target and renames, so that target is never half a binary.
func (p program) build(ctx context.Context, source, target string, progress io.Writer) error {
	temporary := fmt.Sprintf("%s.%d.tmp", target, os.Getpid())
	defer func() { _ = os.Remove(temporary) }()
	args := []string{"build", "-p", "2", "-trimpath", "-ldflags", "-s -w"}
	if p.tags != "" {
		args = append(args, "-tags", p.tags)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "-o", temporary, cmp.Or(p.command, p.module))...)
	cmd.Dir = source
	// The caller's flags (-race, -mod, …) are not meant for these modules.
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := runWithProgress(cmd, p.name, progress); err != nil {
		return errors.Join(err, lastLines(output.Bytes(), 10))
	}
	return os.Rename(temporary, target)
}

func runWithProgress(cmd *exec.Cmd, name string, progress io.Writer) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	begin, tick := time.Now(), time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			say(progress, "still building %s (%s)", name, time.Since(begin).Round(time.Second))
		}
	}
}

// lock takes an advisory lock on path, which ends with this process at the
// latest. busy is called once when the lock has to be waited for.
func lock(ctx context.Context, path string, busy func()) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	retry := time.NewTicker(lockRetry)
	defer retry.Stop()
	for told := false; ; told = true {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), f.Close())
		}
		if !told {
			busy()
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		}
	}
}

func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, "test servers: "+format+"\n", args...)
}

func lastLines(text []byte, n int) error {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) == 1 && len(lines[0]) == 0 {
		return nil
	}
	return errors.New(string(bytes.Join(slices.Clone(lines[max(0, len(lines)-n):]), []byte("\n"))))
}
