package output

import (
	"errors"
	"io/fs"
	"os"
)

const backupSuffix = ".bak"

// backUp keeps the present file as path.bak, replacing an older backup in one
// step: as a second name of the same file where that file stays as it is, as a
// copy otherwise. It returns what brings the older backup back, or nil if there
// was nothing to keep.
func (s *Staged) backUp() (undo, error) {
	if !s.target.Backup || s.file.info == nil {
		return nil, nil
	}
	backup := file{path: s.file.path + backupSuffix}
	if err := backup.look(); err != nil {
		return nil, err
	}
	older, err := previous(backup)
	if err != nil {
		return nil, err
	}
	if err := s.keepAs(backup.path); err != nil {
		return nil, errors.Join(err, older.restore(), older.forget())
	}
	return older, nil
}

func (s *Staged) keepAs(path string) error {
	kept, name, err := s.keep()
	if err != nil {
		return err
	}
	defer kept.Close()
	if err := os.Rename(name, path); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	// Renaming one name of a file over another of the same file does nothing.
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Staged) keep() (*os.File, string, error) {
	if !s.file.link && !s.inPlace() {
		if f, name, err := linkSlot(s.file.path); err == nil {
			return f, name, nil
		}
	}
	f, err := copySlot(s.file)
	if err != nil {
		return nil, "", err
	}
	return f, f.Name(), nil
}
