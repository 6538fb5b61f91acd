package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// fileStore is a directory of files, one for each key. Every number of keys
// has a root of its own, since the whole root is watched.
type fileStore struct{ dir string }

func (fileStore) name() string { return "file" }

func (f fileStore) address(s scenario) string { return f.root(s.keys) }

func (f fileStore) root(n int) string { return filepath.Join(f.dir, strconv.Itoa(n)) }

func (f fileStore) fill(ctx context.Context, n int) error {
	if err := os.MkdirAll(filepath.Join(f.root(n), prefix(n)), 0o755); err != nil {
		return err
	}
	for i := range n {
		if err := f.put(ctx, n, i, initialValue(i)); err != nil {
			return fmt.Errorf("filling a directory with %d keys: %w", n, err)
		}
	}
	return nil
}

// put replaces the file by a rename, as careful editors do.
func (f fileStore) put(_ context.Context, n, i int, value string) error {
	path := filepath.Join(f.root(n), keyPath(n, i))
	next := filepath.Join(filepath.Dir(path), "."+name(i)+".new")
	if err := os.WriteFile(next, []byte(value), 0o644); err != nil {
		return err
	}
	return os.Rename(next, path)
}
