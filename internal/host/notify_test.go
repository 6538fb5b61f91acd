package host

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// listen is the service manager's end.
func listen(t *testing.T, address string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func receive(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "notify")
}

func TestTheServiceManagerIsToldEveryState(t *testing.T) {
	for _, address := range []string{socketPath(t), fmt.Sprintf("@concierge-test-%d", os.Getpid())} {
		conn := listen(t, address)
		m := ServiceManager([]string{"HOME=/", "NOTIFY_SOCKET=" + address})
		for want, notify := range map[string]func() error{
			`^READY=1$`:    m.NotifyReady,
			`^STOPPING=1$`: m.NotifyStopping,
			`^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+$`: m.NotifyReloading,
		} {
			if err := notify(); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, conn); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s was told %q, want %s", address, got, want)
			}
		}
	}
}

func TestTheTimeOfAReloadIsTheManagersClock(t *testing.T) {
	address := socketPath(t)
	conn := listen(t, address)
	monotonic := func() int64 {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			t.Fatal(err)
		}
		return now.Nano() / 1000
	}
	before := monotonic()
	if err := ServiceManager([]string{"NOTIFY_SOCKET=" + address}).NotifyReloading(); err != nil {
		t.Fatal(err)
	}
	var said int64
	if _, err := fmt.Sscanf(receive(t, conn), "RELOADING=1\nMONOTONIC_USEC=%d", &said); err != nil {
		t.Fatal(err)
	}
	if after := monotonic(); said < before || said > after {
		t.Errorf("it was told %d, between %d and %d", said, before, after)
	}
}

func TestWithoutAServiceManagerNothingIsTold(t *testing.T) {
	for _, m := range []Manager{{}, ServiceManager(nil), ServiceManager([]string{"XNOTIFY_SOCKET=/x", "NOTIFY_SOCKET="})} {
		if err := errors.Join(m.NotifyReady(), m.NotifyReloading(), m.NotifyStopping()); err != nil {
			t.Error(err)
		}
	}
}

func TestAManagerThatIsAwayIsAnError(t *testing.T) {
	err := ServiceManager([]string{"NOTIFY_SOCKET=" + socketPath(t)}).NotifyReady()
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestAManagerThatDoesNotReadBlocksForASecondOnly(t *testing.T) {
	address := socketPath(t)
	listen(t, address) // never read
	m := ServiceManager([]string{"NOTIFY_SOCKET=" + address})
	var err error
	for range 10_000 { // until its queue is full
		begin := time.Now()
		err = m.NotifyReady()
		if took := time.Since(begin); took > 5*notifyTimeout {
			t.Fatalf("it took %s", took)
		}
		if err != nil {
			break
		}
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestChildrenAreKeptFromTheManager(t *testing.T) {
	if got := Variables(); !slices.Contains(got, "NOTIFY_SOCKET") || !slices.Contains(got, "WATCHDOG_USEC") {
		t.Errorf("%v", got)
	}
}
