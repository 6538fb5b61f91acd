package file

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// dataLink is the symbolic link that Kubernetes replaces to swap all files of
// a volume at once.
const dataLink = "..data"

// notifier watches directories. Which ones is said anew during each look
// (begin, dir or path, end); what was not named again is forgotten. A nil
// notifier ignores everything, for readers that do not watch. It is owned by
// one goroutine.
type notifier struct {
	log     *slog.Logger
	watcher *fsnotify.Watcher // nil: notifications are not to be had
	// dirs holds the watched directories and the names of interest in them;
	// nil names mean all.
	dirs, fresh map[string][]string
}

func newNotifier(log *slog.Logger) *notifier {
	n := &notifier{log: log}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		n.giveUp(err)
		return n
	}
	n.watcher = w
	return n
}

func (n *notifier) close() {
	if n.watcher != nil {
		_ = n.watcher.Close() // the only error is of a watcher that is closed already
		n.watcher = nil
	}
}

// giveUp turns to polling. Typical is an exhausted limit of the kernel.
func (n *notifier) giveUp(err error) {
	n.close()
	n.log.Warn("no file notifications, polling instead",
		"error", err, "pace", polling, "hint", "raise sysctl fs.inotify.max_user_watches or max_user_instances")
}

func (n *notifier) polling() bool { return n.watcher == nil }

func (n *notifier) events() <-chan fsnotify.Event {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Events
}

// lost delivers when events were lost, so that everything is to be read.
func (n *notifier) lost() <-chan error {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Errors
}

func (n *notifier) begin() { n.fresh = make(map[string][]string) }

func (n *notifier) end() {
	for dir := range n.dirs {
		if _, still := n.fresh[dir]; !still && n.watcher != nil {
			_ = n.watcher.Remove(dir) // gone already when the directory is
		}
	}
	n.dirs = n.fresh
}

// forget ends all watches.
func (n *notifier) forget() {
	n.begin()
	n.end()
}

// dir watches everything in a directory.
func (n *notifier) dir(dir string) { n.add(dir, nil) }

// path watches for the appearance, change and disappearance of one path, also
// where a symbolic link points. While it is missing, the nearest existing
// directory above it is watched.
func (n *notifier) path(path string) {
	if n == nil {
		return
	}
	n.entry(path)
	if real, err := filepath.EvalSymlinks(path); err == nil && real != path {
		n.entry(real)
	}
}

func (n *notifier) entry(path string) {
	dir, name := filepath.Split(filepath.Clean(path))
	dir = filepath.Clean(dir)
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir, name = filepath.Dir(dir), filepath.Base(dir)
	}
	n.add(dir, []string{name, dataLink})
}

func (n *notifier) add(dir string, names []string) {
	if n == nil {
		return
	}
	known, again := n.fresh[dir]
	switch {
	case again && (known == nil || names == nil):
		n.fresh[dir] = nil
	default:
		n.fresh[dir] = append(known, names...)
	}
	if again || n.watcher == nil {
		return
	}
	// Added at each look, because a directory that was replaced under its name
	// lost its watch; the kernel ignores a repetition.
	err := n.watcher.Add(dir)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		n.giveUp(err)
	} // a directory that is gone or unreadable is reported by its reader
}

// relevant reports whether an event can change an answer.
func (n *notifier) relevant(ev fsnotify.Event) bool {
	if _, self := n.dirs[ev.Name]; self {
		return true
	}
	name := filepath.Base(ev.Name)
	names, known := n.dirs[filepath.Dir(ev.Name)]
	if known && names != nil {
		return slices.Contains(names, name)
	}
	return name == dataLink || !hidden(name)
}

// hidden reports whether a name is never a key.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~")
}
