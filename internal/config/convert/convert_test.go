package convert_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/config"
	"concierge/internal/config/convert"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// Each directory in testdata is converted. What comes out is beside it, as
// users see it, and it can be loaded.
func TestConversionsAreAsWrittenDown(t *testing.T) {
	dirs, err := filepath.Glob("testdata/*/*")
	if err != nil || len(dirs) < 6 {
		t.Fatalf("%d directories, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			continue
		}
		t.Run(dir, func(t *testing.T) {
			files, err := convert.Read(dir)
			if err != nil {
				t.Fatal(err)
			}
			kind := convert.Kind(filepath.Base(filepath.Dir(dir)))
			yaml, notes, err := convert.Convert("", files...)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(yaml), "from "+string(kind)+"'s") {
				t.Errorf("the kind was not guessed:\n%s", yaml)
			}
			golden(t, dir+".yaml", string(yaml))
			golden(t, dir+".notes", strings.Join(notes, "\n")+"\n")
			if all := string(yaml) + strings.Join(notes, ""); strings.Contains(all, "s3cret") {
				t.Errorf("a secret is in\n%s", all)
			}
			loads(t, dir, yaml)
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; run go test -update and look at the change\ngot:\n%s", path, got)
	}
}

// loads checks that a result is a configuration, beside the files it is about.
func loads(t *testing.T, dir string, yaml []byte) {
	t.Helper()
	work := t.TempDir()
	if err := os.CopyFS(work, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(work, "concierge.yaml")
	if err := os.WriteFile(path, yaml, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Options{Path: path}); err != nil {
		t.Errorf("the result cannot be loaded: %v\n%s", err, yaml)
	}
}

func TestWrongInputHasItsMessage(t *testing.T) {
	for _, c := range []struct {
		kind       convert.Kind
		name, text string
		want       string
	}{
		{"", "c.hcl", `templat {}`, `c.hcl:1:1: "templat" is not a known key; did you mean template?`},
		{"", "c.hcl", `template {}`, `c.hcl:1:1: template[0]: has neither source nor contents; add source, the path of the template`},
		{"", "c.hcl", `log_level = "x"`, `c.hcl:1:1: log_level: "x" is not one of trace, debug, info, warn, err; write for example info`},
		{"vault-agent", "a.hcl", `template { sorce = "x" }`, `a.hcl:1:12: template[0]: "sorce" is not a known key; did you mean source?`},
		{"", "a.toml", `x = `, `a.toml: cannot be parsed: toml: line 1 (last key "x"): unexpected EOF; expected value`},
		{"", "a.toml", "[template]\nmode = \"99\"", `a.toml: template.mode: "99" is not an octal mode; write for example "0644"`},
		{"docker", "a", "", `cannot convert from "docker"; write one of [consul-template vault-agent confd containerpilot procfile]`},
		{"", "a.json5", "{\n  jobs: [}", `a.json5:2:10: cannot be parsed: invalid character '}' looking for beginning of value; compare it with json5.org`},
		{"", "a.json5", "[]", `a.json5: is not an object; write { … } around it`},
		{"", "a.json5", "{{ nope }}", `a.json5: is not a template: template: a.json5:1: function "nope" not defined`},
		{"", "a.json5", "{{ range loop 5 }", `a.json5: is not a template: template: a.json5:1: unexpected "}" in operand`},
		{"", "a.json5", "{jobs: [{{ range loop 2000000000 }}{{ end }}]}", `a.json5: cannot be rendered: its loops run more than 10000 times`},
		{"", "a.json5", "{{ range 2000000000 }}{{ end }}", `a.json5: cannot be rendered: its loops run more than 10000 times`},
		{"", "a.json5", `{jobs: [{name: "{{ .API_TOKEN | replaceAll "a" "b" }}"}]}`, `a.json5: {{.API_TOKEN | replaceAll "a" "b"}}: would copy a secret; write only {{ .NAME }} there`},
		{"", "a.json5", "{jobs: {a: 1}}", `a.json5: jobs: is an object; write [ … ]`},
		{"", "a.json5", "{jobs: [1]}", `a.json5: jobs[0]: is "1"; write { … }`},
		{"", "a.json5", "{jobs: [{name: true}]}", `a.json5: jobs[0].name: is a truth value; write a text`},
		{"", "a.json5", "{jobs: [{exec: [[]]}]}", `a.json5: jobs[0].exec[0]: is a list; write a text`},
		{"", "a.json5", "{watches: [{name: {}}]}", `a.json5: watches[0].name: is an object; write a text`},
		{"", "a.json5", `{jobs: [{when: {interval: "soon"}}]}`, `a.json5: jobs[0].when.interval: is "soon"; write a time such as 10s`},
		{"", "a.json5", "\ue000", `a.json5: has a character for private use, U+E000 or U+E001; remove it`},
		{"", "Procfile", "web ./web", `Procfile:1: "web ./web" is not a line of a Procfile; write name: command`},
		{"", "Procfile", "web: a\n\nweb: b", `Procfile:3: web is there twice; choose another name`},
		{"", "Procfile", "# nothing", `Procfile: has no programs; write name: command`},
	} {
		_, _, err := convert.Convert(c.kind, convert.File{Path: c.name, Text: []byte(c.text)})
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, not %s", c.text, err, c.want)
		}
	}
	if _, _, err := convert.Convert(""); err == nil || !strings.Contains(err.Error(), "name files or directories") {
		t.Errorf("nothing to convert: %v", err)
	}
	for kind, want := range map[convert.Kind]string{convert.ContainerPilot: "ContainerPilot has one file", convert.Procfile: "a Procfile stands alone"} {
		if _, _, err := convert.Convert(kind, convert.File{}, convert.File{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("two files of %s: %v", kind, err)
		}
	}
	for _, path := range []string{"/nowhere/x", t.TempDir()} {
		if _, err := convert.Read(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Whatever stands in the files: no panic, and a result is a configuration.
func FuzzConvert(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		if text, err := os.ReadFile(name); err == nil {
			for kind := range convert.Kinds() {
				f.Add(uint8(kind), string(text))
			}
		}
	}
	f.Add(uint8(2), "[template]\nsrc=\"x\"\ndest=\"y\"")
	f.Fuzz(func(t *testing.T, kind uint8, text string) {
		kinds := convert.Kinds()
		yaml, _, err := convert.Convert(kinds[int(kind)%len(kinds)], convert.File{Path: "/nowhere/c", Text: []byte(text)})
		if err != nil || strings.ContainsRune(string(yaml), 0) {
			return
		}
		_, err = config.Load(config.Options{Environ: []string{"CONCIERGE_CONFIG_INLINE=" + string(yaml)}})
		errs, _ := errors.AsType[config.Errors](err)
		for _, e := range errs {
			if e.Path == "" { // not about a setting: the document itself is broken
				t.Fatalf("%v in\n%s", e, yaml)
			}
		}
	})
}
