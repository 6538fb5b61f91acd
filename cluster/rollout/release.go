package rollout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"concierge/cluster"
)

const (
	// MaxRelease is how many bytes the values of a release may have by default.
	MaxRelease = 512 << 10
	// partSize keeps a part with its key below what every store takes.
	partSize = 200 << 10
)

// Release is what makes one rendering of a set differ from another: the texts of
// its templates, by digest, and the values that all instances share. It never
// has secrets: they are each instance's own, and are not undone by going back.
type Release struct {
	Templates []string          `json:"templates"` // digests, sorted
	Values    map[string][]byte `json:"values"`    // by query
}

// manifest is what is said of a release; it is written last, so where it is the
// parts are.
type manifest struct {
	Parts int    `json:"parts"`
	Bytes int    `json:"bytes"`
	By    string `json:"by"`
}

// Errors of releases.
var (
	ErrNoRelease = errors.New("the release is not in the store")
	ErrDamaged   = errors.New("the release in the store is damaged: publish it again by an edit of the sources")
)

// SizeError says that a release is not stored because it is too large. It is a
// [cluster.ErrTooLarge].
type SizeError struct {
	Set, Release string
	Bytes, Limit int
}

// Error says what to do.
func (e *SizeError) Error() string {
	name := e.Set[strings.LastIndexByte(e.Set, '.')+1:]
	return fmt.Sprintf("release %.12s of set %s has %d bytes, and %d are stored at most: use less of the shared keys, give parts of it a rollout of their own, or raise cluster.rollouts.%s.max_bytes of all instances and start them again",
		e.Release, e.Set, e.Bytes, e.Limit, name)
}

// Unwrap implements errors.Unwrap.
func (e *SizeError) Unwrap() error { return cluster.ErrTooLarge }

// body is the one form of a release: templates and values in order.
func (r Release) body() []byte {
	r.Templates = slices.Sorted(slices.Values(r.Templates))
	data, err := json.Marshal(r) // maps are written in order of their keys
	if err != nil {
		panic("encoding a release: " + err.Error()) // strings and bytes cannot fail
	}
	return data
}

// ID names a release by its content: equal content has an equal name on every
// instance, and what is loaded under a name is verified by it.
func (r Release) ID() string { return digest(r.body()) }

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16])
}

// Publish writes a release, at most limit bytes of it (default [MaxRelease]),
// and returns its id. A release that is there already is left as it is. It may
// be called again after an error.
func Publish(ctx context.Context, store cluster.Store, set string, r Release, by string, limit int) (string, error) {
	body := r.body()
	id := digest(body)
	if limit == 0 {
		limit = MaxRelease
	}
	if len(body) > limit {
		return "", fmt.Errorf("publishing a release: %w", &SizeError{set, id, len(body), limit})
	}
	parts := slices.Collect(slices.Chunk(body, partSize))
	for n, part := range parts {
		if err := create(ctx, store, partKey(set, id, n), part); err != nil {
			return "", fmt.Errorf("publishing part %d of release %s: %w", n, id, err)
		}
	}
	if err := create(ctx, store, manifestKey(set, id), encode(manifest{len(parts), len(body), by})); err != nil {
		return "", fmt.Errorf("publishing release %s: %w", id, err)
	}
	return id, nil
}

// create writes a key that is not there yet; another one of the same name has
// the same content.
func create(ctx context.Context, store cluster.Store, key string, value []byte) error {
	_, err := store.Commit(ctx, cluster.Txn{If: []cluster.Condition{{Key: key}}, Then: []cluster.Write{{Key: key, Value: value}}})
	return err
}

// Load reads a release and verifies that it is the one of that name.
func Load(ctx context.Context, store cluster.Store, set, id string) (Release, error) {
	view, err := store.Read(ctx, manifestKey(set, id))
	if err != nil {
		return Release{}, fmt.Errorf("loading release %s: %w", id, err)
	}
	body, err := assemble(view, set, id)
	if err != nil {
		return Release{}, fmt.Errorf("loading release %s: %w", id, err)
	}
	var r Release
	if err := json.Unmarshal(body, &r); err != nil {
		return Release{}, fmt.Errorf("loading release %s: %w: %w", id, ErrDamaged, err)
	}
	return r, nil
}

func assemble(view cluster.View, set, id string) ([]byte, error) {
	var m manifest
	var body []byte
	found, parts := false, 0
	for _, e := range view.Entries {
		var err error
		switch {
		case e.Key == manifestKey(set, id):
			found = true
			m, err = decode[manifest](e.Value)
		case e.Key == partKey(set, id, parts): // they are in order
			parts++
			body = append(body, e.Value...)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	if !found {
		return nil, ErrNoRelease
	}
	if parts != m.Parts || digest(body) != id {
		return nil, ErrDamaged
	}
	return body, nil
}

// Prune deletes the releases that nobody can be told to run any more: all but
// those that the record names. It is conditional on the record, and on what else
// is given: a leader gives its term, or it could delete what the next leader
// has published and not proposed yet.
func Prune(ctx context.Context, store cluster.Store, v View, also ...cluster.Condition) error {
	view, err := store.Read(ctx, releasePrefix(v.Set))
	if err != nil {
		return fmt.Errorf("looking for old releases of set %s: %w", v.Set, err)
	}
	keep := []string{v.Record.From, v.Record.To, v.Good.Release}
	for _, e := range view.Entries { // a manifest is before its parts: where it is, they are
		part, _, _ := strings.Cut(strings.TrimPrefix(e.Key, releasePrefix(v.Set)), "/")
		if id, _ := Unescape(part); slices.Contains(keep, id) {
			continue
		}
		t := cluster.Txn{If: append([]cluster.Condition{v.record()}, also...), Then: []cluster.Write{{Key: e.Key, Delete: true}}}
		done, err := store.Commit(ctx, t)
		if err != nil {
			return fmt.Errorf("deleting old release %s of set %s: %w", e.Key, v.Set, err)
		}
		if !done {
			return nil // another look, later
		}
	}
	return nil
}
