package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
)

// outputs is a directory of output files that is watched by notification, so
// that waiting costs the program under measurement no CPU.
type outputs struct {
	watcher *fsnotify.Watcher
	ended   <-chan struct{} // closed when the process that writes the files has ended
}

var errEnded = errors.New("the process ended by itself")

func watch(dir string, ended <-chan struct{}) (*outputs, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := w.Add(dir); err != nil {
		_ = w.Close()
		return nil, err
	}
	return &outputs{watcher: w, ended: ended}, nil
}

// await blocks until the file holds the text, and returns when the harness was
// told of that. Reading the file is not part of the time.
func (o *outputs) await(ctx context.Context, path, text string) (time.Time, error) {
	for at := time.Now(); ; {
		content, err := os.ReadFile(path)
		if err == nil && bytes.Contains(content, []byte(text)) {
			return at, nil
		}
		if at, err = o.next(ctx, path); err != nil {
			return at, fmt.Errorf("waiting for %q in the output: %w", text, err)
		}
	}
}

// next blocks until something happens to the file, or may have happened.
func (o *outputs) next(ctx context.Context, path string) (time.Time, error) {
	for {
		select {
		case e := <-o.watcher.Events:
			if e.Name == path {
				return time.Now(), nil
			}
		case err := <-o.watcher.Errors:
			if errors.Is(err, fsnotify.ErrEventOverflow) {
				return time.Now(), nil
			}
			return time.Time{}, err
		case <-o.ended:
			return time.Time{}, errEnded
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

func (o *outputs) close() error { return o.watcher.Close() }
