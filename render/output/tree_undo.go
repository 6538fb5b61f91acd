package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// treeUndo knows how to go back behind a commit.
type treeUndo struct {
	made    *workDir       // the generation that was committed
	before  *workDir       // the one that was in force, pinned; nil if none was
	scratch *workDir       // has the files that links took the place of
	steps   []func() error // done last to first
}

// keep pins what is in force, so that it stays as long as it may be needed.
func (t tree) keep() (*treeUndo, error) {
	scratch, err := claimDir(t.dir)
	if err != nil {
		return nil, err
	}
	u := &treeUndo{scratch: scratch}
	if t.current == "" {
		return u, nil
	}
	if u.before, err = t.pin(t.current); err != nil {
		return nil, errors.Join(err, scratch.remove())
	}
	return u, nil
}

// link makes a symbolic link and notes what was in its place.
func (u *treeUndo) link(to, path string) error {
	info, err := replaceable(path)
	if err != nil {
		return err
	}
	back := func() error { return removed(path) }
	switch {
	case info == nil:
	case info.Mode()&fs.ModeSymlink != 0:
		was, err := os.Readlink(path)
		if err != nil {
			return err
		}
		back = func() error { return u.scratch.link(was, path) }
	default:
		kept, err := u.scratch.keep(path, info)
		if err != nil {
			return err
		}
		back = func() error { return os.Rename(kept, path) }
	}
	if err := u.scratch.link(to, path); err != nil {
		return err
	}
	u.steps = append(u.steps, back)
	return nil
}

// unlink removes a symbolic link of the tree.
func (u *treeUndo) unlink(path string) error {
	if err := removed(path); err != nil {
		return err
	}
	u.steps = append(u.steps, func() error { return u.scratch.link(linkText(filepath.Base(path)), path) })
	return nil
}

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// restore goes back step by step; after an error it goes on from there.
func (u *treeUndo) restore() error {
	if u.before != nil && !u.before.isThere() {
		return errors.New("the previous generation was removed by somebody else")
	}
	for len(u.steps) > 0 {
		last := len(u.steps) - 1
		if err := u.steps[last](); err != nil {
			return err
		}
		u.steps = u.steps[:last]
	}
	return nil
}

// forget lets go of everything kept.
func (u *treeUndo) forget() error {
	errs := []error{u.scratch.remove()}
	for _, w := range []*workDir{u.made, u.before} {
		if w != nil {
			errs = append(errs, w.handle.Close())
		}
	}
	return errors.Join(errs...)
}
