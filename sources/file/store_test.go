package file_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"concierge/sources"
	"concierge/sources/file"
)

func put(t *testing.T, s *file.Source, key, value string) {
	t.Helper()
	must(t, s.Put(t.Context(), key, value, nil))
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

func TestPutThenGetIsLossless(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tree", "doc.yaml", "doc.json"} {
		s := open(t, filepath.Join(dir, name))
		values := []string{"", "a", "a\n", "a\n\n", "\n", " a ", "a\nb", "  indented\nb\n", "a: b # no comment", "- x", "null", "~", "true", "yes", "<<",
			"007", "1_000", "0x1F", "1e3", "-0", "12345678901234567890123", "é\u2028\ufeff😀", "\x00\x07", "'\"", "{{ x }}", "*a", "&a", "!t", "%", "@", "`", "a\r\nb", "\ttab\n\tb", "---", "2001-01-01"}
		if name != "doc.json" {
			values = append(values, "\xff\xfe not UTF-8")
		}
		for i, v := range values {
			for _, key := range []string{fmt.Sprint("k/", i), "same"} { // as a new key and over the previous value
				put(t, s, key, v)
				p, err := s.Get(t.Context(), key)
				if err != nil || p.Value != v {
					t.Errorf("%s: put %q, got %q, %v", name, v, p.Value, err)
				}
			}
		}
	}
}

func TestEditedDocumentKeepsCommentsAndOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.yaml")
	write(t, path, `# Settings of the application.
app:
    # The port to listen on.
    port: 8080 # usually
    name: "quoted"
    hosts:
        - a
        - b
zone: eu
`)
	s := open(t, path)
	put(t, s, "app/port", "9090")
	put(t, s, "app/name", "12")
	put(t, s, "app/hosts/1", "c")
	put(t, s, "app/hosts/2", "d")
	put(t, s, "db/pool/size", "5")
	must(t, s.Delete(t.Context(), "zone"))
	want := `# Settings of the application.
app:
    # The port to listen on.
    port: 9090 # usually
    name: "12"
    hosts:
        - a
        - c
        - d
db:
    pool:
        size: 5
`
	if got := text(t, path); got != want {
		t.Errorf("document is\n%s\nwant\n%s", got, want)
	}
}

func TestEditedJSONStaysJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.json")
	write(t, path, `{"z": 1.50, "a": {"x": [true, null, "<&>"]}}`)
	s := open(t, path)
	put(t, s, "a/y", "07")
	put(t, s, "n", "7")
	want := `{
  "z": 1.50,
  "a": {
    "x": [
      true,
      null,
      "<&>"
    ],
    "y": "07"
  },
  "n": 7
}
`
	if got := text(t, path); got != want {
		t.Errorf("document is\n%s\nwant\n%s", got, want)
	}
}

func TestEditsThatWouldChangeOtherKeysAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.yaml")
	original := `base: &base {port: 1, host: h}
web: {<<: *base}
api: *base
list: [a, b, c]
shared: &s text
copy: *s
`
	write(t, path, original)
	s := open(t, path)
	for _, key := range []string{"api/port", "base/port", "shared", "copy", "list/9", "list/x", "web/host/deep"} {
		if err := s.Put(t.Context(), key, "new", nil); err == nil {
			t.Errorf("put %s was not refused", key)
		}
	}
	for _, key := range []string{"api/port", "base/port", "web/port", "list/0", "shared"} {
		if err := s.Delete(t.Context(), key); err == nil || !strings.Contains(err.Error(), "edit the file by hand") {
			t.Errorf("delete %s: %v", key, err)
		}
	}
	if got := text(t, path); got != original {
		t.Errorf("a refused edit changed the document:\n%s", got)
	}
	put(t, s, "web/port", "2") // overrides the merged key, nothing else
	must(t, s.Delete(t.Context(), "list/2"))
	if n, err := s.DeleteTree(t.Context(), "list/"); n != 2 || err != nil {
		t.Errorf("deleted %d items of the list, %v", n, err)
	}
	pairs, err := s.List(t.Context(), "")
	must(t, err)
	var all []string
	for _, p := range pairs {
		all = append(all, p.Path+"="+p.Value)
	}
	want := "api/host=h api/port=1 base/host=h base/port=1 copy=text shared=text web/host=h web/port=2"
	if got := strings.Join(all, " "); got != want {
		t.Errorf("keys\n%s, want\n%s", got, want)
	}
}

func TestKeyAndDirectoryOfOneNameAreAConflict(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"tree", "doc.yaml", "doc.json"} {
		s := open(t, filepath.Join(dir, name))
		put(t, s, "a", "1")
		put(t, s, "d/k", "1")
		if err := s.Put(t.Context(), "a/b", "x", nil); err == nil || !strings.Contains(err.Error(), "a is a") {
			t.Errorf("%s: a key below a key: %v", name, err)
		}
		if err := s.Put(t.Context(), "d", "x", nil); err == nil || !strings.Contains(err.Error(), "delete") {
			t.Errorf("%s: a key where a directory is: %v", name, err)
		}
		if p, err := s.Get(t.Context(), "a"); err != nil || p.Value != "1" {
			t.Errorf("%s: a is %+v, %v", name, p, err)
		}
	}
}

func TestKeysThatLeaveTheTreeAreRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir+"/root")
	put(t, s, "k", "1")
	for _, key := range []string{"", "/", "/abs", "a//b", "a/", "..", "../x", "a/../../x", ".", "./k", ".git/config", "a/.b", "a~", "a\x00b"} {
		for what, err := range map[string]error{
			"put": s.Put(t.Context(), key, "x", nil), "delete": s.Delete(t.Context(), key), "get": second(s.Get(t.Context(), key)),
		} {
			if err == nil || !strings.Contains(err.Error(), "use names joined by single slashes") {
				t.Errorf("%s %q: %v", what, key, err)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the root: %v, %v", entries, err)
	}
}

func second(_ sources.KeyPair, err error) error { return err }

func TestDeleteRemovesEmptyDirectoriesUpToTheRoot(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "a/b/c/k", "1")
	put(t, s, "a/other", "1")
	must(t, s.Delete(t.Context(), "a/b/c/k"))
	if _, err := os.Stat(dir + "/a/b"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a/b is still there: %v", err)
	}
	must(t, s.Delete(t.Context(), "a/other"))
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the root was removed: %v", err)
	}
	put(t, s, "a/b/k", "2") // and it is usable again
}

func TestReplacedFileKeepsModeAndLink(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/real/k", "1")
	must(t, os.Chmod(dir+"/real/k", 0o600))
	must(t, os.Chown(dir+"/real/k", os.Getuid(), os.Getgid()))
	must(t, os.Mkdir(dir+"/root", 0o755))
	must(t, os.Symlink("../real/k", dir+"/root/k"))
	put(t, open(t, dir+"/root"), "k", "2")
	info, err := os.Lstat(dir + "/real/k")
	if err != nil || info.Mode().Perm() != 0o600 || text(t, dir+"/real/k") != "2" {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(dir + "/root/k"); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
}

func TestConcurrentEditsOfADocumentLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.yaml")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			s := open(t, path) // as separate processes would
			if err := s.Put(t.Context(), fmt.Sprint("k", i), "v", nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	pairs, err := open(t, path).List(t.Context(), "")
	if err != nil || len(pairs) != 20 {
		t.Errorf("%d keys, %v; want 20", len(pairs), err)
	}
}

func TestEditWaitsForTheLockOnlyAsLongAsItsContext(t *testing.T) {
	dir := t.TempDir()
	holder, err := os.Open(dir)
	must(t, err)
	defer holder.Close()
	must(t, syscall.Flock(int(holder.Fd()), syscall.LOCK_EX))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	err = open(t, dir).Put(ctx, "k", "v", nil)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another edit holds the lock") {
		t.Errorf("error %v", err)
	}
}

func TestFailedEditLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink("nowhere", dir+"/k"))
	s := open(t, dir)
	if err := s.Put(t.Context(), "k", "v", nil); err == nil || !strings.Contains(err.Error(), "leads nowhere") {
		t.Errorf("put through a dangling link: %v", err)
	}
	if err := s.Put(t.Context(), "big", strings.Repeat("x", 1<<20+1), nil); err == nil {
		t.Error("a value over the limit was accepted")
	}
	must(t, os.MkdirAll(dir+"/full", 0o755))
	if err := s.Put(t.Context(), strings.Repeat("n", 300), "v", nil); err == nil {
		t.Error("a name that no file can have was accepted")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestBrokenDocumentIsNotEdited(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.yaml")
	write(t, path, "a: [1\n")
	if err := open(t, path).Put(t.Context(), "b", "1", nil); err == nil || !strings.Contains(err.Error(), "doc.yaml:") {
		t.Errorf("error %v", err)
	}
	if got := text(t, path); got != "a: [1\n" {
		t.Errorf("the document is now %q", got)
	}
}
