package render_test

import (
	"bytes"
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestDumpsArePrintedOnceWhenTheExecutionIsComplete(t *testing.T) {
	var stdout bytes.Buffer
	tmpl := parse(t, `[{{ spew_dump 1 "a" }}{{ spew_printf "%v-%d\n" "x" 5 }}{{ key "k" | spew_dump }}]`, render.Options{Stdout: &stdout})
	if result, err := tmpl.Execute(sources.Snapshot{}); err != nil || len(result.Missing) != 1 || stdout.Len() > 0 {
		t.Fatalf("provisional: %+v, %v, printed %q", result, err, stdout.String())
	}
	data := stored("consul", map[string]string{"k": "v"})
	result, err := tmpl.Execute(data)
	want := "(int) 1\n(string) (len=1) \"a\"\nx-5\n(string) (len=1) \"v\"\n"
	if err != nil || string(result.Output) != "[]" || stdout.String() != want {
		t.Errorf("%q, %v, printed %q; want %q", result.Output, err, stdout.String(), want)
	}
	stdout.Reset()
	if _, err := tmpl.Execute(render.Masked(data)); err != nil || stdout.Len() > 0 {
		t.Errorf("a masked rendering printed %q, %v", stdout.String(), err)
	}
}

func TestDumpsHideSecrets(t *testing.T) {
	var stdout bytes.Buffer
	tmpl := parse(t, `{{ spew_dump (secret "s").Data.p }}{{ spew_sdump (secret "s").Data.p }}`, render.Options{Stdout: &stdout})
	result, err := tmpl.Execute(secretOf("hunter22"))
	if err != nil || bytes.Contains(stdout.Bytes(), []byte("hunter22")) || stdout.Len() == 0 || !bytes.Contains(result.Output, []byte("hunter22")) {
		t.Errorf("%q, %v, printed %q", result.Output, err, stdout.String())
	}
}
