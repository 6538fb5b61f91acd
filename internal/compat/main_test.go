package compat

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"concierge/internal/testserver"
)

var (
	candidateFlag = flag.String("candidate", "", "compare this program with consul-template instead of a fresh build of concierge")
	updateFlag    = flag.Bool("update", false, "write the generated part of docs/compatibility.md")
)

// TestMain removes what build made.
func TestMain(m *testing.M) {
	flag.Parse()
	status := m.Run()
	if path, err := build(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// build builds concierge once, or takes the -candidate, and returns its path
// under the name concierge, beside which it is also called consul-template.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "concierge-compat-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "concierge")
	if *candidateFlag != "" {
		target, err := filepath.Abs(*candidateFlag)
		if err != nil {
			return "", err
		}
		return path, errors.Join(os.Symlink(target, path), os.Symlink(target, filepath.Join(dir, "consul-template")))
	}
	cmd := exec.Command("go", "build", "-o", path, "concierge/cmd/concierge")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building concierge: %w: %s", err, out)
	}
	return path, os.Symlink("concierge", filepath.Join(dir, "consul-template"))
})

// program is one of the two that are compared.
type program struct {
	name string // "reference" or "candidate"
	path string
}

// pair returns the reference and the candidate. The candidate is called by the
// name consul-template, or by its own one when that is to be shown.
func pair(t *testing.T, ownName bool) [2]program {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	if !ownName {
		path = filepath.Join(filepath.Dir(path), "consul-template")
	}
	return [2]program{
		{"reference", testserver.Binary(t, "consul-template")},
		{"candidate", path},
	}
}

// itself reports whether consul-template is compared with itself, which is how
// the suite is tried: then nothing may differ, documented or not.
func itself(t *testing.T) bool {
	t.Helper()
	p := pair(t, false)
	a, errA := os.Stat(p[0].path)
	b, errB := os.Stat(p[1].path)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	return os.SameFile(a, b)
}
