package programs

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOldProgramOnPathIsNotUsed(t *testing.T) {
	for _, c := range []struct {
		text   string
		oldest [2]int
		want   bool
	}{
		{"etcd Version: 3.6.16\nGit SHA: 1", [2]int{3, 5}, true},
		{"etcd Version: 3.4.30\n", [2]int{3, 5}, false},
		{"Consul v1.21.0\nBuild Date", [2]int{1, 16}, true},
		{"Vault v2.0.1, built", [2]int{1, 15}, true},
		{"consul-template v0.36.9 ()", [2]int{0, 37}, false},
		{"no number", [2]int{0, 0}, false},
	} {
		if got := newEnough(c.text, c.oldest); got != c.want {
			t.Errorf("newEnough(%q, %v) = %t", c.text, c.oldest, got)
		}
	}
}

func TestEveryProgramIsPinned(t *testing.T) {
	t.Setenv(CacheVariable, t.TempDir())
	for _, p := range all() {
		target, _, err := p.location()
		if err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(filepath.Base(target), p.name+"-v") {
			t.Errorf("%s is cached as %s", p.name, target)
		}
	}
}

func TestProgramOnPathIsPreferred(t *testing.T) {
	dir := t.TempDir()
	fake := filepath.Join(dir, "consul")
	if err := os.WriteFile(fake, []byte("#!/bin/sh\necho Consul v1.99.0\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/bin:/usr/bin")
	got, err := Path(t.Context(), "consul", &bytes.Buffer{})
	if err != nil || got != fake {
		t.Errorf("Path = %s, %v", got, err)
	}
}

func TestUnknownProgramIsAnError(t *testing.T) {
	if _, err := Path(t.Context(), "zookeeper", &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "etcd") {
		t.Errorf("error is %v", err)
	}
}

func TestLockIsWaitedForAndSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(t.Context(), path, func() { t.Error("waited for a free lock") })
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{})
	got := make(chan error)
	go func() {
		unlock, err := lock(context.Background(), path, func() { close(told) })
		if err == nil {
			unlock()
		}
		got <- err
	}()
	<-told
	select {
	case err := <-got:
		t.Fatalf("got a held lock (%v)", err)
	default:
	}
	unlock()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestFailedBuildLeavesNothingAndSaysWhy(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "etcd-v1")
	p, err := find("etcd")
	if err != nil {
		t.Fatal(err)
	}
	err = p.install(t.Context(), dir, target, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "go.mod") || !strings.Contains(err.Error(), InstallCommand) {
		t.Errorf("error is %v", err)
	}
	left, err := filepath.Glob(target + "*")
	if err != nil || len(left) != 1 { // the lock file
		t.Errorf("left behind: %v, %v", left, err)
	}
}
