package journal

import (
	"slices"
	"time"
)

// Halfway reports whether files of two versions may be in place, and what is to
// be in place is the version before.
func (p Phase) Halfway() bool { return p == Committing || p == Undoing }

// Unproven reports whether a version is in place that may turn out to be bad.
func (p Phase) Unproven() bool { return p == Committed || p == Acted }

// NoteUndoing notes that the versions before are about to be put back; with bad
// the newest ones are not to be tried again, because of why. It has reached the disk when
// NoteUndoing returns. NoteUndone follows once everybody was told, and a crash
// in between leaves both to be done.
func (j *Journal) NoteUndoing(bad bool, why string, sets ...string) {
	if j == nil || len(sets) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var records []Record
	for _, set := range sets {
		if r, ok := j.records[set]; ok {
			records = append(records, r.undoing(bad, why, time.Now()))
		}
	}
	j.complain(j.write(true, records...))
}

// undoing is the record while the version before is put back.
func (r Record) undoing(bad bool, why string, now time.Time) Record {
	r.Phase, r.At = Undoing, now
	if bad {
		r.Why = why
	}
	if bad && !r.IsBad(r.Digest) {
		r.Bad = append(slices.Clone(r.Bad), r.Digest)
		r.Bad = r.Bad[max(0, len(r.Bad)-badMax):]
	}
	return r
}
