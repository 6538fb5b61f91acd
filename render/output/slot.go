package output

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// slots is how many staged files one target may have at once. Their names are
// fixed, so leftovers are found without reading the directory.
const slots = 8

// maxStem keeps the names of staged files below the 255 bytes of common file
// systems.
const maxStem = 200

var errNoSlot = errors.New("all names for staged files are taken")

// slotName returns the name of the n-th staged file of a target.
func slotName(target string, n int) string {
	stem := filepath.Base(target)
	if len(stem) > maxStem {
		stem = fmt.Sprintf("%s~%08x", stem[:maxStem], checksum(stem))
	}
	return fmt.Sprintf(".%s.concierge-%d", stem, n)
}

func checksum(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// sweep removes what killed processes left of a target in dir.
func sweep(dir, target string) {
	for n := range slots {
		removeLeftover(filepath.Join(dir, slotName(target, n)))
	}
}

// removeLeftover removes a staged file whose owner is gone, which is seen by
// its lock: the kernel drops it with the process. Anything doubtful stays.
func removeLeftover(path string) {
	if _, err := os.Lstat(path); err != nil {
		return // the usual case, told without opening anything
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		_ = os.Remove(path)
	}
}

// claim makes a locked, empty file with mode 0600 in dir.
func claim(dir, target string) (*os.File, error) {
	for n := range slots {
		f, err := create(filepath.Join(dir, slotName(target, n)))
		if errors.Is(err, fs.ErrExist) {
			continue // of another process, or of a generation not yet finished
		}
		return f, err
	}
	return nil, errNoSlot
}

// create makes one locked file. Between making and locking it another process
// may take it for a leftover, so its name is looked at once more.
func create(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	// Some network file systems have no locks; their leftovers stay.
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	if stat, err := f.Stat(); err == nil && linked(stat) {
		return f, nil
	}
	return nil, errors.Join(fmt.Errorf("%s was removed by another process: %w", path, fs.ErrExist), f.Close())
}

func linked(info fs.FileInfo) bool {
	stat, ok := sysStat(info)
	return !ok || stat.Nlink > 0
}

// linkSlot gives the file at path a second name in its directory, locked so
// that it does not pass for a leftover. The lock is shared and not waited for:
// whoever else has locked the file keeps it just as well.
func linkSlot(path string) (*os.File, string, error) {
	for n := range slots {
		name := filepath.Join(filepath.Dir(path), slotName(path, n))
		err := os.Link(path, name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, "", errors.Join(err, os.Remove(name))
		}
		_ = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
		return f, name, nil
	}
	return nil, "", errNoSlot
}
