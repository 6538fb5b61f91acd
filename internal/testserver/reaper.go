package testserver

import (
	"io"
	"os/exec"
	"syscall"
)

// reap starts a shell that removes dir, and ends the server whose process ID
// stands in it, when this process ends in whatever way: its standard input is
// a pipe that only this process holds open. A test binary has no other place
// for this, since it may be killed and shared servers belong to no single test.
// The server gets 5 s to end by itself, since some leave shared memory behind
// when they are killed; then its whole process group ends, since the workers of
// some outlive their parent. Closing the result ends the shell.
func reap(dir string) (io.Closer, error) {
	const script = `read -r _
if [ -f "$1/pid" ]; then
	pid="$(cat "$1/pid")" n=0
	kill -TERM "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null && [ $((n += 1)) -le 50 ]; do sleep 0.1; done
	kill -KILL "-$pid" 2>/dev/null
fi
rm -rf -- "$1"`
	cmd := exec.Command("/bin/sh", "-c", script, "reaper", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &reaper{stdin: stdin, cmd: cmd}, nil
}

type reaper struct {
	stdin io.Closer
	cmd   *exec.Cmd
}

// Close lets the shell do its work and awaits it.
func (r *reaper) Close() error {
	if err := r.stdin.Close(); err != nil {
		return err
	}
	return r.cmd.Wait()
}
