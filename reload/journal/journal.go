package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// sizeMax is the length of the file beyond which it is rewritten.
const sizeMax = 1 << 20

// Journal is a state directory in use. Its methods may be called concurrently,
// and on nil, where nothing is remembered.
type Journal struct {
	dir  string
	log  *slog.Logger
	lock *os.File

	mu      sync.Mutex
	records map[string]Record // guarded by mu; the truth, also when it cannot be written
	file    *os.File          // guarded by mu
	size    int64             // guarded by mu
	least   int64             // guarded by mu; the size when it was rewritten last
	stale   bool              // guarded by mu; the file lacks records, so it has to be rewritten
	garbage bool              // guarded by mu; contents are kept that nobody needs
	failed  bool              // guarded by mu; the last write failed, and the log says so
	unkept  bool              // guarded by mu; what was in place before the last versions could not be kept
}

// Open opens a state directory and makes it if it does not exist (0700).
func Open(dir string, log *slog.Logger) (*Journal, error) {
	if err := os.MkdirAll(filepath.Join(dir, keptName), 0o700); err != nil {
		return nil, fmt.Errorf("making the state directory: %w (see state_dir)", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the state directory: %w (see state_dir)", err)
	}
	if err := claim(lock); err != nil {
		_ = lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("the state directory %s is in use by another concierge; each needs its own (see state_dir)", dir)
		}
		return nil, fmt.Errorf("locking the state directory %s: %w (see state_dir; it must be on a file system with locks)", dir, err)
	}
	j := &Journal{dir: dir, log: log, lock: lock, records: make(map[string]Record)}
	err = j.load()
	if err == nil {
		err = j.rewrite()
	}
	if err != nil {
		j.Close()
		return nil, fmt.Errorf("opening the journal: %w (see state_dir)", err)
	}
	return j, nil
}

// patience is how long a lock is waited for. A program that an instance was just
// about to execute when it was killed holds its lock for a moment longer.
const patience = time.Second

// claim locks the file, or fails with EWOULDBLOCK if somebody else keeps it.
func claim(lock *os.File) error {
	tick := time.NewTicker(patience / 50)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || time.Now().After(end) {
			return err
		}
	}
}

// Dir is the state directory; empty for nil.
func (j *Journal) Dir() string {
	if j == nil {
		return ""
	}
	return j.dir
}

// Close lets go of the directory.
func (j *Journal) Close() {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file != nil {
		_ = j.file.Close() // what has to last was synced
	}
	_ = j.lock.Close()
}

// Record returns what is known of a set.
func (j *Journal) Record(set string) (Record, bool) {
	if j == nil {
		return Record{}, false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	r, ok := j.records[set]
	return r, ok
}

// Keep forgets the sets that are not named.
func (j *Journal) Keep(sets []string) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	maps.DeleteFunc(j.records, func(set string, _ Record) bool { return !slices.Contains(sets, set) })
	j.complain(j.rewrite())
}

// load reads the journal.
func (j *Journal) load() error {
	f, err := os.Open(j.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	damaged, err := read(f, j.records)
	if damaged > 0 {
		j.log.Warn("journal is damaged, what cannot be read is left out", "file", j.path(), "line", damaged)
	}
	return err
}

// read adds what a journal says to records. A line that cannot be read is left
// out, since each is all that is known of a set at its time; the number of the
// first is returned, or 0. What follows the last end of a line was cut off by
// a crash.
func read(r io.Reader, records map[string]Record) (damaged int, err error) {
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return damaged, nil
		}
		if err != nil {
			return damaged, err
		}
		var r Record
		if err := json.Unmarshal(line, &r); err == nil && r.Set != "" {
			records[r.Set] = r
		} else if damaged == 0 {
			damaged = n
		}
	}
}

func (j *Journal) path() string { return filepath.Join(j.dir, "journal") }

// rewrite writes what is known into a new file and removes kept files that
// nobody needs.
func (j *Journal) rewrite() error {
	j.stale = true
	text, err := linesOf(slices.Sorted(maps.Keys(j.records)), j.records)
	if err != nil {
		return err
	}
	next, err := os.OpenFile(j.path()+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = next.Write(text)
	if err = errors.Join(err, next.Sync()); err == nil {
		err = os.Rename(j.path()+".new", j.path())
	}
	if err == nil {
		err = syncDir(j.dir)
	}
	if err != nil {
		_ = os.Remove(j.path() + ".new") // or it has its name already
		return errors.Join(err, next.Close())
	}
	if j.file != nil {
		_ = j.file.Close() // replaced
	}
	j.file, j.size, j.least, j.stale = next, int64(len(text)), int64(len(text)), false
	j.sweep()
	return nil
}

// write notes records; last makes sure that they outlast a crash of the
// machine.
func (j *Journal) write(last bool, records ...Record) error {
	var sets []string
	for _, r := range records {
		j.garbage = j.garbage || len(j.records[r.Set].Before) > 0
		j.records[r.Set] = r
		sets = append(sets, r.Set)
	}
	if j.stale || !j.inPlace() {
		return j.rewrite()
	}
	text, err := linesOf(sets, j.records)
	if err != nil {
		return err
	}
	n, err := j.file.Write(text)
	if err == nil && last {
		err = j.file.Sync()
	}
	if err != nil {
		// A line that is cut off would hide what follows it.
		j.stale = true
		return errors.Join(err, j.file.Truncate(j.size), seekTo(j.file, j.size))
	}
	if j.size += int64(n); j.size > max(sizeMax, 2*j.least) {
		return j.rewrite()
	}
	return nil
}

// inPlace reports whether the open file is still the one with its name, which
// somebody may have removed.
func (j *Journal) inPlace() bool {
	named, err := os.Stat(j.path())
	if err != nil {
		return false
	}
	open, err := j.file.Stat()
	return err == nil && os.SameFile(named, open)
}

// linesOf returns the records of sets as they stand in the file.
func linesOf(sets []string, records map[string]Record) ([]byte, error) {
	var text bytes.Buffer
	for _, set := range sets {
		if err := json.NewEncoder(&text).Encode(records[set]); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

func seekTo(f *os.File, offset int64) error {
	_, err := f.Seek(offset, io.SeekStart)
	return err
}
