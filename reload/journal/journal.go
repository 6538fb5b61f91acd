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
	file    *os.File          // guarded by mu
	size    int64             // guarded by mu
	records map[string]Record // guarded by mu
	failed  bool              // guarded by mu; the last write failed, and the log says so
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
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("the state directory %s is in use by another concierge; each needs its own (see state_dir)", dir)
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

// load reads the journal. A line that cannot be read ends it.
func (j *Journal) load() error {
	f, err := os.Open(j.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return err
			}
			return nil // complete, or cut off by a crash
		}
		var r Record
		if err := json.Unmarshal(line, &r); err != nil || r.Set == "" {
			j.log.Warn("journal is damaged, what follows is forgotten", "file", j.path(), "line", n)
			return nil
		}
		j.records[r.Set] = r
	}
}

func (j *Journal) path() string { return filepath.Join(j.dir, "journal") }

// rewrite writes what is known into a new file and removes kept files that
// nobody needs.
func (j *Journal) rewrite() error {
	var text bytes.Buffer
	for _, set := range slices.Sorted(maps.Keys(j.records)) {
		if err := json.NewEncoder(&text).Encode(j.records[set]); err != nil {
			return err
		}
	}
	next, err := os.OpenFile(j.path()+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = next.Write(text.Bytes())
	if err = errors.Join(err, next.Sync()); err == nil {
		err = os.Rename(j.path()+".new", j.path())
	}
	if err != nil {
		return errors.Join(err, next.Close())
	}
	if j.file != nil {
		_ = j.file.Close() // replaced
	}
	j.file, j.size = next, int64(text.Len())
	j.sweep()
	return syncDir(j.dir)
}

// write appends records; last makes sure that they outlast a crash of the
// machine.
func (j *Journal) write(last bool, records ...Record) error {
	var text bytes.Buffer
	for _, r := range records {
		if err := json.NewEncoder(&text).Encode(r); err != nil {
			return err
		}
	}
	n, err := j.file.Write(text.Bytes())
	if err != nil {
		// A line that is cut off would hide what follows it.
		return errors.Join(err, j.file.Truncate(j.size), seekTo(j.file, j.size))
	}
	j.size += int64(n)
	for _, r := range records {
		j.records[r.Set] = r
	}
	if last {
		err = j.file.Sync()
	}
	if err == nil && j.size > sizeMax && int64(len(j.records))*512 < j.size {
		err = j.rewrite()
	}
	return err
}

func seekTo(f *os.File, offset int64) error {
	_, err := f.Seek(offset, io.SeekStart)
	return err
}

// complain logs the first of several failures: configuration goes on without
// the journal.
func (j *Journal) complain(err error) {
	switch {
	case err != nil && !j.failed:
		j.log.Error("journal cannot be written; until it can, a crash may repeat actions or leave a set half in place", "dir", j.dir, "error", err)
	case err == nil && j.failed:
		j.log.Info("journal can be written again", "dir", j.dir)
	}
	j.failed = err != nil
}

// Change is a version of a set that is about to be put in place.
type Change struct {
	Set, Digest string
	Paths       []string // of its files, or of links
}

// Begin keeps what is in place and notes that these versions are about to
// replace it. It has reached the disk when Begin returns.
func (j *Journal) Begin(changes []Change) {
	if j == nil || len(changes) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var records []Record
	for _, c := range changes {
		r := j.records[c.Set]
		r.Set = c.Set
		before, err := j.keep(c.Paths)
		if err != nil {
			j.complain(err)
			return
		}
		records = append(records, r.next(c.Digest, before, time.Now()))
	}
	j.complain(j.write(true, records...))
}

// Note notes the phase of the newest version of sets. It need not outlast a
// crash of the machine: what is done twice does no harm.
func (j *Journal) Note(p Phase, sets ...string) {
	j.update(sets, func(r Record) Record { return r.in(p, time.Now()) })
}

// NoteUndone notes that the versions before are back; with bad the newest ones
// are not to be tried again.
func (j *Journal) NoteUndone(bad bool, sets ...string) {
	j.update(sets, func(r Record) Record { return r.undone(bad, time.Now()) })
}

func (j *Journal) update(sets []string, change func(Record) Record) {
	if j == nil || len(sets) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var records []Record
	for _, set := range sets {
		if r, ok := j.records[set]; ok {
			records = append(records, change(r))
		}
	}
	j.complain(j.write(false, records...))
}
