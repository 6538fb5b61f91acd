package consultemplate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
	"concierge/internal/exit"
)

// write makes a file and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads a document with these flags and variables.
func load(t *testing.T, text string, args, environ []string) *consultemplate.Loaded {
	t.Helper()
	inv, err := consultemplate.Parse(append([]string{"-config", write(t, "c.hcl", text)}, args...), environ)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	l, err := inv.Load()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return l
}

// failure returns the error of a document and its status.
func failure(t *testing.T, text string, args ...string) (string, int) {
	t.Helper()
	path := write(t, "c.hcl", text)
	inv, err := consultemplate.Parse(append([]string{"-config", path}, args...), nil)
	if err == nil {
		_, err = inv.Load()
	}
	if err == nil {
		return "", exit.OK
	}
	return strings.ReplaceAll(err.Error(), path, "c.hcl"), exit.Code(err)
}

func reveal(entries []string, e config.Environment) string {
	for _, h := range e.Hidden {
		entries = append(entries, h.Reveal())
	}
	return strings.Join(entries, " ")
}
