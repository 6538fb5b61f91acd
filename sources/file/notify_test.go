package file

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsnotify/fsnotify"
)

func event(name string) fsnotify.Event { return fsnotify.Event{Name: name, Op: fsnotify.Write} }

func TestEventsThatCannotMatterAreIgnored(t *testing.T) {
	n := newNotifier(slog.New(slog.DiscardHandler))
	defer n.close()
	base := t.TempDir()
	root := filepath.Join(base, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	n.begin()
	n.path(root)
	n.dir(root)
	n.end()
	for name, want := range map[string]bool{
		root + "/key":       true,
		root + "/..data":    true,
		root:                true,
		base + "/..data":    true, // the root itself may be a link into a volume
		root + "/.swp":      false,
		root + "/key~":      false,
		base + "/unrelated": false,
		base + "/gone/key":  true, // unknown: better look once too often
	} {
		if got := n.relevant(event(name)); got != want {
			t.Errorf("%s: relevant is %v", strings.TrimPrefix(name, base), got)
		}
	}
}

func TestExhaustedNotificationsAreToldOnceAndPolledInstead(t *testing.T) {
	var log bytes.Buffer
	n := newNotifier(slog.New(slog.NewTextHandler(&log, nil)))
	n.giveUp(os.ErrClosed) // the kernel's limit cannot be reached without starving other tests
	n.begin()
	n.dir(t.TempDir())
	n.end()
	f := follower{notes: n, rescan: 10 * polling}
	if !n.polling() || f.pace() != polling || n.events() != nil || n.lost() != nil {
		t.Errorf("polling %v, pace %v", n.polling(), f.pace())
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || !strings.Contains(text, "max_user_watches") {
		t.Errorf("log:\n%s", text)
	}
	n.close()
}
