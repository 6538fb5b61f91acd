package output_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// swaps is how many generations the readers see.
const swaps = 1000

// TestReadersSeeOneGenerationThroughManySwaps reads all the while in both ways
// that an application may: a whole generation through ..data resolved once, and
// file after file through the links.
func TestReadersSeeOneGenerationThroughManySwaps(t *testing.T) {
	dir := t.TempDir()
	set := func(n int) []string {
		version := strconv.Itoa(n)
		return []string{"a", version, "b", version + strings.Repeat(".", n%5*2000), "sub/c", version}
	}
	commitTree(t, dir, plain(set(0)...))
	done := make(chan struct{})
	var readers sync.WaitGroup
	reader := func(read func(dir string) error) {
		readers.Go(func() {
			for count := 1; ; count++ {
				if err := read(dir); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-done:
					t.Logf("%d readings", count)
					return
				default:
				}
			}
		})
	}
	reader(readGeneration)
	last := map[string]int{}
	reader(func(dir string) error { return readLinks(dir, last) })
	for n := 1; n <= swaps; n++ {
		commitTree(t, dir, plain(set(n)...))
	}
	close(done)
	readers.Wait()
	if err := readLinks(dir, last); err != nil || last["sub/c"] != swaps {
		t.Errorf("in the end: %v, %v", last, err)
	}
}

// number reads which set a file is from, and that it is whole.
func number(content []byte, path string) (int, error) {
	n, err := strconv.Atoi(strings.TrimRight(string(content), "."))
	if err == nil && path == "b" && strings.Count(string(content), ".") != n%5*2000 {
		err = errors.New("torn: b of set " + strconv.Itoa(n))
	}
	return n, err
}

// readGeneration reads all files of one directory. Only a reader that two more
// commits overtake may find it gone.
func readGeneration(dir string) error {
	root, err := os.OpenRoot(filepath.Join(dir, "..data"))
	if err != nil {
		return err
	}
	defer root.Close()
	first := -1
	for _, path := range []string{"a", "b", "sub/c"} {
		content, err := root.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return overtaken(root)
		}
		if err != nil {
			return err
		}
		n, err := number(content, path)
		if err != nil {
			return err
		}
		if first < 0 {
			first = n
		}
		if n != first {
			return errors.New("two generations at once: " + strconv.Itoa(first) + " and " + strconv.Itoa(n))
		}
	}
	return nil
}

// overtaken is an error if a generation that lacks a file is still there.
func overtaken(root *os.Root) error {
	held, err := root.Stat(".")
	if err != nil {
		return err
	}
	there, err := os.Stat(root.Name())
	if err == nil && os.SameFile(held, there) {
		err = errors.New("a file is missing in the generation in force")
	}
	return err
}

// readLinks reads every file through its link: always there, whole, and never
// older than the time before.
func readLinks(dir string, last map[string]int) error {
	for _, path := range []string{"a", "b", "sub/c"} {
		content, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			return err
		}
		n, err := number(content, path)
		if err != nil {
			return err
		}
		if n < last[path] {
			return errors.New(path + " went back to set " + strconv.Itoa(n))
		}
		last[path] = n
	}
	return nil
}
