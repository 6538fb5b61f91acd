package compat

import (
	"errors"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestSyslogWithoutADaemonIsNoOutage asks for syslog. Where a daemon listens,
// both must use it.
func TestSyslogWithoutADaemonIsNoOutage(t *testing.T) {
	c := &testCase{files: []txtar.File{{Name: "in.tmpl", Data: []byte("x\n")}}, args: []string{"-syslog"}}
	reference, candidate := c.runBoth(t, servers(t), pair(t, false))
	want := 15
	if _, err := os.Stat("/dev/log"); !errors.Is(err, os.ErrNotExist) {
		want = 0
	}
	if reference.status != want || candidate.status != 0 || candidate.files["out"].text != "x\n" {
		t.Errorf("statuses are %d (want %d) and %d (want 0), and it said:\n%s", reference.status, want, candidate.status, candidate.log)
	}
}
