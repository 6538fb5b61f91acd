package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

const keptName = "kept"

// keepers is how many changes are kept at a time. Each file is synced, which
// takes the disk about as long for several as for one.
const keepers = 8

// keepAll keeps what the changes are about to replace, and returns it by
// change.
func (j *Journal) keepAll(changes []Change) ([][]File, error) {
	before, errs := make([][]File, len(changes)), make([]error, len(changes))
	next := make(chan int)
	var group sync.WaitGroup
	for range min(keepers, len(changes)) {
		group.Go(func() {
			for i := range next {
				before[i], errs[i] = j.keep(changes[i].Paths)
			}
		})
	}
	for i := range changes {
		next <- i
	}
	close(next)
	group.Wait()
	return before, errors.Join(append(errs, syncDir(filepath.Join(j.dir, keptName)))...)
}

// keep notes what is at the paths and keeps the contents of files. With an
// error it has kept nothing: half of a set is nothing to go back to.
func (j *Journal) keep(paths []string) ([]File, error) {
	var all []File
	for _, path := range paths {
		f, err := j.keepOne(path)
		if err != nil {
			return nil, fmt.Errorf("keeping %s: %w", path, err)
		}
		all = append(all, f)
	}
	return all, nil
}

func (j *Journal) keepOne(path string) (File, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return File{Path: path, Absent: true}, nil
	case err != nil:
		return File{}, err
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(path)
		return File{Path: path, Link: link}, err
	case !info.Mode().IsRegular():
		return File{}, errors.New("it is not a file")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return File{}, err
	}
	f := File{Path: path, Mode: info.Mode().Perm()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		f.UID, f.GID = int(stat.Uid), int(stat.Gid)
	}
	sum := sha256.Sum256(content)
	f.Sum = hex.EncodeToString(sum[:])
	return f, j.store(f.Sum, content)
}

// store keeps a content, unless it is kept already.
func (j *Journal) store(sum string, content []byte) error {
	path := filepath.Join(j.dir, keptName, sum)
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, content) {
		return nil
	}
	// Others may keep the same content now.
	f, err := os.CreateTemp(filepath.Dir(path), sum+".*.new")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
}

// Content returns the content of a file that was kept. A content that is
// damaged is an error.
func (j *Journal) Content(f File) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(j.dir, keptName, f.Sum))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f.Sum {
		return nil, fmt.Errorf("the kept version of %s is damaged", f.Path)
	}
	return content, nil
}

// sweep removes kept contents that no record names.
func (j *Journal) sweep() {
	j.garbage = false
	used := make(map[string]bool)
	for _, r := range j.records {
		for _, f := range r.Before {
			used[f.Sum] = true
		}
	}
	dir := filepath.Join(j.dir, keptName)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // it is looked at again the next time
	}
	for _, e := range entries {
		if !used[e.Name()] {
			_ = os.Remove(filepath.Join(dir, e.Name())) // as above
		}
	}
}

// syncDir makes renames durable. File systems that cannot sync a directory say
// so with EINVAL or ENOTSUP, and need it not.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
