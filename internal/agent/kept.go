package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"concierge/reload"
	"concierge/reload/journal"
	"concierge/render/output"
)

// kept is a file of the journal on its way back.
type kept struct {
	journal *journal.Journal
	file    journal.File
	write   string // how the file is put in place
}

// kept is how a file of the set gets back as it was.
func (s *set) kept(j *journal.Journal, f journal.File) kept {
	k := kept{journal: j, file: f, write: output.Rename}
	for _, u := range s.units {
		if u.target.Write == output.InPlace && placeOf(u.target) == f.Path {
			k.write = output.InPlace
		}
	}
	return k
}

// placeOf is the path of what a target replaces.
func placeOf(t output.Target) string {
	if t.Write != output.Follow && t.Write != output.InPlace {
		return t.Path
	}
	if real, err := filepath.EvalSymlinks(t.Path); err == nil {
		return real
	}
	return t.Path
}

// Stage implements reload.File.
func (k kept) Stage() (reload.Staged, error) {
	f := k.file
	switch {
	case f.Absent:
		return removal{f.Path}, nil
	case filepath.Base(f.Path) == treeLink:
		return restoredTree{relink{f.Path, f.Link}}, nil
	case f.Link != "":
		return relink{f.Path, f.Link}, nil
	}
	content, err := k.journal.Content(f)
	if err != nil {
		return nil, err
	}
	return output.Stage(output.Target{
		Path: f.Path, Mode: f.Mode, User: strconv.Itoa(f.UID), Group: strconv.Itoa(f.GID), CreateDirs: true, Write: k.write,
	}, content)
}

// removal takes away a file that was not there before.
type removal struct{ path string }

// Path, Changed, Flush, Rollback and Discard have nothing to say or do.
func (r removal) Path() string  { return r.path }
func (removal) Changed() bool   { return true }
func (removal) Flush() error    { return nil }
func (removal) Rollback() error { return nil }
func (removal) Discard() error  { return nil }

// Commit implements reload.Staged.
func (r removal) Commit() error {
	if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// relink points a symbolic link where it pointed before.
type relink struct{ path, to string }

// Path, Changed, Flush, Rollback and Discard have nothing to say or do.
func (r relink) Path() string  { return r.path }
func (relink) Changed() bool   { return true }
func (relink) Flush() error    { return nil }
func (relink) Rollback() error { return nil }
func (relink) Discard() error  { return nil }

// Commit implements reload.Staged.
func (r relink) Commit() error {
	if _, err := os.Stat(filepath.Join(filepath.Dir(r.path), r.to)); filepath.Base(r.path) == treeLink && err != nil {
		return fmt.Errorf("the generation before is gone: %w", err)
	}
	next := filepath.Join(filepath.Dir(r.path), "."+filepath.Base(r.path)+".concierge-link")
	_ = os.Remove(next) // of a process that was killed
	if err := os.Symlink(r.to, next); err != nil {
		return err
	}
	return os.Rename(next, r.path)
}
