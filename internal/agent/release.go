package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"concierge/cluster/rollout"
	"concierge/render"
	"concierge/render/output"
	"concierge/sources"
)

// shared reports whether what a query asks for is the same for all instances and
// no secret: keys and trees of the stores of configuration.
func shared(q sources.Query) bool {
	return (q.Kind == sources.Key || q.Kind == sources.Tree) && q.Source != vaultName && q.Source != localName
}

// still shows the shared values of a snapshot as a release keeps them: without
// what differs although the value does not, such as revisions. A value that has
// gone from the store is the one that is still in use.
type still struct{ now render.Lookup }

// Lookup implements [render.Lookup].
func (s still) Lookup(q sources.Query) (sources.Value, bool) {
	v, ok := s.now.Lookup(q)
	if ok && shared(q) && !v.Tainted {
		v = bare(v)
	}
	return v, ok
}

// bare is a value without revisions.
func bare(v sources.Value) sources.Value {
	switch data := v.Data.(type) {
	case sources.KeyPair:
		v.Data = sources.KeyPair{Path: data.Path, Key: data.Key, Value: data.Value, Flags: data.Flags}
	case sources.Pairs:
		pairs := make(sources.Pairs, len(data))
		for i, p := range data {
			pairs[i] = sources.KeyPair{Path: p.Path, Key: p.Key, Value: p.Value, Flags: p.Flags}
		}
		v.Data = pairs
	}
	v.Exists = v.Data != nil
	return v
}

// pinned shows the shared values of a release, and all others as they are now.
// What the release does not have is as it is now, too: this instance asks for
// something that the one which made the release did not.
type pinned struct {
	now    render.Lookup
	values map[string]sources.Value
}

// Lookup implements [render.Lookup].
func (p pinned) Lookup(q sources.Query) (sources.Value, bool) {
	if shared(q) {
		if v, ok := p.values[queryName(q)]; ok {
			return v, true
		}
	}
	return still{p.now}.Lookup(q)
}

// queryName names a query in a release.
func queryName(q sources.Query) string {
	o := q.Opts()
	text, _ := json.Marshal([]any{q.Source, q.Kind.String(), q.Path, o}) // strings cannot fail
	return string(text)
}

// wireValue is a value in a release; null is one that is not there.
type wireValue struct {
	Key  *wirePair   `json:"key,omitempty"`
	Tree *[]wirePair `json:"tree,omitempty"`
}

type wirePair struct {
	Path  string `json:"path"`
	Value []byte `json:"value"` // may be any bytes
	Flags uint64 `json:"flags,omitempty"`
}

func encodeValue(v sources.Value) []byte {
	var w *wireValue
	switch data := v.Data.(type) {
	case sources.KeyPair:
		w = &wireValue{Key: &wirePair{data.Path, []byte(data.Value), data.Flags}}
	case sources.Pairs:
		tree := make([]wirePair, len(data))
		for i, p := range data {
			tree[i] = wirePair{p.Path, []byte(p.Value), p.Flags}
		}
		w = &wireValue{Tree: &tree}
	}
	text, _ := json.Marshal(w) // strings and bytes cannot fail
	return text
}

func decodeValue(text []byte) (v sources.Value, err error) {
	var w *wireValue
	if err := json.Unmarshal(text, &w); err != nil || w == nil {
		return v, err
	}
	pair := func(p wirePair) sources.KeyPair {
		return sources.KeyPair{Path: p.Path, Value: string(p.Value), Flags: p.Flags}
	}
	switch {
	case w.Key != nil:
		v = sources.Value{Exists: true, Data: pair(*w.Key)}
	case w.Tree != nil:
		pairs := make(sources.Pairs, len(*w.Tree))
		for i, p := range *w.Tree {
			pairs[i] = pair(p)
		}
		v = sources.Value{Exists: true, Data: pairs}
	}
	return v, nil
}

// valuesOf reads the values of a release.
func valuesOf(r rollout.Release) (map[string]sources.Value, error) {
	values := make(map[string]sources.Value, len(r.Values))
	for name, text := range r.Values {
		v, err := decodeValue(text)
		if err != nil {
			return nil, fmt.Errorf("reading a value of release %s: %w", r.ID(), err)
		}
		values[name] = v
	}
	return values, nil
}

// releaseOf is what the units make now: their texts, and the shared values that
// they used.
func releaseOf(units []*unit, now render.Lookup) rollout.Release {
	r := rollout.Release{Values: make(map[string][]byte)}
	r.Templates = textsOf(units)
	for _, u := range units {
		for _, q := range u.asks {
			v, ok := now.Lookup(q)
			if !shared(q) || !ok || v.Tainted {
				continue
			}
			r.Values[queryName(q)] = encodeValue(bare(v))
		}
	}
	return r
}

// textsOf are the digests of the units' texts, sorted.
func textsOf(units []*unit) []string {
	var texts []string
	for _, u := range units {
		texts = append(texts, hex.EncodeToString(u.text[:16]))
	}
	slices.Sort(texts)
	return texts
}

// releaseFile is where a release is kept for a start without the store. It has
// no secrets, but what it has is nobody else's business either.
func releaseFile(dir, name string) string { return filepath.Join(dir, "release-"+name+".json") }

func writeRelease(dir, name string, r rollout.Release) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	staged, err := output.Stage(output.Target{Path: releaseFile(dir, name), Mode: 0o600, CreateDirs: true, Write: output.Rename}, text)
	if err != nil {
		return err
	}
	return errors.Join(staged.Commit(), staged.Discard())
}

func readRelease(dir, name string) (r rollout.Release, err error) {
	if dir == "" {
		return r, fs.ErrNotExist
	}
	text, err := os.ReadFile(releaseFile(dir, name))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// identityDigest is the digest of what makes a unit what it is.
func identityDigest(kind string, parts ...any) digest {
	text, err := json.Marshal(parts)
	if err != nil {
		panic("encoding a setting: " + err.Error()) // it was read from a file
	}
	return sha256.Sum256(append([]byte(kind+"\x00"), text...))
}
