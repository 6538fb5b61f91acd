package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"concierge/sources"
)

// treeEditor edits a directory tree.
type treeEditor struct{ reader *treeReader }

func (e treeEditor) begin() error {
	_, err := e.reader.stat()
	return err
}

// get reads one file alone, so that editing ten thousand keys one by one does
// not read a hundred million files.
func (e treeEditor) get(key string) (sources.Value, error) {
	info, err := os.Stat(e.path(key))
	if err == nil && !info.Mode().IsRegular() {
		return sources.Value{}, nil // a directory of keys, or a special file
	}
	var data string
	if err == nil {
		data, err = readRegular(e.path(key), maxValue)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return sources.Value{}, nil
	case err != nil:
		return sources.Value{}, err
	}
	return sources.Value{Exists: true, Data: pair(key, strings.TrimSuffix(data, "\n"))}, nil
}

func (e treeEditor) list(prefix string) (sources.Value, error) {
	c, err := e.reader.read(nil)
	if err != nil {
		return sources.Value{}, err
	}
	return c.tree(prefix)
}

func (e treeEditor) path(key string) string {
	return filepath.Join(e.reader.root, filepath.FromSlash(key))
}

// put writes one file. A value that ends in a newline gets one more, because
// readers cut one.
func (e treeEditor) put(key, value string) error {
	if strings.HasSuffix(value, "\n") {
		value += "\n"
	}
	if len(value) > maxValue {
		return invalidf("the value has %d bytes, more than %d", len(value), maxValue)
	}
	path := e.path(key)
	if err := e.conflict(key); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("creating directory: %w", err)
	}
	return replace(path, []byte(value))
}

// conflict looks for a file where the key needs a directory, and the other way
// round.
func (e treeEditor) conflict(key string) error {
	for i, r := range key {
		if r != '/' {
			continue
		}
		if info, err := os.Stat(e.path(key[:i])); err == nil && !info.IsDir() {
			return invalidf("%s is a key itself, so it cannot have keys below it; delete it first", key[:i])
		}
	}
	info, err := os.Stat(e.path(key))
	switch {
	case err == nil && info.IsDir():
		return invalidf("%s is a directory of keys; put a key below it or delete it first", key)
	case err == nil && !info.Mode().IsRegular():
		return invalidf("%s is a special file, not a key", key)
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

// remove removes the files and the directories that became empty by that.
func (e treeEditor) remove(keys []string) error {
	for _, key := range keys {
		path := e.path(key)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := e.prune(filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

func (e treeEditor) prune(dir string) error {
	for dir != e.reader.root {
		err := os.Remove(dir)
		switch {
		case errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST), errors.Is(err, syscall.ENOTDIR):
			return nil // in use, or a symbolic link, which is the user's
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
		dir = filepath.Dir(dir)
	}
	return nil
}
