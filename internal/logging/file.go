package logging

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"concierge/internal/config"
)

// fileMode are the permissions of log files, less the umask, as in
// consul-template.
const fileMode = 0o640

// rotatingFile is a series of files, each begun when the one before it is full
// or old. As in consul-template the first message that finds it so begins the
// new one, so a file is longer than its limit by less than one message, and no
// message is ever split.
type rotatingFile struct {
	names    series
	maxBytes int64         // 0 is no limit
	interval time.Duration // 0 is no limit
	maxFiles int           // besides the present one; 0 keeps all, less keeps none
	writing  outage
	rotating outage

	mu    sync.Mutex // guards what follows
	file  *os.File   // nil when closed
	size  int64
	begun time.Time
}

// openRotating begins the first file.
func openRotating(cfg config.LogFile, log *slog.Logger) (*rotatingFile, error) {
	log = log.With("file", cfg.Path)
	f := &rotatingFile{
		names: seriesOf(cfg.Path), maxBytes: int64(cfg.RotateBytes), interval: cfg.RotateInterval, maxFiles: cfg.MaxFiles,
		writing:  outage{log: log, hint: "make room on its file system; concierge goes on without it"},
		rotating: outage{log: log, hint: "make its directory writable; the present file is continued"},
	}
	if err := f.begin(); err != nil {
		return nil, fmt.Errorf("opening the log file: %w (create its directory, make it writable, or set log.file.path)", err)
	}
	f.rotating.note(f.prune())
	return f, nil
}

// Write appends one message.
func (f *rotatingFile) Write(message []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return 0, os.ErrClosed
	}
	if f.due() {
		f.rotating.note(f.rotate())
	}
	n, err := f.file.Write(message)
	if err != nil {
		f.cut(n)
		f.writing.missing(1)
		f.writing.failed(err)
		return 0, err
	}
	f.size += int64(n)
	f.writing.works()
	return n, nil
}

// cut takes back the first n bytes of a message that did not fit, so that the
// next one begins a line.
func (f *rotatingFile) cut(n int) {
	if n > 0 && f.file.Truncate(f.size) != nil {
		f.size += int64(n)
	}
}

func (f *rotatingFile) due() bool {
	return f.maxBytes > 0 && f.size >= f.maxBytes || f.interval > 0 && time.Since(f.begun) >= f.interval
}

// rotate begins a new file and removes what is too old. If that is impossible
// the present file stays.
func (f *rotatingFile) rotate() error {
	old := f.file
	if err := f.begin(); err != nil {
		return err
	}
	return errors.Join(old.Close(), f.prune())
}

// begin opens a new file, under a name that is free.
func (f *rotatingFile) begin() error {
	for begun := time.Now(); ; begun = begun.Add(1) {
		file, err := os.OpenFile(f.names.at(begun), os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, fileMode)
		switch {
		case err == nil:
			f.file, f.size, f.begun = file, 0, begun
			return nil
		case !errors.Is(err, fs.ErrExist):
			return err
		}
	}
}

// prune removes the oldest files of the series.
func (f *rotatingFile) prune() error {
	if f.maxFiles == 0 {
		return nil
	}
	old, err := f.names.besides(f.begun)
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range old[:max(0, len(old)-max(0, f.maxFiles))] {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Close closes the present file. Calling it again does nothing.
func (f *rotatingFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	f.writing.ended()
	err := f.file.Close()
	f.file = nil
	return err
}
