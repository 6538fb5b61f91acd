package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// linkText is where the link of a top-level name points.
func linkText(name string) string { return dataName + "/" + name }

func isOwnLink(dir, name string) bool {
	to, err := os.Readlink(filepath.Join(dir, name))
	return err == nil && to == linkText(name)
}

// contains looks a name up in a sorted list.
func contains(sorted []string, name string) bool {
	_, found := slices.BinarySearch(sorted, name)
	return found
}

// linksTo reports whether the directory's links are those of the names. It is
// an error if something stands there that must not be replaced.
func (t tree) linksTo(names []string) (bool, error) {
	for _, name := range names {
		if contains(t.links, name) {
			continue
		}
		if _, err := replaceable(filepath.Join(t.dir, name)); err != nil {
			return false, err
		}
	}
	return slices.Equal(t.links, names), nil
}

// replaceable looks at what stands where a link is to be; nil if nothing does.
func replaceable(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, failed("looking at", path, err)
	case info.IsDir():
		return nil, &Error{Op: "linking", Path: path, Err: errors.New("a directory stands in the place of the link"),
			Hint: "move it away, or give the files of the tree another name"}
	case info.Mode().IsRegular() || info.Mode()&fs.ModeSymlink != 0:
		return info, nil
	}
	return nil, &Error{Op: "linking", Path: path, Err: fmt.Errorf("what stands in the place of the link is neither a file nor a link"),
		Hint: "move it away, or give the files of the tree another name"}
}

// mend gives the generation in force the links it lacks and removes dangling
// ones. Files of the user's are left for a commit, which can put them back.
func (t tree) mend() error {
	var names []string
	if t.current != "" {
		entries, err := os.ReadDir(filepath.Join(t.dir, t.current))
		if err != nil {
			return err
		}
		for _, e := range entries {
			names = append(names, e.Name())
			if contains(t.links, e.Name()) {
				continue
			}
			err := os.Symlink(linkText(e.Name()), filepath.Join(t.dir, e.Name()))
			if err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		}
	}
	for _, name := range t.links {
		if !contains(names, name) {
			if err := removed(filepath.Join(t.dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// link makes a symbolic link at path in one step, whatever file or link is
// there. No file of a tree is called like the link while it is made.
func (w *workDir) link(to, path string) error {
	name := filepath.Join(w.path, "..link")
	if err := os.Symlink(to, name); err != nil {
		return err
	}
	if err := os.Rename(name, path); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

// keep gives the file at path a second name in the directory, or a copy of it
// where that cannot be, and returns the name.
func (w *workDir) keep(path string, info fs.FileInfo) (string, error) {
	name := filepath.Join(w.path, filepath.Base(path))
	if os.Link(path, name) == nil {
		return name, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	o, _ := wantedOwner(Target{}, info)
	return name, w.writeFile(treeFile{rel: filepath.Base(name), content: content, mode: info.Mode().Perm(), owner: o})
}
