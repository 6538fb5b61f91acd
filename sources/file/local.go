package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"concierge/sources"
)

// Local answers File queries: the exact contents of single files of this
// machine, up to 16 MiB each, with relative paths taken from the working
// directory. An absent file does not exist; an unreadable one fails.
// Notifications are helped by a look every 2 s.
type Local struct{ log *slog.Logger }

var _ sources.Source = (*Local)(nil)

// NewLocal returns the source named "local".
func NewLocal(log *slog.Logger) *Local { return &Local{log: log} }

// Watch implements [sources.Source]. It never reports an outage.
func (l *Local) Watch(ctx context.Context, wanted <-chan []sources.Query, publish func(sources.Update)) {
	f := follower{name: "local", log: l.log, rescan: polling, publish: publish, look: &localLook{}, meter: sources.Unmetered{}}
	f.run(ctx, wanted)
}

// localLook reads the wanted files.
type localLook struct{ files fileCache }

func (l *localLook) look(wanted []sources.Query, n *notifier) (answers, error) {
	a := newAnswers(len(wanted))
	l.files.begin()
	for _, q := range wanted {
		a.put(q, func() (sources.Value, error) {
			if q.Kind != sources.File {
				return sources.Value{}, fmt.Errorf("%s: the local source has files only", q)
			}
			return l.file(q.Path, n)
		})
	}
	l.files.end()
	return a, nil
}

func (l *localLook) file(path string, n *notifier) (sources.Value, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return sources.Value{}, fmt.Errorf("resolving %s: %w", path, err)
	}
	n.path(abs)
	info, err := os.Stat(abs)
	if err == nil && !info.Mode().IsRegular() {
		return sources.Value{}, fmt.Errorf("%s is not a regular file; name a file", abs)
	}
	var data string
	if err == nil {
		data, err = l.files.read(abs, info, maxDocument)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return sources.Value{}, nil
	case err != nil:
		return sources.Value{}, fmt.Errorf("reading file %s: %w", path, cause(err))
	}
	p := pair(path, data)
	return sources.Value{Exists: true, Data: p}, nil
}
