package process

import (
	"log/slog"
	"os"
	"testing"
	"time"
)

// TestMain also makes this binary the program of [TestReap], which has to have
// its process to itself, the parent of [TestProgramOfAnotherUserDiesWithItsParent], and what a program with an identity of its own is
// started by.
func TestMain(m *testing.M) {
	Launch()
	if os.Getenv(stormVariable) != "" {
		os.Exit(storm())
	}
	if dir := os.Getenv(parentVariable); dir != "" {
		parent(dir)
	}
	os.Exit(m.Run())
}

func newChildren() *Children { return NewChildren(slog.New(slog.DiscardHandler)) }

// eventually polls until ok, for at most ten seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}
