package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

// sandboxed is a directory tree with a sandbox that is itself behind a link,
// a file and links in it, and a file outside.
func sandboxed(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, "real", "sub"), 0o700),
		os.MkdirAll(filepath.Join(dir, "real-not"), 0o700),
		os.WriteFile(filepath.Join(dir, "real", "in"), []byte("x"), 0o600),
		os.WriteFile(filepath.Join(dir, "out"), []byte("x"), 0o600),
		os.WriteFile(filepath.Join(dir, "real-not", "in"), []byte("x"), 0o600),
		os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "box")),
		os.Symlink("../in", filepath.Join(dir, "real", "sub", "good")),
		os.Symlink("../out", filepath.Join(dir, "real", "bad")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFilesAreReadInsideTheSandboxOnly(t *testing.T) {
	dir := sandboxed(t)
	o := render.Options{Sandbox: filepath.Join(dir, "box")}
	for path, want := range map[string]string{
		"box/in":         "",
		"real/in":        "",
		"box/sub/good":   "",
		"box/sub/../in":  "",
		"out":            "is outside of the sandbox",
		"box/bad":        "is outside of the sandbox",
		"box/../out":     "is outside of the sandbox",
		"real-not/in":    "is outside of the sandbox",
		"box/not-there":  "no such file",
		"box/in/../../x": "not a directory",
	} {
		path = dir + "/" + path
		tmpl := parse(t, `{{ file "`+path+`" }}`, o)
		result, err := tmpl.Execute(sources.Snapshot{})
		if want == "" {
			if err != nil || len(result.Missing) != 1 || result.Missing[0].Query.Path != path || len(tmpl.Literals()) != 1 {
				t.Errorf("%s: %+v, %v", path, result, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "sandbox_path") {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
		if len(tmpl.Literals()) > 0 {
			t.Errorf("%s would be read before the first execution", path)
		}
	}
	_, err := parse(t, `{{ file "/etc/hostname" }}`, render.Options{Sandbox: filepath.Join(dir, "none")}).Execute(sources.Snapshot{})
	if err == nil || !strings.Contains(err.Error(), "resolving the sandbox") {
		t.Errorf("a sandbox that is not there: %v", err)
	}
}
