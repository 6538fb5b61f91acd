package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// replace puts data in the place of the file at path in one step, with the
// mode and, as far as permitted, the owner of the file that was there. A
// symbolic link stays; what it points to is replaced.
func replace(path string, data []byte) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	} else if _, lerr := os.Lstat(path); lerr == nil {
		return fmt.Errorf("%s is a symbolic link that leads nowhere; remove it", path)
	}
	dir, base := filepath.Split(path)
	tmp, err := os.CreateTemp(dir, "."+base+".concierge-*")
	if err != nil {
		return fmt.Errorf("creating temporary file: %w; check the permissions of the directory", err)
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	if err := adopt(tmp, path); err != nil {
		return err
	}
	if _, err := tmp.Write(data); err != nil {
		return fmt.Errorf("writing temporary file: %w", err)
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("writing temporary file: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("%w; a single bind-mounted file cannot be replaced, mount its directory", err)
	}
	return syncDir(dir)
}

// adopt gives the temporary file the mode and owner of the file it is to
// replace.
func adopt(tmp *os.File, path string) error {
	mode := fs.FileMode(0o644)
	info, err := os.Stat(path)
	if err == nil {
		mode = info.Mode().Perm()
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			_ = tmp.Chown(int(owner.Uid), int(owner.Gid)) // only root may; others own what they write
		}
	}
	if err := tmp.Chmod(mode); err != nil {
		return fmt.Errorf("setting the mode of the temporary file: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("syncing directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems cannot
		return fmt.Errorf("syncing directory: %w", err)
	}
	return nil
}
