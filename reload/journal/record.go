package journal

import (
	"io/fs"
	"slices"
	"time"
)

// Phase is how far a version of a set has come.
type Phase string

// The phases, in their order.
const (
	Committing Phase = "committing" // its files are being put in place
	Committed  Phase = "committed"  // they are; what follows is owed
	Acted      Phase = "acted"      // everybody was told, the checks go on
	Healthy    Phase = "healthy"    // nothing is left to do
	Undoing    Phase = "undoing"    // the version before is being put back, then everybody is told
	Undone     Phase = "undone"     // the version before is back
)

// File is a file as it was before a version was put in place.
type File struct {
	Path   string      `json:"path"`
	Absent bool        `json:"absent,omitempty"`
	Link   string      `json:"link,omitempty"` // where a symbolic link pointed
	Sum    string      `json:"sum,omitempty"`  // of the content, which is kept
	Mode   fs.FileMode `json:"mode,omitempty"`
	UID    int         `json:"uid,omitempty"`
	GID    int         `json:"gid,omitempty"`
}

// Record is what is known of one set.
type Record struct {
	Set    string    `json:"set"`
	Digest string    `json:"digest,omitempty"` // of the version
	Phase  Phase     `json:"phase,omitempty"`
	At     time.Time `json:"at"`
	// Before is what was in place before the version, and BeforeDigest its
	// digest, if concierge had put it there.
	Before       []File `json:"before,omitempty"`
	BeforeDigest string `json:"before_digest,omitempty"`
	// Bad are the digests of versions that were undone, the last one last.
	Bad []string `json:"bad,omitempty"`
	// Why is what was wrong with the last of them.
	Why string `json:"why,omitempty"`
}

// badMax is how many bad versions of a set are remembered.
const badMax = 8

// IsBad reports whether a version was undone.
func (r Record) IsBad(digest string) bool { return slices.Contains(r.Bad, digest) }

// proven reports whether the newest version is one to go back to.
func (r Record) proven() bool { return r.Phase == "" || r.Phase == Healthy || r.Phase == Undone }

// next is the record of a new version, before which the disk held before. If
// the newest version was not proven what was before that stays what to go back
// to, with all of its files: it may be half in place.
func (r Record) next(digest string, before []File, now time.Time) Record {
	n := Record{Set: r.Set, Digest: digest, Phase: Committing, At: now, Before: before, BeforeDigest: r.Digest, Bad: r.Bad, Why: r.Why}
	if r.proven() {
		return n
	}
	n.Before, n.BeforeDigest = slices.Clone(r.Before), r.BeforeDigest
	for _, f := range before {
		if !slices.ContainsFunc(r.Before, func(old File) bool { return old.Path == f.Path }) {
			n.Before = append(n.Before, f)
		}
	}
	return n
}

// in is the record in another phase.
func (r Record) in(p Phase, now time.Time) Record {
	r.Phase, r.At = p, now
	if p == Healthy {
		r.Bad = slices.DeleteFunc(slices.Clone(r.Bad), func(d string) bool { return d == r.Digest })
	}
	return r
}

// undone is the record after the version before is back.
func (r Record) undone(bad bool, now time.Time) Record {
	n := Record{Set: r.Set, Digest: r.BeforeDigest, Phase: Undone, At: now, Bad: slices.Clone(r.Bad), Why: r.Why}
	if bad && !r.IsBad(r.Digest) {
		n.Bad = append(n.Bad, r.Digest)
		n.Bad = n.Bad[max(0, len(n.Bad)-badMax):]
	}
	return n
}
