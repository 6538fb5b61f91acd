package sources

import (
	"context"
	"errors"
)

// Source keeps a set of queries current.
//
// Implementations decide alone how to serve the set: one stream, one prefix
// watch, one blocking query. A source that is away never reports absence and
// never reports half the truth: it reports [Update.Err] once, retries with
// [Backoff] for ever, and goes on where it was.
type Source interface {
	// Watch serves until ctx ends and then returns; it starts and awaits its
	// own goroutines. It is called once.
	//
	// wanted delivers the complete set whenever it changes; the newest set
	// wins and an empty set means nothing is wanted. Watch must always be
	// ready to take a new set, also while its store is away.
	//
	// publish hands a batch to the agent. It may block for a short while; it
	// must not be called concurrently, and not after Watch has returned.
	// Every query of a new set that was not in the set before is answered
	// (in Values or Failed) as soon as the store allows, also if absent.
	Watch(ctx context.Context, wanted <-chan []Query, publish func(Update))
}

// Update is one batch.
type Update struct {
	// Source is the name of the source that reports.
	Source string
	// Values holds the complete new answers of the queries that changed or
	// were answered for the first time. All of them are of one store revision
	// as far as the store can tell; the implementation says in its package
	// comment what is guaranteed.
	Values map[Query]Value
	// Failed holds queries which the store refuses to answer (permission
	// denied, malformed path, …). Their last good value stays. A later entry
	// in Values ends the failure.
	Failed map[Query]error
	// Err is set when the source as a whole became unreachable. It is
	// reported once per outage, and the first update without Err ends the
	// outage; that update may be empty.
	Err error
}

// Store is the extra ability of a source whose keys can be listed and edited
// by the kv command. Calls may be concurrent.
type Store interface {
	// Get returns the key, or an error that matches [ErrNotFound].
	Get(ctx context.Context, key string) (KeyPair, error)
	// List returns all keys that start with prefix, sorted by path bytewise.
	// No match is an empty list, not an error.
	List(ctx context.Context, prefix string) (Pairs, error)
	// Put sets the key. With cas set, the key is only set while its
	// ModifyIndex still equals *cas (0: while the key does not exist), else
	// the error matches [ErrConflict].
	Put(ctx context.Context, key, value string, cas *uint64) error
	// Delete removes the key, or an error matches [ErrNotFound].
	Delete(ctx context.Context, key string) error
	// DeleteTree removes all keys that start with prefix in one step as far
	// as the store allows, and returns how many there were.
	DeleteTree(ctx context.Context, prefix string) (int, error)
}

var (
	// ErrNotFound says that the store confirmed the absence of a key.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that a compare-and-set met another value.
	ErrConflict = errors.New("changed by somebody else")
	// ErrDenied says that the store refused the credentials. It is permanent
	// until an operator changes the token or its policy.
	ErrDenied = errors.New("permission denied")
	// ErrInvalid says that the key or value itself is one that the store could
	// never hold, or not while its other keys are as they are: to ask again
	// does not help.
	ErrInvalid = errors.New("not possible")
)
