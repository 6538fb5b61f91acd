package compat

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/aymanbagabas/go-udiff"
)

// Statuses that no program has.
const (
	statusTimeout = -1 // did not end in time
	statusNotRun  = -2 // could not be run, or left its streams open
)

// outcome is what a run left behind.
type outcome struct {
	status int
	stdout string
	log    string // standard error: shown, never compared
	files  map[string]leftover
}

// leftover is a file as it was found.
type leftover struct {
	mode     fs.FileMode
	uid, gid uint32
	links    bool   // has another name
	text     string // contents, or the target of a symbolic link
}

// scan reads everything in dir. The directory's own name does not show.
func scan(t *testing.T, dir string) map[string]leftover {
	t.Helper()
	found := make(map[string]leftover)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		left := leftover{mode: info.Mode(), uid: stat.Uid, gid: stat.Gid}
		var text []byte
		switch {
		case info.Mode().IsRegular():
			left.links = stat.Nlink > 1
			text, err = os.ReadFile(path)
			left.text = string(text)
		case info.Mode()&fs.ModeSymlink != 0:
			left.text, err = os.Readlink(path)
		}
		left.text = strings.ReplaceAll(left.text, dir, "$WORK")
		name, _ := filepath.Rel(dir, path)
		found[name] = left
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return found
}

// without forgets the files that the case laid out and that are still as they
// were, and the contents of those of which only the shape counts.
func (o outcome) without(c *testCase) outcome {
	o.files = maps.Clone(o.files)
	for _, file := range c.files {
		if left, ok := o.files[file.Name]; ok && left.text == string(file.Data) && left.mode == 0o644 {
			delete(o.files, file.Name)
		}
	}
	for _, name := range c.shape {
		if left, ok := o.files[name]; ok {
			left.text = "(not compared)\n"
			o.files[name] = left
		}
	}
	return o
}

// String is one text with everything that is compared.
func (o outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "status %d\n", o.status)
	if o.stdout != "" {
		fmt.Fprintf(&b, "== stdout ==\n%s", ended(o.stdout))
	}
	for _, name := range slices.Sorted(maps.Keys(o.files)) {
		left := o.files[name]
		fmt.Fprintf(&b, "== %s %v", name, left.mode)
		if left.uid != uint32(os.Getuid()) || left.gid != uint32(os.Getgid()) {
			fmt.Fprintf(&b, " %d:%d", left.uid, left.gid)
		}
		if left.links {
			b.WriteString(" linked")
		}
		fmt.Fprintf(&b, " ==\n%s", ended(left.text))
	}
	return b.String()
}

// ended ends the text with a line end, and says when it had none.
func ended(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n\\ no line end\n"
}

// difference describes how two outcomes differ; empty if they do not.
func difference(reference, candidate outcome) string {
	return udiff.Unified("reference", "candidate", reference.String(), candidate.String())
}
