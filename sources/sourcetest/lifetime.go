package sourcetest

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

func (s Subject) lifetime(t *testing.T) {
	t.Run("WatchEndsWithItsContextAndLeavesNoGoroutine", s.leaveNothing)
	t.Run("WatchEndsWithoutASet", s.endWithoutSet)
}

func (s Subject) leaveNothing(t *testing.T) {
	f := s.Open(t)
	f.put(t, "a/1", "x") // the writer's own goroutines are there from now on
	before := goroutines()
	w := follow(t, f, nil, f.key("a/1"), f.tree("b/"), f.key("c/1"))
	w.answered(f.key("a/1"), f.tree("b/"), f.key("c/1"))
	w.stop()
	if c, ok := f.Source.(io.Closer); ok {
		if err := c.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(promptly); ; <-tick.C {
		left := leaked(before)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
		}
	}
}

func (s Subject) endWithoutSet(t *testing.T) {
	w := follow(t, s.Open(t), nil)
	w.stop()
	if v := w.view(); len(v.values) != 0 || len(v.failed) != 0 {
		t.Errorf("published without being asked: %s", v)
	}
}

// goroutines returns the stacks of all goroutines by their number.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	all := make(map[string]string)
	for stack := range bytes.SplitSeq(buf, []byte("\n\n")) {
		var id int
		if _, err := fmt.Sscanf(string(stack), "goroutine %d ", &id); err == nil {
			all[fmt.Sprint(id)] = string(stack)
		}
	}
	return all
}

// leaked returns the stacks of new goroutines that run code of a source or of
// the libraries sources use. Idle connections of net/http are nobody's leak.
func leaked(before map[string]string) (stacks []string) {
	for id, stack := range goroutines() {
		_, old := before[id]
		if old || strings.Contains(stack, "sourcetest.") {
			continue
		}
		for _, mark := range []string{"concierge/", "go.etcd.io/", "google.golang.org/grpc", "fsnotify", "hashicorp/"} {
			if strings.Contains(stack, mark) {
				stacks = append(stacks, stack)
				break
			}
		}
	}
	return stacks
}
