package render_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestWritesAreCollectedOfACompleteExecutionOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "file")
	text := `a{{ key "k" | writeToFile "` + path + `" "user" "100" "0640" "append, newline" }}{{ writeToFile "b" "" "" "600" "x" }}{{ define "d" }}{{ writeToFile "c" "" "" "7777" "newline" "" }}{{ end }}{{ executeTemplate "d" }}z`
	tmpl := parse(t, text, render.Options{})
	result, err := tmpl.Execute(sources.Snapshot{})
	if err != nil || len(result.Missing) != 1 || result.Writes != nil {
		t.Fatalf("provisional: %+v, %v", result, err)
	}
	result, err = tmpl.Execute(stored("consul", map[string]string{"k": "v"}))
	want := []render.Write{
		{Path: path, User: "user", Group: "100", Mode: 0o640, Append: true, Newline: true, Content: []byte("v")},
		{Path: "b", Mode: 0o600, Content: []byte("x")},
		{Path: "c", Mode: fs.ModePerm, Newline: true, Content: []byte{}},
	}
	if err != nil || string(result.Output) != "az" || !reflect.DeepEqual(result.Writes, want) {
		t.Errorf("%+v, %v\nwant %+v", result, err, want)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
}

func TestFailedExecutionAsksForNoWrites(t *testing.T) {
	result, err := parse(t, `{{ writeToFile "b" "" "" "600" "x" }}{{ fail "late" }}`, render.Options{}).Execute(sources.Snapshot{})
	if err == nil || result.Writes != nil {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestWriteIsValidatedWhenItIsCalled(t *testing.T) {
	for args, want := range map[string]string{
		`"f" "" "" "rw" "x"`:          `permissions "rw" are not valid (write octal digits such as "0644")`,
		`"f" "" "" "" "x"`:            `permissions "" are not valid`,
		`"f" "" "" "0o644" "x"`:       `permissions "0o644" are not valid`,
		`"f" "" "" "100644" "x"`:      `permissions "100644" are not valid`,
		`"f" "" "" "0644" "add" "x"`:  `unknown flag "add" (the flags are "append", "newline" and "append,newline")`,
		`"f" "" "" "0644"`:            "wrong number of arguments, expected 5 or 6, but got 4",
		`"f" "" "" "0644" "" "x" "y"`: "wrong number of arguments, expected 5 or 6, but got 7",
		`"" "" "" "0644" "x"`:         "the path is empty (name the file to write)",
	} {
		_, err := execute(`{{ writeToFile `+args+` }}`, sources.Snapshot{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
}

func TestMaskedRenderingMasksWrites(t *testing.T) {
	tmpl := parse(t, `{{ (secret "s").Data.p | writeToFile "f" "" "" "0600" }}`, render.Options{})
	result, err := tmpl.Execute(render.Masked(secretOf("hunter22")))
	if err != nil || len(result.Writes) != 1 || string(result.Writes[0].Content) != render.Mask {
		t.Errorf("%+v, %v", result, err)
	}
}
