package compat

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// recorded renders one key and writes down what it rendered.
const recorded = `template {
  contents = "{{ key \"$PREFIXa\" }}\n"
  destination = "out"
  command = "cat out >> renders"
}
`

func TestEachChangeIsRendered(t *testing.T) {
	d := startedDuel(t, recorded, "renders", "v0")
	for i := range 6 {
		value := fmt.Sprintf("v%d", i+1)
		d.put("a", value)
		d.await("renders", value)
	}
	d.noMore("renders", "v", 7)
	d.await("out", "v6")
}

func TestBurstIsRenderedOnceWithWait(t *testing.T) {
	d := startedDuel(t, `wait = "500ms:5s"`+"\n"+recorded, "renders", "v0")
	for i := range 12 {
		d.put("a", fmt.Sprintf("v%d", i+1))
	}
	d.await("renders", "v12")
	d.noMore("renders", "v", 2)
}

func TestTemplatesOwnWaitBeatsTheGlobalOne(t *testing.T) {
	d := startedDuel(t, `wait = "60s:120s"
template {
  contents = "{{ key \"$PREFIXa\" }}\n"
  destination = "out"
  command = "cat out >> renders"
  wait { min = "300ms" max = "2s" }
}`, "renders", "v0")
	d.put("a", "v1")
	d.await("renders", "v1")
	d.put("a", "v2")
	d.await("renders", "v2")
	d.noMore("renders", "v", 3)
}

func TestCommandOfSeveralTemplatesRunsOncePerChange(t *testing.T) {
	d := startedDuel(t, `template { contents = "one {{ key \"$PREFIXa\" }}\n" destination = "one" command = "cat one >> renders" }
template { contents = "two {{ key \"$PREFIXa\" }}\n" destination = "two" command = "cat one >> renders" }
`, "renders", "one v0")
	for i := range 3 {
		value := fmt.Sprintf("v%d", i+1)
		d.put("a", value)
		d.await("renders", "one "+value)
		d.await("two", "two "+value)
	}
	d.noMore("renders", "one", 4)
}

func TestTemplatesAreIndependent(t *testing.T) {
	d := startedDuel(t, recorded+`template { contents = "{{ key \"$PREFIXlater\" }}\n" destination = "late" command = "cat late >> lates" }`, "renders", "v0")
	d.put("a", "v1")
	d.await("renders", "v1")
	d.put("later", "l1")
	d.await("lates", "l1")
	d.noMore("renders", "v", 2)
	d.noMore("lates", "l", 1)
}

func TestDeletedKeyKeepsItsLastValue(t *testing.T) {
	d := newDuel(t)
	d.put("a", "v0")
	d.put("b", "w0")
	d.start(recorded + `template { contents = "{{ key \"$PREFIXa\" }} {{ key \"$PREFIXb\" }}\n" destination = "both" }`)
	d.await("both", "v0 w0")
	d.f.delete(t, d.prefix+"a")
	d.put("b", "w1")
	d.await("both", "v0 w1")
	d.await("out", "v0")
	d.put("a", "v2")
	d.await("both", "v2 w1")
	d.await("renders", "v2")
	d.noMore("renders", "v", 2)
}

func TestTreeFollowsItsKeys(t *testing.T) {
	d := newDuel(t)
	d.put("t/a", "1")
	d.start(`template {
  contents = "{{ range tree \"$PREFIXt\" }}{{ .Key }}={{ .Value }} {{ end }}\n"
  destination = "out"
  command = "cat out >> renders"
}`)
	d.await("renders", "a=1 ")
	d.put("t/b/c", "2")
	d.await("renders", "a=1 b/c=2 ")
	d.f.delete(t, d.prefix+"t/a")
	d.await("renders", "b/c=2 ")
	d.f.delete(t, d.prefix+"t/b/c")
	d.await("renders", "")
	d.noMore("renders", "", 4)
}

func TestQueriesFoundLaterAreFollowedAndDropped(t *testing.T) {
	d := newDuel(t)
	d.put("which", "x")
	d.put("x", "x1")
	d.put("y", "y1")
	d.start(`template {
  contents = "{{ with key \"$PREFIXwhich\" }}{{ key (printf \"$PREFIX%s\" .) }}{{ end }}\n"
  destination = "out"
  command = "cat out >> renders"
}`)
	d.await("renders", "x1")
	d.put("which", "y")
	d.await("renders", "y1")
	d.put("x", "x2")
	d.put("y", "y2")
	d.await("renders", "y2")
	d.noMore("renders", "x", 1)
	d.noMore("renders", "y", 2)
}

func TestEqualOutputRunsNoCommand(t *testing.T) {
	d := newDuel(t)
	d.put("a", "v0")
	d.put("b", "")
	d.start(`template {
  contents = "{{ key \"$PREFIXa\" | trimSpace }}\n"
  destination = "out"
  command = "cat out >> renders"
}`)
	d.await("renders", "v0")
	d.put("a", " v0 ")
	d.put("a", "v1")
	d.await("renders", "v1")
	d.noMore("renders", "v", 2)
}

func TestLocalFileIsFollowed(t *testing.T) {
	d := newDuel(t)
	d.start(`template { contents = "{{ file \"config.hcl\" | len }}\n" destination = "out" command = "cat out >> renders" }`)
	for _, s := range d.sides {
		s.await(t, "renders", fmt.Sprint(len(s.read("config.hcl"))))
	}
	d.write("config.hcl", "# shorter\n")
	d.await("renders", "10")
	d.noMore("renders", "", 2)
}

// TestReadinessIsToldToSystemd listens where the service manager would.
func TestReadinessIsToldToSystemd(t *testing.T) {
	d := newDuel(t)
	d.put("a", "v0")
	dir := t.TempDir()
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "n"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	d.start(recorded, "NOTIFY_SOCKET="+filepath.Join(dir, "n"))
	ready := 0
	eventually(t, func() error {
		message := make([]byte, 1024)
		n, err := socket.Read(message)
		if err == nil && string(message[:n]) == "READY=1" {
			ready++
		}
		if ready < 2 {
			return fmt.Errorf("%d of both said that they are ready (%v)", ready, err)
		}
		return nil
	})
}

func TestPIDFileIsThereWhileRunning(t *testing.T) {
	d := startedDuel(t, `pid_file = "pid"`+"\n"+recorded, "renders", "v0")
	for _, s := range d.sides {
		if got, want := s.read("pid"), fmt.Sprint(s.cmd.Process.Pid); got != want {
			t.Errorf("the pid file of the %s says %q, want %q", s.name, got, want)
		}
	}
	d.signal(syscall.SIGINT)
	if r, c := d.statuses(); r != 12 || c != 12 {
		t.Errorf("statuses %d and %d, want 12", r, c)
	}
	for _, s := range d.sides {
		if _, err := os.Stat(filepath.Join(s.dir, "pid")); !os.IsNotExist(err) {
			t.Errorf("the pid file of the %s is left behind (%v)", s.name, err)
		}
	}
}

func TestDeduplicationGivesTheSameFiles(t *testing.T) {
	d := startedDuel(t, `deduplicate { enabled = true prefix = "$PREFIXdedup/" }`+"\n"+recorded, "out", "v0")
	d.put("a", "v1")
	d.await("out", "v1")
}
