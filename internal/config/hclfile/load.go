package hclfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Upgrader is a struct with settings that have moved. Upgrade is called for each
// file that was read, before it is laid over others; it moves what was given in
// an old place to the new one, and returns warnings.
type Upgrader interface {
	Upgrade() (warnings []string)
}

// Load lays files over base, which is a struct, from the first path to the
// last. Of a directory it reads every regular file in it and below, whatever
// its name, in lexical order. Symbolic links to files are followed, those to
// directories are not.
func Load[T any](paths []string, base *T) (warnings []string, err error) {
	for _, path := range paths {
		files, err := filesAt(path)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("reading configuration: %w; check that the file may be read", err)
			}
			var over T
			more, err := Decode(name, text, &over)
			if err != nil {
				return nil, err
			}
			warnings = append(warnings, more...)
			if u, ok := any(&over).(Upgrader); ok {
				warnings = append(warnings, u.Upgrade()...)
			}
			Merge(base, &over)
		}
	}
	return warnings, nil
}

// filesAt returns the file at a path, or the files below it.
func filesAt(path string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading configuration: %w; check -config", err)
	case info.Mode().IsRegular():
		return []string{path}, nil
	case !info.IsDir():
		return nil, fmt.Errorf("reading configuration: %s is neither a file nor a directory; check -config", path)
	}
	var files []string
	// A trailing slash, so that the path may itself be a symbolic link.
	err = filepath.WalkDir(path+string(filepath.Separator), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), "..") && len(d.Name()) > 2:
			return filepath.SkipDir // where Kubernetes keeps what the links beside it point to
		case d.IsDir():
			return nil
		}
		info, err := os.Stat(name)
		if err == nil && info.Mode().IsRegular() {
			files = append(files, filepath.Clean(name))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w; check that the directory may be read", err)
	}
	return files, nil
}
