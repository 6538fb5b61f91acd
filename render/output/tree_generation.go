package output

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// dataName is the link to the generation in force.
	dataName = "..data"
	// generationLayout names generations by the time of their commit (UTC), so
	// that they sort by it. The form is that of Kubernetes.
	generationLayout = "..2006_01_02_15_04_05.000000000"
)

// tree is what a tree's directory was found to hold.
type tree struct {
	dir     string
	current string // the generation in force, "" if there is none
	// generations are all that have been committed, oldest first; unfinished
	// directories have other names.
	generations []string
	unfinished  []string
	links       []string // top-level names that point into ..data
}

func lookAtTree(dir string) (tree, error) {
	t := tree{dir: dir}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return t, failed("looking into", dir, err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case e.IsDir() && isGeneration(name):
			t.generations = append(t.generations, name)
		case e.IsDir() && strings.HasPrefix(name, workPrefix):
			t.unfinished = append(t.unfinished, name)
		case isOwnLink(dir, name):
			t.links = append(t.links, name)
		}
	}
	return t, t.findCurrent()
}

func (t *tree) findCurrent() error {
	path := filepath.Join(t.dir, dataName)
	to, err := os.Readlink(path)
	switch {
	case isAbsent(err):
		return nil
	case errors.Is(err, syscall.EINVAL):
		err = errors.New("it is not a symbolic link")
	case err != nil:
		return failed("looking at", path, err)
	case isGeneration(to):
		if slices.Contains(t.generations, to) {
			t.current = to
		}
		return nil
	default:
		err = fmt.Errorf("it points to %q, which is no generation of a tree", to)
	}
	return &Error{Op: "looking at", Path: path, Err: err,
		Hint: "something else keeps this directory: choose another, or remove ..data"}
}

func isGeneration(name string) bool {
	_, err := time.Parse(generationLayout, name)
	return err == nil && len(name) == len(generationLayout)
}

// next names a generation that is committed now. It sorts after all others even
// if the clock was set back.
func (t tree) next() string {
	name := time.Now().UTC().Format(generationLayout)
	if len(t.generations) == 0 {
		return name
	}
	last := t.generations[len(t.generations)-1]
	if name > last {
		return name
	}
	at, _ := time.Parse(generationLayout, last)
	return at.Add(1).Format(generationLayout)
}

// previous returns the newest generation older than the one in force. A newer
// one was rolled back, or its commit was cut off.
func (t tree) previous() string {
	at, _ := slices.BinarySearch(t.generations, t.current)
	if t.current == "" || at == 0 {
		return ""
	}
	return t.generations[at-1]
}

// prune drops all but the generation in force, the one before it, those given,
// and what somebody still works on.
func (t tree) prune(keep ...string) {
	before := t.previous()
	for _, g := range t.generations {
		if g != t.current && g != before && !slices.Contains(keep, g) {
			t.drop(g)
		}
	}
	for _, name := range t.unfinished {
		t.drop(name)
	}
}
