package storm

import (
	"os/exec"
	"runtime"
	"syscall"
	"testing"
)

// twin is the same server without concierge: it is reloaded by hand at the same
// moments, under the same load.
type twin struct {
	*site
	cmd *exec.Cmd
	log *log
}

// outside starts a server that is nobody's child but this test's, with a
// version of its files in place.
func outside(t *testing.T, s *site, v version) *twin {
	t.Helper()
	s.install(t, v)
	w := &twin{site: s, log: new(log)}
	command := s.software.command(s, s.dir)
	w.cmd = exec.Command(command[0], command[1:]...)
	// The master ends its workers when it is asked to.
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	w.cmd.Stdout, w.cmd.Stderr = w.log, w.log
	started, done := make(chan error), make(chan struct{})
	go func() { // awaited below
		defer close(done)
		runtime.LockOSThread() // the parent-death signal is about this thread
		err := w.cmd.Start()
		started <- err
		if err == nil {
			_ = w.cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.cmd.Process.Signal(syscall.SIGTERM)
		<-done
		if t.Failed() {
			t.Logf("log of the server outside ends with:\n%s", w.log.tail())
		}
	})
	w.await(t, v.n)
	return w
}

// change puts a version in place and tells the server, which is what
// `nginx -s reload` does too.
func (w *twin) change(t *testing.T, v version) {
	t.Helper()
	w.install(t, v)
	if err := w.cmd.Process.Signal(w.software.reload); err != nil {
		t.Fatal(err)
	}
}

// await waits until a version is served.
func (s *site) await(t *testing.T, n int) {
	t.Helper()
	if !until(longest, func() bool { return s.served() == n }) {
		t.Fatalf("version %d was never served: %d is on disk, %d is served", n, s.onDisk(), s.served())
	}
}
