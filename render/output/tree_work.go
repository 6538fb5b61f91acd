package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// workPrefix begins the names of directories that are being filled or emptied.
// Two dots keep them from those who read the tree's directory by Kubernetes'
// rules.
const workPrefix = "..concierge-"

// workDir is a directory that this process made and has locked. The kernel drops
// the lock with the process; an unlocked one is a leftover.
type workDir struct {
	path   string
	handle *os.File
}

// claimDir makes a directory with mode 0700 in dir. Between making and locking
// it another process may take it for a leftover, so it is looked at once more.
func claimDir(dir string) (*workDir, error) {
	for range slots {
		name, err := os.MkdirTemp(dir, workPrefix+"*")
		if err != nil {
			return nil, err
		}
		handle, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, errors.Join(err, os.Remove(name))
		}
		// Some network file systems have no locks; their leftovers stay.
		_ = syscall.Flock(int(handle.Fd()), syscall.LOCK_EX)
		w := &workDir{path: name, handle: handle}
		if w.isThere() {
			return w, nil
		}
		_ = handle.Close()
	}
	return nil, errNoSlot
}

// isThere reports whether the directory still has its name.
func (w *workDir) isThere() bool {
	ours, err := w.handle.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(w.path)
	return err == nil && os.SameFile(ours, there)
}

// rename gives the directory another name; the lock stays with it.
func (w *workDir) rename(to string) error {
	if err := os.Rename(w.path, to); err != nil {
		return err
	}
	w.path = to
	return nil
}

// share keeps the directory from being dropped, and lets others do the same.
func (w *workDir) share() { _ = syscall.Flock(int(w.handle.Fd()), syscall.LOCK_SH) }

func (w *workDir) remove() error { return errors.Join(os.RemoveAll(w.path), w.handle.Close()) }

// pin keeps a generation from being dropped until the result is closed.
func (t tree) pin(generation string) (*workDir, error) {
	path := filepath.Join(t.dir, generation)
	handle, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	w := &workDir{path: path, handle: handle}
	w.share() // waits for whoever is about to drop it
	if !w.isThere() {
		return nil, errors.Join(fmt.Errorf("%s was removed by another process", generation), handle.Close())
	}
	return w, nil
}

// drop removes a directory of the tree unless somebody has it locked or it is
// the generation in force. It loses its name first: what is half removed must
// never pass for a generation. Anything doubtful stays.
func (t tree) drop(name string) {
	path := filepath.Join(t.dir, name)
	handle, err := os.Open(path)
	if err != nil {
		return
	}
	defer handle.Close()
	if syscall.Flock(int(handle.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return
	}
	// Whoever puts a generation in force has it locked, so this stays true.
	if to, err := os.Readlink(filepath.Join(t.dir, dataName)); err == nil && to == name {
		return
	}
	if isGeneration(name) {
		gone := filepath.Join(t.dir, workPrefix+name)
		if os.Rename(path, gone) != nil {
			return
		}
		path = gone
	}
	_ = os.RemoveAll(path)
}
