package output_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/render/output"
)

// treePart plays the parts of helper processes that need a tree.
func treePart(part, dir string) {
	files := append(plain("a", "2"), output.TreeFile{Path: "big", Content: bytes.Repeat([]byte("x"), 1<<16)})
	var err error
	switch part {
	case "tree loop":
		renderTreesForEver(dir)
	case "tree limited":
		// Writing stops after 4 KiB, as on a full disk.
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096})
	case "tree mounted":
		big := filepath.Join(dir, "big")
		err = syscall.Mount(big, big, "", syscall.MS_BIND, "")
	case "tree readonly":
		err = errors.Join(syscall.Mount(dir, dir, "", syscall.MS_BIND, ""),
			syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	}
	if err == nil {
		var s *output.StagedTree
		if s, err = output.StageTree(output.TreeTarget{Dir: dir}, files); err == nil {
			err = errors.Join(s.Commit(), s.Discard())
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

// treeVersion is the n-th set of files. Some names come and go, one is a file
// and a directory by turns, and every content tells the set.
func treeVersion(n int) []output.TreeFile {
	content := strconv.Itoa(n) + strings.Repeat(".", n%7*1000)
	files := plain("a", content, "sub/b", content, "sub/deep/c", content, "only-"+strconv.Itoa(n%3), content)
	if n%2 == 0 {
		return append(files, plain("turns", content)...)
	}
	return append(files, plain("turns/in", content, "turns/too", content)...)
}

// checkGeneration fails the test if a directory does not hold exactly one set,
// and returns which.
func checkGeneration(t *testing.T, root string) int {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(p)
		got[strings.TrimPrefix(p, root+"/")] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimRight(got["a"], "."))
	if err != nil {
		t.Fatalf("torn: %v in %v", err, got)
	}
	want := treeVersion(n)
	for _, f := range want {
		if got[f.Path] != string(f.Content) {
			t.Fatalf("torn: %s of set %d is %.10q", f.Path, n, got[f.Path])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("torn: %d files, set %d has %d", len(got), n, len(want))
	}
	return n
}

// renderTreesForEver commits set after set and goes back from some of them in
// both ways, telling each with a byte, until it is killed.
func renderTreesForEver(dir string) {
	for n := 0; ; n++ {
		s, err := output.StageTree(output.TreeTarget{Dir: dir}, treeVersion(n))
		if err == nil {
			err = s.Commit()
		}
		if err == nil && n%5 == 3 {
			err = s.Rollback()
		}
		if err == nil {
			err = errors.Join(s.Flush(), s.Discard())
		}
		if err == nil && n%5 == 4 {
			err = output.RestoreTree(dir)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		_, _ = os.Stdout.WriteString(".")
	}
}

// TestKillAtAnyMomentLeavesATreeWhole kills a process that renders trees again
// and again. CONCIERGE_KILL_RENDERS=1000 makes it go on for that many renders.
func TestKillAtAnyMomentLeavesATreeWhole(t *testing.T) {
	wanted, err := strconv.Atoi(os.Getenv("CONCIERGE_KILL_RENDERS"))
	if err != nil {
		wanted = 60
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mine"), "user", 0o640)
	renders, kills, unlinked := 0, 0, 0
	for renders < wanted || kills < 20 {
		renders += killAfter(t, helper(t, "tree loop", dir), rand.N(30*time.Millisecond), runtime.Gosched)
		kills++
		n := checkGeneration(t, filepath.Join(dir, inForce(t, dir)))
		if before, err := output.Previous(dir); err == nil {
			checkGeneration(t, before)
		}
		if !linksFit(t, dir, n) {
			unlinked++
		}
		if s := stageTree(t, dir, treeVersion(n)); s.Changed() || !linksFit(t, dir, n) {
			t.Fatalf("set %d was not completed by a staging: %s", n, names(t, dir))
		}
	}
	commitTree(t, dir, plain("last", "x"))
	if got := generations(t, dir); len(got) != 2 || !strings.HasSuffix(names(t, dir), " ..data last mine") {
		t.Errorf("leftovers of killed processes: %s", names(t, dir))
	}
	t.Logf("%d renders, %d kills, %d of them before all links were made", renders, kills, unlinked)
}

// linksFit reports whether the names without two dots are those of set n and
// what the test has put there.
func linksFit(t *testing.T, dir string, n int) bool {
	t.Helper()
	want := []string{"a", "mine", "only-" + strconv.Itoa(n%3), "sub", "turns"}
	got := slices.DeleteFunc(strings.Fields(names(t, dir)), func(s string) bool { return strings.HasPrefix(s, "..") })
	return slices.Equal(got, want)
}
