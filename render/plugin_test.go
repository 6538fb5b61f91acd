package render_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

// counter is a program that notes each of its runs in a file and prints its
// arguments, one in brackets each.
func counter(t *testing.T) (program string, runs func() int) {
	t.Helper()
	dir := t.TempDir()
	program, notes := filepath.Join(dir, "program"), filepath.Join(dir, "notes")
	script := "#!/bin/sh\necho run >>" + notes + "\nfor a; do printf '[%s]' \"$a\"; done\necho \" \"\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return program, func() int {
		b, err := os.ReadFile(notes)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return strings.Count(string(b), "run")
	}
}

func TestPluginGetsTrimmedArgumentsAndNoShell(t *testing.T) {
	program, runs := counter(t)
	text := fmt.Sprintf(`{{ plugin %q "a b" "" "  " " $HOME\n" "*" }}|{{ plugin "" "x" }}|{{ "piped" | plugin %q }}`, program, program)
	got, err := execute(text, sources.Snapshot{})
	if want := "[a b][$HOME][*]||[piped]"; err != nil || got != want || runs() != 2 {
		t.Errorf("%q, %v, %d runs; want %q", got, err, runs(), want)
	}
}

func TestPluginRunsOnceForACompleteRendering(t *testing.T) {
	program, runs := counter(t)
	text := fmt.Sprintf(`{{ $x := plugin %q "x" }}{{ $x }}{{ plugin %q "x" }}{{ key "a" }}{{ plugin %q (key "a") }}`, program, program, program)
	tmpl := parse(t, text, render.Options{})
	for pass := range 3 {
		result, err := tmpl.Execute(sources.Snapshot{})
		if err != nil || len(result.Missing) != 1 || runs() != 1 {
			t.Fatalf("provisional pass %d: %+v, %v, %d runs", pass, result, err, runs())
		}
	}
	for i, value := range []string{"one", "two"} {
		result, err := tmpl.Execute(stored("consul", map[string]string{"a": value}))
		want := "[x][x]" + value + "[" + value + "]"
		if err != nil || string(result.Output) != want || runs() != 2+2*i {
			t.Fatalf("%q, %v, %d runs; want %q", result.Output, err, runs(), want)
		}
	}
}

func TestPluginFailureTellsStatusAndOutputAndIsTriedAgain(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	text := fmt.Sprintf(`{{ plugin "sh" "-c" "test -e %s && echo fine && exit 0; echo said; echo wrong >&2; exit 3" }}`, mark)
	tmpl := parse(t, text, render.Options{Name: "app.tmpl"})
	_, err := tmpl.Execute(sources.Snapshot{})
	want := `app.tmpl:1:4: plugin: running "sh": exit status 3; standard output: said; standard error: wrong (run it by hand with the same arguments)`
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if result, err := tmpl.Execute(sources.Snapshot{}); err != nil || string(result.Output) != "fine" {
		t.Errorf("%q, %v", result.Output, err)
	}
	_, err = execute(`{{ plugin "./no-such-program" }}`, sources.Snapshot{})
	if err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("a program that is not there: %v", err)
	}
}

func TestPluginHasTheGivenEnvironment(t *testing.T) {
	t.Setenv("OWN", "own")
	for _, c := range []struct {
		env  []string
		want string
	}{{nil, "own-"}, {[]string{"GIVEN=given"}, "-given"}, {[]string{}, "-"}} {
		tmpl := parse(t, `{{ plugin "/bin/sh" "-c" "echo $OWN-$GIVEN" }}`, render.Options{CommandEnv: c.env})
		if result, err := tmpl.Execute(sources.Snapshot{}); err != nil || string(result.Output) != c.want {
			t.Errorf("%v: %q, %v; want %q", c.env, result.Output, err, c.want)
		}
	}
}

// secretOf is a snapshot with the one secret "s".
func secretOf(password string) sources.Snapshot {
	return with(sources.Snapshot{}, secretQuery("s"), sources.Value{Exists: true, Tainted: true,
		Data: &sources.SecretData{Data: map[string]any{"p": password}}})
}

func TestMaskedRenderingRunsNoPlugin(t *testing.T) {
	program, runs := counter(t)
	data := secretOf("hunter22")
	tmpl := parse(t, fmt.Sprintf(`{{ plugin %q "plain" }} {{ plugin %q (secret "s").Data.p }}`, program, program), render.Options{})
	if result, err := tmpl.Execute(data); err != nil || string(result.Output) != "[plain] [hunter22]" {
		t.Fatalf("%q, %v", result.Output, err)
	}
	for range 2 {
		result, err := tmpl.Execute(render.Masked(data))
		if err != nil || string(result.Output) != "[plain] [masked]" || runs() != 2 {
			t.Errorf("%q, %v, %d runs", result.Output, err, runs())
		}
	}
}

func TestPluginFailureTellsNoSecret(t *testing.T) {
	text := `{{ plugin "sh" "-c" "echo $0 | rev >&2; exit 1" (secret "s").Data.p }}`
	_, err := parse(t, text, render.Options{Name: "app.tmpl"}).Execute(secretOf("hunter22"))
	if err == nil || strings.Contains(err.Error(), "hunter22") || strings.Contains(err.Error(), "22retnuh") || !strings.Contains(err.Error(), "app.tmpl:1:4: plugin: not shown") {
		t.Errorf("%v", err)
	}
	text = `{{ with secret "s" }}{{ plugin "sh" "-c" "echo plain >&2; exit 1" }}{{ end }}`
	_, err = parse(t, text, render.Options{Name: "app.tmpl"}).Execute(secretOf("hunter22"))
	if err == nil || !strings.Contains(err.Error(), "exit status 1; standard error: plain") {
		t.Errorf("a failure that has nothing to do with the secret: %v", err)
	}
}
