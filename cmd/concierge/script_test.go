package main

import (
	"flag"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts and documents")

func TestMain(m *testing.M) {
	run := func() { os.Exit(realMain()) }
	testscript.Main(tests{m}, map[string]func(){"concierge": run, "consul-template": run, "envconsul": run, "recorder": record, "server": serve})
}

// TestScripts runs testdata/script: help texts, error texts, exit statuses and
// the behaviour that a user sees, with no server.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("CONCIERGE_LOG_FORMAT", "text")
			env.Setenv("XDG_RUNTIME_DIR", env.WorkDir) // a control socket of its own
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": cmdStatus, "until": cmdUntil, "signal": cmdSignal,
		},
	})
}

// cmdStatus runs a command and checks its exit status: status 16 concierge …
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE command arguments…")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit status %s, want %s", code, args[0])
	}
}

// cmdUntil waits until a file contains a text: until FILE TEXT.
func cmdUntil(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: until FILE TEXT")
	}
	path := ts.MkAbs(args[0])
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		b, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(b), args[1]) != neg {
			return
		}
	}
	b, _ := os.ReadFile(path)
	ts.Fatalf("%s never came to say %q; it says:\n%s", args[0], args[1], b)
}

// cmdSignal signals the only background process: signal TERM.
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{
		"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "USR1": syscall.SIGUSR1, "KILL": syscall.SIGKILL,
	}
	if neg || len(args) != 1 || signals[args[0]] == nil {
		ts.Fatalf("usage: signal HUP|TERM|INT|USR1|KILL")
	}
	cmds := ts.BackgroundCmds()
	if len(cmds) != 1 {
		ts.Fatalf("%d background processes, want one", len(cmds))
	}
	ts.Check(cmds[0].Process.Signal(signals[args[0]]))
}
