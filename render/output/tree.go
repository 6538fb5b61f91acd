package output

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// TreeTarget is a directory whose files change all in one step, for
// applications that read a directory. Kubernetes lays out its ConfigMap volumes
// the same way:
//
//	DIR/..data -> ..2026_11_21_21_35_04.123456789    the generation in force
//	DIR/..2026_11_21_21_35_04.123456789/a/b.conf     the files themselves
//	DIR/a -> ..data/a                                a link for each top-level name
//
// A commit is one rename of a new ..data. Who opens DIR/..data once and reads
// below it, or resolves it first, sees one generation and never two; who opens
// file after file through DIR may meet a commit in between. Where a name comes
// to the set or leaves it, its link follows right after the rename.
//
// The generation in force and the one before it stay on disk. Names in DIR that
// start with two dots belong to the tree, everything else that the set does not
// have is left alone. One process writes a tree.
type TreeTarget struct {
	Dir string
	// CreateDirs makes Dir and its missing parents, with mode 0755.
	CreateDirs bool
	// Keep names further generations that stay on disk, as what ..data pointed to
	// when they were in force.
	Keep []string
}

// TreeFile is one file of a tree.
type TreeFile struct {
	// Path is relative to the tree's directory and clean, with slashes; its
	// first element does not start with two dots.
	Path string
	// Mode, User, Group and Secret are those of a [Target]. What exists is the
	// file of the same path in the generation in force.
	Mode        fs.FileMode
	User, Group string
	Secret      bool
	Content     []byte
}

// StagedTree is a generation that waits in the directory it is for. It belongs
// to one goroutine. Discard must be called in the end, also after Commit.
type StagedTree struct {
	dir       string   // absolute
	names     []string // the top-level names, sorted
	staged    *workDir // nil if nothing changes, and after Commit or Discard
	kept      []string // see [TreeTarget.Keep]
	committed bool     // and the directory not synced yet
	undo      *treeUndo
}

// StageTree writes the files into a new generation beside the one in force,
// unless that has the same files with the same bytes, modes and owners already.
// An empty set is a generation without files.
//
// It also ends what a killed process began: links of the generation in force
// that are not there yet are made, dangling ones removed, and generations that
// nobody needs any more are dropped. Errors are [*Error]; nothing that was
// staged is left behind by them.
func StageTree(t TreeTarget, files []TreeFile) (*StagedTree, error) {
	dir, err := filepath.Abs(t.Dir)
	if err != nil {
		return nil, failed("resolving", t.Dir, err)
	}
	if err := checkPaths(dir, files); err != nil {
		return nil, err
	}
	if t.CreateDirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, failed("creating", dir, err)
		}
	}
	now, err := tidiedTree(dir, t.Keep...)
	if err != nil {
		return nil, err
	}
	s, err := now.stage(files)
	if s != nil {
		s.kept = t.Keep
	}
	return s, err
}

func tidiedTree(dir string, keep ...string) (tree, error) {
	t, err := lookAtTree(dir)
	if err != nil {
		return t, err
	}
	if err := t.mend(); err != nil {
		return t, failed("mending the links of", dir, err)
	}
	t.prune(keep...)
	return lookAtTree(dir)
}

func (t tree) stage(files []TreeFile) (*StagedTree, error) {
	s := &StagedTree{dir: t.dir, names: topLevel(files)}
	linked, err := t.linksTo(s.names)
	if err != nil {
		return nil, err
	}
	wanted, err := t.inspect(files)
	if err != nil {
		return nil, err
	}
	if linked && t.holds(wanted) {
		return s, nil
	}
	if s.staged, err = claimDir(t.dir); err != nil {
		return nil, failed("staging", t.dir, err)
	}
	if err := s.staged.write(wanted); err != nil {
		return nil, failed("staging", t.dir, errors.Join(err, s.Discard()))
	}
	return s, nil
}

// topLevel returns the names that the files need in the directory itself.
func topLevel(files []TreeFile) []string {
	names := make([]string, 0, len(files))
	for _, f := range files {
		first, _, _ := strings.Cut(f.Path, "/")
		names = append(names, first)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Changed reports whether Commit has anything to do.
func (s *StagedTree) Changed() bool { return s.staged != nil }

// Path is a directory that has the files under their relative paths: the staged
// generation, or the target if nothing changes or Commit has been called.
func (s *StagedTree) Path() string {
	if s.staged != nil {
		return s.staged.path
	}
	return s.dir
}

// Flush makes a Commit last: after a crash of the machine the new generation is
// in force. Errors are [*Error].
func (s *StagedTree) Flush() error {
	if !s.committed {
		return nil
	}
	s.committed = false
	if err := syncDir(s.dir); err != nil {
		return failed("syncing", s.dir, err)
	}
	return nil
}

// Discard removes what was staged and not committed, and what a rollback would
// have needed beyond the previous generation. It may be called at any time,
// also twice.
func (s *StagedTree) Discard() error {
	if s.staged == nil && s.undo == nil {
		return nil
	}
	var errs []error
	if s.staged != nil {
		errs = append(errs, s.staged.remove())
		s.staged = nil
	}
	if s.undo != nil {
		errs = append(errs, s.undo.forget())
		s.undo = nil
	}
	if now, err := lookAtTree(s.dir); err == nil {
		now.prune(s.kept...)
	}
	return errors.Join(errs...)
}
