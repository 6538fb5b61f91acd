package admin

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockSuffix is added to the path of a socket.
const lockSuffix = ".lock"

// lock is held by the instance that owns a socket, as long as it lives: the
// kernel lets go of it when the process ends in whatever way. It is what tells
// two instances apart that start at the same moment, which a look at the
// socket cannot.
type lock struct{ file *os.File }

// acquire takes the lock without waiting; it is [ErrInUse] when another
// process has it.
func acquire(path string) (*lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, socketMode)
		if err != nil {
			return nil, err
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrInUse
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		named, err := isNamed(f, path)
		if err == nil && named {
			return &lock{f}, nil
		}
		// Its last owner removed it between the two calls: it protects nothing.
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
	}
}

// isNamed reports whether path still leads to f.
func isNamed(f *os.File, path string) (bool, error) {
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(mine, there), err
}

// release removes the file and then lets go of the lock.
func (l *lock) release() error {
	return errors.Join(removeIfThere(l.file.Name()), l.file.Close())
}
