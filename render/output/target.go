package output

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// How a file is put in place.
const (
	// Rename replaces the target in one step; a symbolic link becomes a file.
	Rename = "rename"
	// Follow does the same where a symbolic link points, and keeps the link.
	Follow = "follow"
	// InPlace writes into the existing file, for bind-mounted files and for
	// readers that keep the file open. It is not atomic.
	InPlace = "in_place"
)

// Target is where an output belongs and how.
type Target struct {
	Path string
	// Mode holds the permissions. 0 keeps those of the existing file, but takes
	// the world's away if Secret; a new one gets 0644, or 0600 if Secret.
	Mode   fs.FileMode
	Secret bool
	// User and Group are names or numbers. Empty keeps those of the existing
	// file as far as the process may set them.
	User, Group string
	// Backup keeps the previous file as Path.bak. A commit that fails or is
	// rolled back leaves the backup that was there before.
	Backup bool
	// CreateDirs makes missing parent directories, with mode 0755.
	CreateDirs bool
	// Write is Rename (also if empty), Follow or InPlace.
	Write string
	// NoLinks refuses a path whose last element or directory is a symbolic
	// link: for paths that come from data.
	NoLinks bool
}

// file is what a target has come to: the place to write and what is there.
type file struct {
	path string      // absolute; links followed if the target says so
	info fs.FileInfo // of what is there, links followed; nil if nothing
	link bool        // path itself is a symbolic link
	mode fs.FileMode // wanted
	owner
}

// inspect looks at a target without changing anything.
func inspect(t Target) (file, error) {
	path, err := filepath.Abs(t.Path)
	if err != nil {
		return file{}, failed("resolving", t.Path, err)
	}
	if t.Write == Follow || t.Write == InPlace {
		if path, err = followLinks(path); err != nil {
			return file{}, failed("following the links of", t.Path, err)
		}
	}
	if t.NoLinks {
		if err := refuseLinks(path); err != nil {
			return file{}, err
		}
	}
	f := file{path: path}
	if err := f.look(); err != nil {
		return file{}, err
	}
	f.mode = wantedMode(t, f.info)
	f.owner, err = wantedOwner(t, f.info)
	return f, err
}

// refuseLinks returns an error if the file or its directory is a link.
func refuseLinks(path string) error {
	for _, p := range [...]string{filepath.Dir(path), path} {
		if info, err := os.Lstat(p); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return &Error{Op: "writing", Path: path, Err: fmt.Errorf("%s is a symbolic link", p), Hint: "name the real path"}
		}
	}
	return nil
}

// look notes what is at the path now.
func (f *file) look() error {
	f.info, f.link = nil, false
	if l, err := os.Lstat(f.path); err == nil {
		f.link = l.Mode()&fs.ModeSymlink != 0
	}
	info, err := os.Stat(f.path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return irregular(f.path, info.Mode())
	case err == nil:
		f.info = info
	case !isAbsent(err):
		return failed("looking at", f.path, err)
	}
	return nil
}

func wantedMode(t Target, existing fs.FileInfo) fs.FileMode {
	switch {
	case t.Mode != 0:
		return t.Mode.Perm()
	case existing != nil && t.Secret:
		return existing.Mode().Perm() &^ 0o007 // a secret is nothing for the world
	case existing != nil:
		return existing.Mode().Perm()
	case t.Secret:
		return 0o600
	}
	return 0o644
}

// maxLinks is the longest chain of links that is followed; Linux follows 40.
const maxLinks = 40

// followLinks returns where the chain of symbolic links that starts at path
// ends, whether or not anything is there.
func followLinks(path string) (string, error) {
	for range maxLinks {
		next, err := os.Readlink(path)
		if err != nil {
			return path, nil // not a link, or nothing there
		}
		if !filepath.IsAbs(next) {
			next = filepath.Join(filepath.Dir(path), next)
		}
		path = next
	}
	return "", errTooManyLinks
}
