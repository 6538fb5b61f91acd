package testserver

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"

	"concierge/internal/testserver/programs"
)

// sharedServers holds the servers that live as long as the test binary. It is
// the one piece of package state: nothing but the process itself spans the
// tests of a binary.
var sharedServers struct {
	sync.Mutex
	running map[string]*instance // guarded by Mutex; by program
	zabbix  *zabbixServer        // guarded by Mutex
}

// shared returns the program's shared server, starting it at its first use.
func shared(tb testing.TB, k kind) *Server {
	tb.Helper()
	sharedServers.Lock()
	defer sharedServers.Unlock()
	if i, ok := sharedServers.running[k.program]; ok {
		return handle(tb, i, true)
	}
	i, err := newInstance(k, Binary(tb, k.program))
	if err != nil {
		tb.Fatal(err)
	}
	launch(tb, i)
	if sharedServers.running == nil {
		sharedServers.running = make(map[string]*instance)
	}
	sharedServers.running[k.program] = i
	return handle(tb, i, true)
}

// own starts a server that ends with the test.
func own(tb testing.TB, k kind) *Server {
	tb.Helper()
	i := prepare(tb, k)
	launch(tb, i)
	return handle(tb, i, false)
}

// prepare makes an instance that ends with the test, and does not start it.
func prepare(tb testing.TB, k kind) *instance {
	tb.Helper()
	i, err := newInstance(k, Binary(tb, k.program))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("log of %s at %s ends with:\n%s", k.program, i.dir, i.logTail())
		}
		i.close()
	})
	return i
}

func launch(tb testing.TB, i *instance) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := i.launch(ctx); err != nil {
		i.stop(syscall.SIGKILL)
		tb.Fatal(err)
	}
}

// Binary returns the path of a server or peer ("etcd", "consul", "vault",
// "consul-template"), building it if need be. A build that cannot end before
// the test binary's own deadline is not begun.
func Binary(tb testing.TB, program string) string {
	tb.Helper()
	path, ok, err := programs.Find(tb.Context(), program)
	if err != nil {
		tb.Fatal(err)
	}
	if ok {
		return path
	}
	if t, ok := tb.(interface{ Deadline() (time.Time, bool) }); ok {
		if at, limited := t.Deadline(); limited && time.Until(at) < 2*programs.Estimate(program) {
			tb.Fatalf("%s is not there yet and building it takes about %s, but the tests must end within %s: run `%s` first, or test with -timeout 60m",
				program, programs.Estimate(program), time.Until(at).Round(time.Second), programs.InstallCommand)
		}
	}
	if path, err = programs.Path(tb.Context(), program, os.Stderr); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Prefix returns a key prefix, ending in a slash, that no other test has:
// "TestName-x7k…/". It has no leading slash.
func Prefix(tb testing.TB) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '-'
	}, tb.Name())
	return name + "-" + strings.ToLower(rand.Text()[:8]) + "/"
}
