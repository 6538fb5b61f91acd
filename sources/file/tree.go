package file

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"concierge/sources"
)

// treeReader reads a directory tree. What did not change since the last look
// is not read again. It is owned by one goroutine.
type treeReader struct {
	root   string
	log    *slog.Logger
	files  fileCache
	warned map[string]bool // special files that were told of
}

// errMoved says that the tree changed its identity while it was read.
var errMoved = errors.New("it keeps changing while it is read")

// read implements [rootReader]. A look during which a Kubernetes volume was
// swapped, or the root replaced, is thrown away and repeated.
func (t *treeReader) read(n *notifier) (content, error) {
	for range 10 {
		c, err := t.attempt(n)
		if !errors.Is(err, errMoved) {
			return c, err
		}
	}
	return content{}, fmt.Errorf("reading %s: %w", t.root, errMoved)
}

func (t *treeReader) attempt(n *notifier) (content, error) {
	n.path(t.root)
	info, err := t.stat()
	if err != nil {
		return content{}, err
	}
	real, err := filepath.EvalSymlinks(t.root)
	if err != nil {
		return content{}, fmt.Errorf("reading %s: %w", t.root, err)
	}
	t.files.begin()
	w := treeWalk{treeReader: t, notes: n, failed: make(map[string]error), links: make(map[string]string)}
	if err := w.dir(real, "", []fs.FileInfo{info}); err != nil {
		return content{}, err
	}
	t.files.end()
	if again, err := t.stat(); err != nil || !os.SameFile(info, again) || w.swapped() {
		return content{}, errors.Join(err, errMoved)
	}
	slices.SortFunc(w.pairs, func(a, b sources.KeyPair) int { return strings.Compare(a.Path, b.Path) })
	return content{pairs: w.pairs, failed: w.failed}, nil
}

func (t *treeReader) stat() (fs.FileInfo, error) {
	info, err := os.Stat(t.root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("directory %s does not exist; create it or set sources.file.path", t.root)
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", t.root, err)
	case !info.IsDir():
		return nil, fmt.Errorf("%s is neither a directory nor a .yaml, .yml or .json file; set sources.file.path", t.root)
	}
	return info, nil
}

// treeWalk is one look at the tree.
type treeWalk struct {
	*treeReader
	notes  *notifier
	pairs  sources.Pairs
	failed map[string]error
	links  map[string]string // "..data" links and where they pointed
}

// swapped reports whether a Kubernetes volume was swapped meanwhile.
func (w *treeWalk) swapped() bool {
	for link, before := range w.links {
		if now, err := os.Readlink(link); err != nil || now != before {
			return true
		}
	}
	return false
}

// dir reads the directory at a path free of symbolic links. above are the
// directories it is in, itself included, to end loops.
func (w *treeWalk) dir(path, prefix string, above []fs.FileInfo) error {
	w.notes.dir(path)
	entries, err := os.ReadDir(path)
	switch {
	case err != nil && prefix == "":
		return fmt.Errorf("reading %s: %w; check its permissions", w.root, cause(err))
	case errors.Is(err, fs.ErrNotExist):
		return nil // it went away since its parent was read
	case err != nil:
		w.failed[prefix] = fmt.Errorf("reading directory %s: %w; check its permissions", path, cause(err))
		return nil
	}
	for _, e := range entries {
		if e.Name() == dataLink {
			w.links[filepath.Join(path, dataLink)], _ = os.Readlink(filepath.Join(path, dataLink))
		}
		if hidden(e.Name()) {
			continue
		}
		if err := w.entry(filepath.Join(path, e.Name()), prefix+e.Name(), above); err != nil {
			return err
		}
	}
	return nil
}

func (w *treeWalk) entry(path, key string, above []fs.FileInfo) error {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		path, info, err = w.follow(path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // gone, or a link to nothing: no such key
	case err != nil:
		w.failed[key] = fmt.Errorf("reading key %s: %w", key, err)
	case info.IsDir():
		return w.subdir(path, key, info, above)
	case info.Mode().IsRegular():
		w.file(path, key, info)
	case !w.warned[path]:
		w.warned[path] = true
		w.log.Warn("special file is not a key", "path", path, "type", info.Mode().Type().String())
	}
	if len(w.pairs) > maxKeys {
		return fmt.Errorf("reading %s: more than %d keys; set sources.file.path to a smaller directory", w.root, maxKeys)
	}
	return nil
}

// follow resolves a symbolic link and watches where it points, so that a
// change of the target is noticed.
func (w *treeWalk) follow(link string) (string, fs.FileInfo, error) {
	path, err := filepath.EvalSymlinks(link)
	if err != nil {
		return "", nil, err
	}
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		w.notes.entry(path)
	}
	return path, info, err
}

func (w *treeWalk) subdir(path, key string, info fs.FileInfo, above []fs.FileInfo) error {
	loop := slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) })
	switch {
	case loop && !w.warned[path]:
		w.warned[path] = true
		w.log.Warn("symbolic link leads back into itself and is not followed", "path", path)
	case !loop && len(above) >= maxDepth:
		return fmt.Errorf("reading %s: directories nested deeper than %d at %s", w.root, maxDepth, key)
	}
	if loop {
		return nil
	}
	return w.dir(path, key+"/", append(slices.Clip(above), info))
}

func (w *treeWalk) file(path, key string, info fs.FileInfo) {
	data, err := w.files.read(path, info, maxValue)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		w.failed[key] = fmt.Errorf("reading key %s: %w", key, err)
		return
	}
	w.pairs = append(w.pairs, pair(key, strings.TrimSuffix(data, "\n")))
}

// cause is the reason of a path error without the path, which the message
// around it names already.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
