package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// previous remembers what is at the path of f, so that a rename over it can be
// undone by another rename, which needs no space.
func previous(f file) (undo, error) {
	switch {
	case f.link:
		to, err := os.Readlink(f.path)
		return wasLink{f.path, to}, err
	case f.info == nil:
		return wasAbsent(f.path), nil
	}
	if handle, name, err := linkSlot(f.path); err == nil {
		return &wasFile{path: f.path, kept: name, handle: handle}, nil
	}
	// No hard links here, or none to files of others.
	handle, err := copySlot(f)
	if err != nil {
		return nil, err
	}
	return &wasFile{path: f.path, kept: handle.Name(), handle: handle}, nil
}

// copySlot copies a file with its mode and owner to a staged name beside it.
func copySlot(f file) (_ *os.File, err error) {
	content, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	copied, err := claim(filepath.Dir(f.path), f.path)
	if err != nil {
		return nil, err
	}
	s := Staged{file: f, content: content, staged: copied}
	s.file.mode = f.info.Mode().Perm()
	s.file.owner, _ = wantedOwner(Target{}, f.info)
	if err := s.fill(); err != nil {
		return nil, errors.Join(err, s.Discard())
	}
	return copied, nil
}

// both undoes a commit and then the backup it made.
type both struct{ commit, backup undo }

// restore leaves the backup alone while the target is not what it was: the
// backup holds that.
func (b both) restore() error {
	if err := b.commit.restore(); err != nil {
		return err
	}
	return b.backup.restore()
}

func (b both) forget() error { return errors.Join(b.commit.forget(), b.backup.forget()) }

// wasAbsent undoes by removing.
type wasAbsent string

func (p wasAbsent) restore() error {
	if err := os.Remove(string(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(filepath.Dir(string(p)))
}

func (wasAbsent) forget() error { return nil }

// wasLink undoes by making the symbolic link again.
type wasLink struct{ path, to string }

func (l wasLink) restore() error {
	for n := range slots {
		name := filepath.Join(filepath.Dir(l.path), slotName(l.path, n))
		err := os.Symlink(l.to, name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.Rename(name, l.path); err != nil {
			return errors.Join(err, os.Remove(name))
		}
		return syncDir(filepath.Dir(l.path))
	}
	return errNoSlot
}

func (wasLink) forget() error { return nil }

// wasFile undoes by renaming the kept file back.
type wasFile struct {
	path, kept string
	handle     *os.File // holds the lock
}

func (w *wasFile) restore() error {
	if err := os.Rename(w.kept, w.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(w.path))
}

// forget drops the kept file; after restore there is none.
func (w *wasFile) forget() error {
	err := os.Remove(w.kept)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, w.handle.Close())
}
