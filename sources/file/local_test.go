package file_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"concierge/sources"
	"concierge/sources/file"
)

func local(path string) sources.Query {
	return sources.Query{Source: "local", Kind: sources.File, Path: path}
}

func TestLocalFilesAreExactAndFollowed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a", "text\n\n")
	a, b, deep := local(dir+"/a"), local(dir+"/b"), local(dir+"/not/yet/c")
	w := watch(t, file.NewLocal(slog.New(slog.DiscardHandler)), a, b, deep)
	w.awaitKey(a, "text\n\n")
	w.awaitAbsent(b)
	w.awaitAbsent(deep)
	if p := w.all()[0].Values[a].Data.(sources.KeyPair); p.Path != a.Path {
		t.Errorf("path %q, want it as given", p.Path)
	}
	write(t, dir+"/b", "new")
	w.awaitKey(b, "new")
	write(t, dir+"/not/yet/c", "deep")
	w.awaitKey(deep, "deep")
	must(t, os.Rename(dir+"/b", dir+"/a"))
	w.awaitKey(a, "new")
	w.awaitAbsent(b)
}

func TestLocalFileBehindALinkIsFollowed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/real/f", "1")
	must(t, os.Mkdir(dir+"/links", 0o755))
	must(t, os.Symlink("../real/f", dir+"/links/f"))
	q := local(dir + "/links/f")
	w := watch(t, file.NewLocal(slog.New(slog.DiscardHandler)), q)
	w.awaitKey(q, "1")
	write(t, dir+"/real/f", "2")
	w.awaitKey(q, "2")
}

func TestRelativeLocalFileIsOfTheWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/f", "1")
	t.Chdir(dir)
	w := watch(t, file.NewLocal(slog.New(slog.DiscardHandler)), local("f"))
	w.awaitKey(local("f"), "1")
}

func TestLocalDirectoryFailsAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/f", "1")
	w := watch(t, file.NewLocal(slog.New(slog.DiscardHandler)), local(dir), local(dir+"/f"))
	w.awaitKey(local(dir+"/f"), "1")
	if err := w.all()[0].Failed[local(dir)]; err == nil || !strings.Contains(err.Error(), "name a file") {
		t.Errorf("the directory failed with %v", err)
	}
}
