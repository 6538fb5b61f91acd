package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// target is an output file that is watched by notification, so that waiting
// costs the program under measurement no CPU.
type target struct {
	path    string
	watcher *fsnotify.Watcher
	ended   <-chan struct{} // closed when the process that writes the file has ended
}

var errEnded = errors.New("the process ended by itself")

func watch(path string, ended <-chan struct{}) (*target, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	if err := w.Add(filepath.Dir(path)); err != nil {
		_ = w.Close()
		return nil, err
	}
	return &target{path: path, watcher: w, ended: ended}, nil
}

// await blocks until the file holds the text, and returns when the harness was
// told of that. Reading the file is not part of the time.
func (t *target) await(ctx context.Context, text string) (time.Time, error) {
	for at := time.Now(); ; {
		content, err := os.ReadFile(t.path)
		if err == nil && bytes.Contains(content, []byte(text)) {
			return at, nil
		}
		if at, err = t.next(ctx); err != nil {
			return at, fmt.Errorf("waiting for %q in the output: %w", text, err)
		}
	}
}

// next blocks until something happens to the file.
func (t *target) next(ctx context.Context) (time.Time, error) {
	for {
		select {
		case e := <-t.watcher.Events:
			if e.Name == t.path {
				return time.Now(), nil
			}
		case err := <-t.watcher.Errors:
			return time.Time{}, err
		case <-t.ended:
			return time.Time{}, errEnded
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

func (t *target) close() error { return t.watcher.Close() }
