package output

import (
	"bytes"
	"errors"
	"os"
)

// commitInPlace writes the content into the existing file. The previous
// content is kept in memory, because the file itself is what is overwritten.
func (s *Staged) commitInPlace() error {
	old, err := os.ReadFile(s.file.path)
	if err != nil {
		return failed("keeping the previous version of", s.file.path, err)
	}
	before := s.file
	before.mode = s.file.info.Mode().Perm()
	before.owner, _ = wantedOwner(Target{}, s.file.info)
	was := wasContent{before, old}
	if err := s.file.overwrite(s.content); err != nil {
		if was.restoreTorn() != nil {
			s.undo = was
		}
		return failed("writing into", s.file.path, err)
	}
	err = errors.Join(os.Remove(s.staged.Name()), s.staged.Close())
	s.staged, s.undo = nil, was
	if err != nil {
		return failed("removing the staged file of", s.file.path, err)
	}
	return nil
}

// overwrite replaces the content of an existing file. What goes beyond its
// present end is written first, so that a full disk is found out while the
// previous content is whole.
func (f file) overwrite(content []byte) (err error) {
	w, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	// A tighter mode or owner must be there before the content it protects.
	if err := f.apply(w); err != nil {
		return err
	}
	if err := setMode(w, f); err != nil {
		return err
	}
	info, err := w.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if end := int64(len(content)); end > size {
		if _, err := w.WriteAt(content[size:], size); err != nil {
			return errors.Join(err, w.Truncate(size))
		}
		content = content[:size]
	} else if err := w.Truncate(end); err != nil {
		return err
	}
	if _, err := w.WriteAt(content, 0); err != nil {
		return err
	}
	return w.Sync()
}

// setMode leaves a mode that is right alone: a file of another owner may be
// writable and still not ours to change.
func setMode(w *os.File, f file) error {
	info, err := w.Stat()
	if err != nil || info.Mode().Perm() == f.mode {
		return err
	}
	return w.Chmod(f.mode)
}

// wasContent undoes by writing the previous content back.
type wasContent struct {
	file
	content []byte
}

func (w wasContent) restore() error { return w.overwrite(w.content) }

// restoreTorn writes back only if there is another content now: what could not
// be opened for writing is whole.
func (w wasContent) restoreTorn() error {
	if now, err := os.ReadFile(w.path); err == nil && bytes.Equal(now, w.content) {
		return nil
	}
	return w.restore()
}

func (wasContent) forget() error { return nil }
