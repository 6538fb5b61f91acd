package output

import (
	"errors"
	"io/fs"
	"os"
)

// backUp keeps the present file as path.bak, replacing an older backup in one
// step: as a second name of the same file where that file stays as it is, as a
// copy otherwise.
func (s *Staged) backUp() error {
	if s.file.info == nil {
		return nil
	}
	kept, name, err := s.keep()
	if err != nil {
		return err
	}
	defer kept.Close()
	if err := os.Rename(name, s.file.path+".bak"); err != nil {
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
