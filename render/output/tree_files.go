package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// treeFile is what a file of a tree has come to.
type treeFile struct {
	rel     string
	content []byte
	mode    fs.FileMode
	owner
}

// checkPaths returns an error if a path cannot be in a tree. Paths may come
// from a store, so this is also what keeps them inside the directory.
func checkPaths(dir string, files []TreeFile) error {
	wrong := func(name, reason, hint string) error {
		return &Error{Op: "staging", Path: dir, Err: fmt.Errorf("the file name %q %s", name, reason), Hint: hint}
	}
	seen := make(map[string]bool, len(files))
	for _, f := range files {
		switch {
		case !filepath.IsLocal(f.Path) || path.Clean(f.Path) != f.Path || f.Path == "." || strings.Contains(f.Path, "\x00"):
			return wrong(f.Path, "is not a clean path below the directory", "write it as name or directory/name")
		case strings.HasPrefix(f.Path, ".."):
			return wrong(f.Path, "starts with two dots", "such names belong to the tree itself: choose another")
		case seen[f.Path]:
			return wrong(f.Path, "is there twice", "give each file a name of its own")
		}
		seen[f.Path] = true
	}
	for name := range seen {
		for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
			if seen[parent] {
				return wrong(parent, fmt.Sprintf("is also the directory of %q", name), "rename one of them")
			}
		}
	}
	return nil
}

// inspect decides the modes and owners.
func (t tree) inspect(files []TreeFile) ([]treeFile, error) {
	wanted := make([]treeFile, 0, len(files))
	for _, f := range files {
		target := Target{Path: filepath.Join(t.dir, f.Path), Mode: f.Mode, User: f.User, Group: f.Group, Secret: f.Secret}
		existing := t.existing(f.Path)
		o, err := wantedOwner(target, existing)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, treeFile{rel: f.Path, content: f.Content, mode: wantedMode(target, existing), owner: o})
	}
	return wanted, nil
}

// existing returns the file that one of a tree takes the place of: that of the
// generation in force, else one of the user's; nil if there is none.
func (t tree) existing(rel string) fs.FileInfo {
	if t.current != "" {
		if info, err := os.Lstat(filepath.Join(t.dir, t.current, rel)); err == nil && info.Mode().IsRegular() {
			return info
		}
	}
	if info, err := os.Stat(filepath.Join(t.dir, rel)); err == nil && info.Mode().IsRegular() {
		return info
	}
	return nil
}

// holds reports whether the generation in force is as wanted already.
func (t tree) holds(wanted []treeFile) bool {
	if t.current == "" {
		return false
	}
	root := filepath.Join(t.dir, t.current)
	for _, f := range wanted {
		p := filepath.Join(root, f.rel)
		info, err := os.Lstat(p)
		if err != nil || !info.Mode().IsRegular() || !(file{path: p, info: info, mode: f.mode, owner: f.owner}).holds(f.content) {
			return false
		}
	}
	there, err := countFiles(root)
	return err == nil && there == len(wanted)
}

// countFiles counts everything below a directory that is not one itself.
func countFiles(root string) (n int, err error) {
	err = filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	})
	return n, err
}

// write fills the directory. Until that is done nobody else gets in.
func (w *workDir) write(files []treeFile) error {
	for _, f := range files {
		if err := w.writeFile(f); err != nil {
			return failed("staging", filepath.Join(filepath.Dir(w.path), f.rel), err)
		}
	}
	// Names are no secrets, contents are, and those have modes of their own. A
	// tighter directory would lock out all but one of the owners of its files.
	// Who wants the names private gives the tree's own directory a tight mode.
	return filepath.WalkDir(w.path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return errors.Join(os.Chmod(p, 0o755), syncDir(p))
	})
}

func (w *workDir) writeFile(f treeFile) error {
	p := filepath.Join(w.path, f.rel)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		return err
	}
	made, err := os.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	s := Staged{file: file{path: p, mode: f.mode, owner: f.owner}, content: f.content, staged: made}
	return errors.Join(s.fill(), made.Close())
}
