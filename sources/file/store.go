package file

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"concierge/sources"
)

// editor reads and changes the store, with the lock held while it changes.
type editor interface {
	// begin prepares for the calls below. An error means that the store as a
	// whole cannot be read.
	begin() error
	// get returns the answer to a Key query.
	get(key string) (sources.Value, error)
	// list returns the answer to a Tree query.
	list(prefix string) (sources.Value, error)
	put(key, value string) error
	// remove removes keys, all of which exist.
	remove(keys []string) error
}

// Get implements [sources.Store].
func (s *Source) Get(_ context.Context, key string) (sources.KeyPair, error) {
	if err := s.checkKey(key); err != nil {
		return sources.KeyPair{}, err
	}
	e, _ := s.editor(false)
	v, err := readWith(e, key, editor.get)
	if err == nil && !v.Exists {
		err = sources.ErrNotFound
	}
	if err != nil {
		return sources.KeyPair{}, fmt.Errorf("getting %s from %s: %w", key, s.cfg.Path, err)
	}
	return v.Data.(sources.KeyPair), nil
}

// readWith asks a store that is opened for this one question.
func readWith(e editor, path string, ask func(editor, string) (sources.Value, error)) (sources.Value, error) {
	if err := e.begin(); err != nil {
		return sources.Value{}, err
	}
	return ask(e, path)
}

// List implements [sources.Store].
func (s *Source) List(_ context.Context, prefix string) (sources.Pairs, error) {
	e, _ := s.editor(false)
	v, err := readWith(e, prefix, editor.list)
	if err != nil {
		return nil, fmt.Errorf("listing %q in %s: %w", prefix, s.cfg.Path, err)
	}
	pairs, _ := v.Data.(sources.Pairs)
	return pairs, nil
}

// Put implements [sources.Store]. It creates the directory or document when
// there is none. Concurrent edits through concierge, also of other processes
// of this machine, wait for each other.
func (s *Source) Put(ctx context.Context, key, value string, cas *uint64) error {
	if err := s.checkKey(key); err != nil {
		return err
	}
	e, dir := s.editor(true)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("putting %s: creating directory: %w", key, err)
	}
	return s.edit(ctx, e, dir, "putting "+key, func() error {
		if err := check(e, key, cas); err != nil {
			return err
		}
		return e.put(key, value)
	})
}

// check compares the index of the key with the expected one, if there is one.
func check(e editor, key string, cas *uint64) error {
	if cas == nil {
		return nil
	}
	v, err := e.get(key)
	if err != nil {
		return err
	}
	now, _ := v.Data.(sources.KeyPair)
	if now.ModifyIndex != *cas {
		return fmt.Errorf("%w: its index is %d, not %d; get the key again", sources.ErrConflict, now.ModifyIndex, *cas)
	}
	return nil
}

// Delete implements [sources.Store].
func (s *Source) Delete(ctx context.Context, key string) error {
	if err := s.checkKey(key); err != nil {
		return err
	}
	e, dir := s.editor(false)
	return s.edit(ctx, e, dir, "deleting "+key, func() error {
		v, err := e.get(key)
		if err == nil && !v.Exists {
			err = sources.ErrNotFound
		}
		if err != nil {
			return err
		}
		return e.remove([]string{key})
	})
}

// DeleteTree implements [sources.Store]. In a document it is one step; in a
// directory the files are removed one after the other.
func (s *Source) DeleteTree(ctx context.Context, prefix string) (int, error) {
	e, dir := s.editor(false)
	var keys []string
	err := s.edit(ctx, e, dir, fmt.Sprintf("deleting all of %q", prefix), func() error {
		v, err := e.list(prefix)
		if err != nil || !v.Exists {
			return err
		}
		for _, p := range v.Data.(sources.Pairs) {
			keys = append(keys, p.Path)
		}
		return e.remove(keys)
	})
	if err != nil {
		return 0, err
	}
	return len(keys), nil
}

// edit runs a change with the store locked and read.
func (s *Source) edit(ctx context.Context, e editor, dir, doing string, change func() error) error {
	unlock, err := lock(ctx, dir)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer unlock()
	if err := e.begin(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := change(); err != nil {
		return fmt.Errorf("%s in %s: %w", doing, s.cfg.Path, err)
	}
	return nil
}

// editor returns the editor of the store and the directory to lock. With
// create, a document that does not exist is taken for an empty one.
func (s *Source) editor(create bool) (editor, string) {
	if !s.isDocument() {
		return treeEditor{&treeReader{root: s.cfg.Path, log: s.log, warned: make(map[string]bool)}}, s.cfg.Path
	}
	dir := filepath.Dir(s.cfg.Path)
	if real, err := filepath.EvalSymlinks(s.cfg.Path); err == nil {
		dir = filepath.Dir(real) // two links to one document share one lock
	}
	return &docEditor{path: s.cfg.Path, create: create}, dir
}

// maxName is the longest name of a file, in bytes, that Linux has.
const maxName = 255

// checkKey rejects keys that the store could not hold.
func (s *Source) checkKey(key string) error {
	bad := func(reason string) error {
		return invalidf("key %q %s; use names joined by single slashes, as in app/port", key, reason)
	}
	switch {
	case key == "":
		return bad("is empty")
	case strings.ContainsRune(key, 0):
		return bad("has a NUL character")
	}
	for part := range strings.SplitSeq(key, "/") {
		switch {
		case part == "":
			return bad("has an empty part")
		case s.isDocument():
		case part == "." || part == "..":
			return bad("has the part " + part)
		case hidden(part):
			return bad("has a part that begins with a dot or ends in a tilde, which are not keys in a directory")
		case len(part) > maxName:
			return bad(fmt.Sprintf("has a part of more than %d bytes", maxName))
		}
	}
	return nil
}
