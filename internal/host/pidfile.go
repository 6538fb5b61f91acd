package host

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// pidMode are the permissions of the file, less the umask.
const pidMode = 0o644

// WritePIDFile writes the process ID to path, in decimal and without a
// newline, as consul-template does. A file that is there, also that of another
// running process, is replaced in one step; a symbolic link is followed.
//
// remove removes the file again, unless another process has written its own
// ID to it meanwhile. It may be called more than once.
func WritePIDFile(path string) (remove func() error, err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	pid := strconv.Itoa(os.Getpid())
	if err := write(path, pid); err != nil {
		return nil, fmt.Errorf("writing the PID file: %w (create its directory, make it writable, or set pid_file)", err)
	}
	return func() error { return removeOwn(path, pid) }, nil
}

// write replaces a regular file. Anything else, a device for example, must not
// be replaced by a file and is written to.
func write(path, pid string) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fill(path, pid, os.O_WRONLY|syscall.O_NONBLOCK)
	}
	staged := path + "." + rand.Text()
	if err := fill(staged, pid, os.O_WRONLY|os.O_CREATE|os.O_EXCL); err != nil {
		return errors.Join(err, removeIfThere(staged))
	}
	err := os.Rename(staged, path)
	if errors.Is(err, syscall.EBUSY) { // a file that is itself a mount point
		err = fill(path, pid, os.O_WRONLY|os.O_TRUNC)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(staged))
	}
	return nil
}

func fill(path, pid string, how int) error {
	f, err := os.OpenFile(path, how, pidMode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(pid)
	return errors.Join(err, f.Close())
}

// removeOwn removes the file at path if pid is what it says.
func removeOwn(path, pid string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	said, err := os.ReadFile(path)
	if err == nil && string(said) == pid {
		err = removeIfThere(path)
	}
	if err != nil {
		return fmt.Errorf("removing the PID file: %w", err)
	}
	return nil
}

func removeIfThere(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
