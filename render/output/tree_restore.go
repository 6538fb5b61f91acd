package output

import (
	"errors"
	"path/filepath"
)

// ErrNoPrevious says that a tree has no generation before the one in force.
var ErrNoPrevious = errors.New("there is no previous generation")

// Previous returns the directory of the generation before the one in force: the
// newest of those in dir that were committed earlier, which their names tell.
// Errors are [*Error], and wrap [ErrNoPrevious] if there is none.
func Previous(dir string) (string, error) {
	t, before, err := lookBack(dir)
	if err != nil {
		return "", err
	}
	return filepath.Join(t.dir, before), nil
}

func lookBack(dir string) (tree, string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return tree{}, "", failed("resolving", dir, err)
	}
	t, err := lookAtTree(abs)
	if err != nil {
		return t, "", err
	}
	before := t.previous()
	if before == "" {
		return t, "", &Error{Op: "looking for what was before in", Path: abs, Err: ErrNoPrevious,
			Hint: "nothing was committed before it, or it was rolled back already"}
	}
	return t, before, nil
}

// RestoreTree puts the generation of [Previous] in force again with its links,
// drops the one it takes over from, and syncs. It is Rollback for a process that
// has not made the commit itself; files of the user's that the links took the
// place of are not brought back. Errors are [*Error], and wrap [ErrNoPrevious]
// where there is nothing to go back to.
func RestoreTree(dir string) error {
	t, before, err := lookBack(dir)
	if err != nil {
		return err
	}
	if err := t.putInForce(before); err != nil {
		return failed("restoring", t.dir, err)
	}
	if _, err := tidiedTree(t.dir); err != nil {
		return err
	}
	if err := syncDir(t.dir); err != nil {
		return failed("syncing", t.dir, err)
	}
	return nil
}

func (t tree) putInForce(generation string) error {
	pinned, err := t.pin(generation)
	if err != nil {
		return err
	}
	defer pinned.handle.Close()
	scratch, err := claimDir(t.dir)
	if err != nil {
		return err
	}
	return errors.Join(scratch.link(generation, filepath.Join(t.dir, dataName)), scratch.remove())
}
