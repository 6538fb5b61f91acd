package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"concierge/sources"
)

func TestFilesAreKeysWithoutOneTrailingNewline(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/app/port", "8080\n")
	write(t, dir+"/app/text", "two\n\n")
	write(t, dir+"/app/bare", "x")
	write(t, dir+"/app/empty", "")
	w := watch(t, open(t, dir), key("app/port"), key("app/text"), key("app/bare"), key("app/empty"), key("app/none"))
	w.awaitKey(key("app/port"), "8080")
	w.awaitKey(key("app/text"), "two\n")
	w.awaitKey(key("app/bare"), "x")
	w.awaitKey(key("app/empty"), "")
	w.awaitAbsent(key("app/none"))
}

func TestNamesOfEditorsAreNotKeys(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", ".a.swp", "a~", ".git/config", "b/.hidden", "b/c"} {
		write(t, filepath.Join(dir, name), name)
	}
	pairs, err := open(t, dir).List(t.Context(), "")
	must(t, err)
	var got []string
	for _, p := range pairs {
		got = append(got, p.Path)
	}
	if want := []string{"a", "b/c"}; !slices.Equal(got, want) {
		t.Errorf("keys %q, want %q", got, want)
	}
}

func TestChangesOfEveryKindArrive(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/k", "1")
	w := watch(t, open(t, dir), key("k"), key("new/deep/k"))
	w.awaitKey(key("k"), "1")

	write(t, dir+"/k", "2") // truncate and write
	w.awaitKey(key("k"), "2")

	write(t, dir+"/.k.tmp", "3") // replace by rename
	must(t, os.Rename(dir+"/.k.tmp", dir+"/k"))
	w.awaitKey(key("k"), "3")

	must(t, os.Rename(dir+"/k", dir+"/k~")) // move away, write anew
	write(t, dir+"/k", "4")
	w.awaitKey(key("k"), "4")

	write(t, dir+"/new/deep/k", "5") // new directories
	w.awaitKey(key("new/deep/k"), "5")
	write(t, dir+"/new/deep/k", "6") // which are watched, too
	w.awaitKey(key("new/deep/k"), "6")

	must(t, os.Rename(dir+"/new", dir+"/old")) // a directory renamed away
	w.awaitAbsent(key("new/deep/k"))
	must(t, os.Rename(dir+"/old", dir+"/new")) // and back
	w.awaitKey(key("new/deep/k"), "6")
	write(t, dir+"/new/deep/k", "7")
	w.awaitKey(key("new/deep/k"), "7")

	must(t, os.Remove(dir+"/k"))
	w.awaitAbsent(key("k"))
}

// Files written one after the other are gathered. On a busy machine a write may
// come too late, so one of several rounds must do; without gathering none would.
func TestFilesWrittenTogetherAreOneUpdate(t *testing.T) {
	dir := t.TempDir()
	var queries []sources.Query
	for i := range 20 {
		queries = append(queries, key(fmt.Sprint("k", i)))
	}
	w := watch(t, open(t, dir), queries...)
	w.awaitAbsent(key("k19"))
	together := 0
	for round := range 10 {
		before, value := len(w.all()), fmt.Sprint(round)
		for i := range 20 {
			write(t, fmt.Sprint(dir, "/k", i), value)
		}
		w.awaitKey(key("k19"), value)
		if u := w.all()[before:]; len(u) == 1 && len(u[0].Values) == 20 {
			together++
		}
	}
	if together == 0 {
		t.Error("in none of ten rounds were twenty files one update")
	}
}

func TestDirectoryMovedInIsOneUpdate(t *testing.T) {
	dir := t.TempDir()
	for i := range 50 {
		write(t, fmt.Sprint(dir, "/.new/k", i), "v")
	}
	w := watch(t, open(t, dir), tree("app/"), key("app/k0"), key("app/k49"))
	w.awaitAbsent(key("app/k0"))
	before := len(w.all())
	must(t, os.Rename(dir+"/.new", dir+"/app"))
	w.awaitKey(key("app/k49"), "v")
	if u := w.all()[before:]; len(u) != 1 || len(u[0].Values) != 3 || len(u[0].Values[tree("app/")].Data.(sources.Pairs)) != 50 {
		t.Errorf("updates %+v, want one with 50 keys", u)
	}
}

func TestMissingRootIsAnOutageAndNeverAbsence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet")
	w := watch(t, open(t, dir), key("k"))
	if err := w.awaitOutage(0); !strings.Contains(err.Error(), "create it or set sources.file.path") {
		t.Errorf("the outage has no hint: %v", err)
	}
	write(t, dir+"/k", "1")
	w.awaitKey(key("k"), "1")

	n := len(w.all())
	must(t, os.Rename(dir, dir+"-away"))
	w.awaitOutage(n)
	must(t, os.Rename(dir+"-away", dir))
	write(t, dir+"/k", "2")
	w.awaitKey(key("k"), "2")
	outages := 0
	for _, u := range w.all() {
		if v, ok := u.Values[key("k")]; ok && !v.Exists {
			t.Error("absence was reported because the root was missing")
		}
		if u.Err != nil {
			outages++
		}
	}
	if outages != 2 {
		t.Errorf("%d outages reported, want 2", outages)
	}
}

// volume writes a directory as the kubelet does.
func volume(t *testing.T, dir, version string, keys ...string) {
	t.Helper()
	for _, k := range keys {
		write(t, filepath.Join(dir, ".."+version, k), version)
		_ = os.Symlink(filepath.Join("..data", k), filepath.Join(dir, k)) // exists after the first version
	}
	must(t, os.Symlink(".."+version, dir+"/..data_tmp"))
	must(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
}

func TestKubernetesSwapIsOneUpdate(t *testing.T) {
	dir := t.TempDir()
	volume(t, dir, "v0", "a", "b", "c")
	all := []sources.Query{key("a"), key("b"), key("c"), tree("")}
	w := watch(t, open(t, dir), all...)
	w.awaitKey(key("c"), "v0")
	for i := 1; i <= 20; i++ {
		version := fmt.Sprint("v", i)
		volume(t, dir, version, "a", "b", "c")
		if i%4 == 0 { // in between, swap faster than changes are gathered
			w.awaitKey(key("a"), version)
		}
		must(t, os.RemoveAll(fmt.Sprint(dir, "/..v", i-1)))
	}
	w.awaitKey(key("a"), "v20")
	for _, u := range w.all() {
		seen := make(map[string]bool)
		for _, v := range u.Values {
			switch d := v.Data.(type) {
			case sources.KeyPair:
				seen[d.Value] = true
			case sources.Pairs:
				for _, p := range d {
					seen[p.Value] = true
				}
			default:
				t.Fatalf("absence in %+v", u)
			}
		}
		if len(seen) > 1 || len(u.Values) != 0 && len(u.Values) != len(all) {
			t.Errorf("an update mixes two versions: %+v", u)
		}
	}
}

func TestLinkedDirectoriesAreFollowedAndLoopsEnd(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	write(t, other+"/deep/k", "1")
	write(t, other+"/single", "s1")
	must(t, os.Symlink(other+"/deep", dir+"/linked"))
	must(t, os.Symlink(other+"/single", dir+"/one"))
	must(t, os.Symlink("..", dir+"/up"))
	must(t, os.Symlink(dir, dir+"/self"))
	must(t, os.Symlink("nowhere", dir+"/dangling"))
	w := watch(t, open(t, dir), key("linked/k"), key("one"), key("dangling"))
	w.awaitKey(key("linked/k"), "1")
	w.awaitKey(key("one"), "s1")
	w.awaitAbsent(key("dangling"))
	write(t, other+"/deep/k", "2") // noticed although outside the tree
	w.awaitKey(key("linked/k"), "2")
	write(t, other+"/single", "s2")
	w.awaitKey(key("one"), "s2")
}

func TestUnreadableKeyFailsAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/good", "1")
	write(t, dir+"/sub/big", strings.Repeat("x", 1<<20+1))
	must(t, os.Symlink("/proc/self/mem", dir+"/sub/io")) // reading it is an I/O error
	w := watch(t, open(t, dir), key("good"), key("sub/big"), key("sub/io"), tree("sub/"), tree("go"))
	w.awaitKey(key("good"), "1")
	u := w.all()[0]
	if len(u.Failed) != 3 || u.Failed[key("sub/big")] == nil || u.Failed[key("sub/io")] == nil || u.Failed[tree("sub/")] == nil {
		t.Errorf("failed: %v; want sub/big, sub/io and the tree", u.Failed)
	}
	must(t, os.Remove(dir+"/sub/io"))
	write(t, dir+"/sub/big", "small")
	w.awaitKey(key("sub/big"), "small")
	w.awaitAbsent(key("sub/io"))
}

func TestSpecialFilesAreNotKeys(t *testing.T) {
	dir := t.TempDir()
	must(t, syscall.Mkfifo(dir+"/pipe", 0o600))
	write(t, dir+"/k", "1")
	w := watch(t, open(t, dir), key("pipe"), tree(""))
	w.awaitAbsent(key("pipe"))
}

func TestNothingWantedMeansNothingIsPublished(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/k", "1")
	w := watch(t, open(t, dir), key("k"))
	w.awaitKey(key("k"), "1")
	w.want()
	write(t, dir+"/k", "2")
	w.want() // the source is between two looks now
	if n := len(w.all()); n != 1 {
		t.Errorf("%d updates, want 1", n)
	}
	w.want(key("k")) // wanted anew: answered anew
	w.awaitKey(key("k"), "2")
}
