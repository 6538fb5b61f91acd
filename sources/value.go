package sources

import (
	"reflect"
	"slices"
	"time"
)

// Value is the answer to one [Query]. It is immutable.
type Value struct {
	// Exists is false when the store confirmed that there is nothing.
	// A Tree or SecretList without entries does not exist either.
	Exists bool
	// Data is of the type that [Kind] names. When Exists is false it is nil,
	// or the last data that did exist (see [Snapshot.With]).
	Data any
	// Tainted marks data that must never be shown: outputs made from it are
	// masked in diffs, logs and errors.
	Tainted bool
}

// Equal reports whether two answers are the same to a template.
func (v Value) Equal(w Value) bool {
	if v.Exists != w.Exists || v.Tainted != w.Tainted {
		return false
	}
	switch a := v.Data.(type) {
	case KeyPair:
		b, ok := w.Data.(KeyPair)
		return ok && a == b
	case Pairs:
		b, ok := w.Data.(Pairs)
		return ok && slices.Equal(a, b)
	case Names:
		b, ok := w.Data.(Names)
		return ok && slices.Equal(a, b)
	}
	return reflect.DeepEqual(v.Data, w.Data)
}

// KeyPair is one key of a store. The fields are those that consul-template
// shows to templates; a store that has no such notion leaves a field zero.
type KeyPair struct {
	// Path is the full key, without a leading slash.
	Path string
	// Key is the key relative to the prefix it was asked by. Sources leave it
	// empty; the template functions fill it in.
	Key   string
	Value string

	CreateIndex uint64 // etcd: create_revision
	ModifyIndex uint64 // etcd: mod_revision
	LockIndex   uint64
	Flags       uint64
	Session     string
}

// Pairs is the answer to a Tree query, sorted by Path bytewise.
type Pairs []KeyPair

// Names is the sorted answer to a SecretList query.
type Names []string

// SecretData is the answer to a Secret query, with the field names that
// consul-template shows to templates. For KV version 2 the user's data is
// below Data["data"], as Vault itself has it.
type SecretData struct {
	RequestID     string
	LeaseID       string
	LeaseDuration int // seconds
	Renewable     bool
	Data          map[string]any
	Warnings      []string
	Auth          *SecretAuth
	WrapInfo      *SecretWrapInfo
}

// SecretAuth is the authentication part of a secret.
type SecretAuth struct {
	ClientToken   string
	Accessor      string
	Policies      []string
	Metadata      map[string]string
	LeaseDuration int // seconds
	Renewable     bool
}

// SecretWrapInfo is the response-wrapping part of a secret.
type SecretWrapInfo struct {
	Token           string
	TTL             int // seconds
	CreationTime    time.Time
	WrappedAccessor string
}
