package cluster

import (
	"context"
	"errors"
	"time"
)

// Version is the revision of the store at which a key was last written: etcd's
// mod_revision, Consul's ModifyIndex. It grows with each write and is never
// used again for the same key, so it is also the fencing token of a key that is
// only ever created and deleted.
type Version uint64

// Absent is the [Version] of a key that is not there.
const Absent Version = 0

// Entry is one key as it was read.
type Entry struct {
	Key     string // below the namespace: inst/web/web-1
	Value   []byte
	Version Version
	Owned   bool // it vanishes with the session of somebody
}

// View is everything below a prefix at one moment, sorted by key.
type View struct {
	Entries []Entry
	// Revision is that of the store when this was read (etcd), or when anything
	// below the prefix was last changed (Consul). Within one watch it never falls;
	// those of different prefixes say nothing about each other.
	Revision uint64
}

// Condition is that a key still has a version; [Absent] is that it is not there.
type Condition struct {
	Key     string
	Version Version
}

// Write is one change.
type Write struct {
	Key    string
	Value  []byte
	Delete bool
	// Session, if set, is who the key vanishes with, whoever owned it before. A
	// key is written with a session always or never: what a write without one
	// does to a key that is owned differs from store to store.
	Session Session
}

// Txn is done as a whole or not at all. The store takes at least 32 conditions
// and 32 writes, and at least 256 KiB of values. It writes a key once at most.
type Txn struct {
	If   []Condition
	Then []Write
}

// Store is what is asked of a key-value store. Its methods may be called
// concurrently. Keys are relative to the namespace that the store was opened
// with, so two namespaces never meet.
type Store interface {
	// Read returns what is below prefix, linearizable: it has seen every commit
	// that was confirmed before the call.
	Read(ctx context.Context, prefix string) (View, error)
	// Watch calls see with the whole of prefix, first as it is and then after
	// changes; several of them may be told by one call. It returns when ctx ends
	// (with nil), or with an error when it lost the store; then the caller watches
	// again, after a pause.
	Watch(ctx context.Context, prefix string, see func(View)) error
	// Commit does the transaction if all its conditions hold, and says whether it
	// did. With an error nobody knows; the caller reads and looks. [ErrLost] and
	// [ErrTooLarge] are the exceptions: with them nothing was done.
	Commit(ctx context.Context, t Txn) (bool, error)
	// Open opens a session that is kept alive until it is lost or closed. The
	// store ends it when nothing was heard of it for ttl; Consul may take twice
	// as long. ttl is 10 s to 24 h, in whole seconds.
	Open(ctx context.Context, ttl time.Duration) (Session, error)
	// Close stops keeping sessions alive and closes their Lost, as the death of the
	// process would: the store ends them when it hears nothing more of them. Calls
	// end with an error then, those under way, too.
	Close() error
}

// Session is a lease: the keys written with it vanish with it. Its methods may
// be called concurrently.
type Session interface {
	// ID is how the store calls it.
	ID() string
	// Fresh is how long ago, on this machine's monotonic clock, a request was
	// sent that the store answered with "alive". Whoever acts for the fleet does
	// not begin when this is more than half of the ttl.
	Fresh() time.Duration
	// Lost is closed when the session has ended: the store said so, or it was
	// closed. A store that is away ends nothing by that: the session goes on when
	// it comes back in time, and only Fresh tells.
	Lost() <-chan struct{}
	// Close ends it and so deletes its keys.
	Close(ctx context.Context) error
}

var (
	// ErrTooLarge says that a transaction is more than the store takes.
	ErrTooLarge = errors.New("too large for the store")
	// ErrLost says that the session of a write has ended.
	ErrLost = errors.New("the session has ended")
)
