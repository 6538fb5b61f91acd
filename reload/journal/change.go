package journal

import (
	"errors"
	"time"
)

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
// replace it. It has reached the disk when Begin returns, unless the log says
// that the journal cannot be written.
func (j *Journal) Begin(changes []Change) {
	if j == nil || len(changes) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	before, err := j.keepAll(changes)
	var records []Record
	for i, c := range changes {
		r := j.records[c.Set]
		r.Set = c.Set
		records = append(records, r.next(c.Digest, before[i], time.Now()))
	}
	j.unkept = err != nil
	err = errors.Join(err, j.write(true, records...))
	if err == nil && j.garbage {
		j.sweep() // what replaces the records that named it is on disk
	}
	j.complain(err)
}

// Note notes the phase of the newest version of sets. It need not outlast a
// crash of the machine: what is done twice does no harm.
func (j *Journal) Note(p Phase, sets ...string) {
	j.update(false, sets, func(r Record) Record { return r.in(p, time.Now()) })
}

// NoteUndone notes that the versions before are back; with bad the newest ones
// are not to be tried again, which has reached the disk then.
func (j *Journal) NoteUndone(bad bool, sets ...string) {
	j.update(bad, sets, func(r Record) Record { return r.undone(bad, time.Now()) })
}

func (j *Journal) update(last bool, sets []string, change func(Record) Record) {
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
	if err := j.write(last, records...); err != nil || !j.unkept {
		j.complain(err)
	}
}
