package cluster

import (
	"bytes"
	"slices"
	"strings"
)

// Equal reports whether two entries are the same version of the same key.
func (e Entry) Equal(o Entry) bool {
	return e.Key == o.Key && e.Version == o.Version && e.Owned == o.Owned && bytes.Equal(e.Value, o.Value)
}

// Get returns the entry of a key, or one that is [Absent].
func (v View) Get(key string) Entry {
	if i, found := v.Find(key); found {
		return v.Entries[i]
	}
	return Entry{Key: key}
}

// Find returns where a key is among the entries, or would be.
func (v View) Find(key string) (int, bool) {
	return slices.BinarySearchFunc(v.Entries, key, func(e Entry, key string) int { return strings.Compare(e.Key, key) })
}

// Same reports whether both have the same entries, whatever the revision.
func (v View) Same(o View) bool { return slices.EqualFunc(v.Entries, o.Entries, Entry.Equal) }

// With returns the view with an entry put in, or taken out when it is
// [Absent]. The view itself is changed and must not be used any more.
func (v View) With(e Entry) View {
	i, found := v.Find(e.Key)
	switch {
	case e.Version == Absent && found:
		v.Entries = slices.Delete(v.Entries, i, i+1)
	case e.Version != Absent && found:
		v.Entries[i] = e
	case e.Version != Absent:
		v.Entries = slices.Insert(v.Entries, i, e)
	}
	return v
}
