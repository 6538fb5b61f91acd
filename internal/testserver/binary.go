package testserver

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Concierge builds the binary as users have it, static and without the race
// detector, and returns its path. It is removed with the test.
func Concierge(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "concierge")
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-o", path, "concierge/cmd/concierge")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("building concierge: %v\n%s", err, out)
	}
	return path
}
