package hclfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"concierge/internal/config"
	"concierge/internal/config/hclfile"
	"concierge/secrets"
)

type document struct {
	Name    hclfile.Value[string]        `hcl:"name,title"`
	Count   hclfile.Value[int]           `hcl:"count"`
	On      hclfile.Value[bool]          `hcl:"on"`
	Part    hclfile.Value[float64]       `hcl:"part"`
	Delay   hclfile.Value[time.Duration] `hcl:"delay"`
	Mode    hclfile.Value[fs.FileMode]   `hcl:"mode"`
	Signal  hclfile.Value[config.Signal] `hcl:"signal"`
	Token   hclfile.Value[secrets.Text]  `hcl:"token"`
	List    hclfile.Value[[]string]      `hcl:"list,oldlist"`
	Run     hclfile.Command              `hcl:"run"`
	Block   block                        `hcl:"block"`
	Items   []item                       `hcl:"item"`
	Methods []method                     `hcl:"method"`
}

type block struct {
	A     hclfile.Value[string] `hcl:"a"`
	B     hclfile.Value[string] `hcl:"b"`
	Inner item                  `hcl:"inner"`
}

func (b *block) SetText(text, at string) error {
	if text == "bad" {
		return errors.New("is bad; write good")
	}
	b.A = hclfile.Of(text, at)
	return nil
}

type item struct {
	X hclfile.Value[string] `hcl:"x"`
	Y hclfile.Value[string] `hcl:"y"`
}

type method struct {
	Type    hclfile.Value[string] `hcl:"type"`
	Inner   item                  `hcl:"inner"`
	label   string
	unknown []string
}

func (m *method) SetLabel(label string)     { m.label = label }
func (m *method) SetUnknown(key, at string) { m.unknown = append(m.unknown, key+" "+at) }

func decode(t *testing.T, text string) document {
	t.Helper()
	var d document
	if _, err := hclfile.Decode("f", []byte(text), &d); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

func TestValuesAreReadInEverySpelling(t *testing.T) {
	for _, c := range []struct {
		text string
		get  func(document) any
		want any
	}{
		{`name = "x"`, func(d document) any { return d.Name.V }, "x"},
		{`NAME = "x"`, func(d document) any { return d.Name.V }, "x"},
		{`title = "x"`, func(d document) any { return d.Name.V }, "x"},
		{`name = 5`, func(d document) any { return d.Name.V }, "5"},
		{`name = true`, func(d document) any { return d.Name.V }, "true"},
		{"name = <<EOF\na\nb\nEOF\n", func(d document) any { return d.Name.V }, "a\nb\n"},
		{"name = <<-EOF\n  a\n   b\n  EOF\n", func(d document) any { return d.Name.V }, "a\n b\n"},
		{`name = "${x}"`, func(d document) any { return d.Name.V }, "${x}"},
		{"name = \"a\"\nname = \"b\"", func(d document) any { return d.Name.V }, "b"},
		{`{"name": "a\u003db"}`, func(d document) any { return d.Name.V }, "a=b"},
		{`{"name": null}`, func(d document) any { return d.Name.V }, ""},
		{`count = 5`, func(d document) any { return d.Count.V }, 5},
		{`count = "5"`, func(d document) any { return d.Count.V }, 5},
		{`on = true`, func(d document) any { return d.On.V }, true},
		{`on = "true"`, func(d document) any { return d.On.V }, true},
		{`{"on": false}`, func(d document) any { return d.On.Given() && !d.On.V }, true},
		{`part = 0.5`, func(d document) any { return d.Part.V }, 0.5},
		{`part = 1`, func(d document) any { return d.Part.V }, 1.0},
		{`delay = "1m30s"`, func(d document) any { return d.Delay.V }, 90 * time.Second},
		{`delay = 0`, func(d document) any { return d.Delay.V }, time.Duration(0)},
		{`delay = 5`, func(d document) any { return d.Delay.V }, 5 * time.Nanosecond},
		{`mode = "0640"`, func(d document) any { return d.Mode.V }, fs.FileMode(0o640)},
		{`mode = "640"`, func(d document) any { return d.Mode.V }, fs.FileMode(0o640)},
		{`mode = 0640`, func(d document) any { return d.Mode.V }, fs.FileMode(0o640)},
		{`{"mode": 416}`, func(d document) any { return d.Mode.V }, fs.FileMode(0o640)},
		{`mode = "4755"`, func(d document) any { return d.Mode.V }, fs.FileMode(0o755)},
		{`signal = "sighup"`, func(d document) any { return d.Signal.V.String() }, "HUP"},
		{`signal = ""`, func(d document) any { return d.Signal.Given() && d.Signal.V == 0 }, true},
		{`signal = "SIGNULL"`, func(d document) any { return d.Signal.Given() && d.Signal.V == 0 }, true},
		{`token = "t"`, func(d document) any { return d.Token.V.Reveal() }, "t"},
		{`list = ["a", "b,c"]`, func(d document) any { return strings.Join(d.List.V, "|") }, "a|b,c"},
		{`list = "a,b"`, func(d document) any { return strings.Join(d.List.V, "|") }, "a|b"},
		{`list = ""`, func(d document) any { return d.List.Given() && len(d.List.V) == 0 }, true},
		{`list = []`, func(d document) any { return d.List.Given() && len(d.List.V) == 0 }, true},
		{"list = [\"a\"]\noldlist = [\"b\"]", func(d document) any { return strings.Join(d.List.V, "|") }, "a|b"},
		{`block { a = "1" }`, func(d document) any { return d.Block.A.V }, "1"},
		{`block = { a = "1" }`, func(d document) any { return d.Block.A.V }, "1"},
		{`block = "text"`, func(d document) any { return d.Block.A.V }, "text"},
		{`block inner { x = "1" }`, func(d document) any { return d.Block.Inner.X.V }, "1"},
		{`{"block": [{"a": "1"}, {"a": "2"}]}`, func(d document) any { return d.Block.A.V }, "2"},
		{`{"block": {"a": "1", "inner": {"x": "2"}}}`, func(d document) any { return d.Block.A.V + d.Block.Inner.X.V }, "12"},
		{`item { x = "1" } item { x = "2" }`, func(d document) any { return len(d.Items) }, 2},
		{`item = [{ x = "1" }, { x = "2" }]`, func(d document) any { return d.Items[1].X.V }, "2"},
		{`{"item": [{"x": "1"}, {"x": "2"}]}`, func(d document) any { return d.Items[1].X.V }, "2"},
		{`{"item": {"x": "1"}}`, func(d document) any { return d.Items[0].X.V }, "1"},
		{`method "k8s" { type = "1" }`, func(d document) any { return d.Methods[0].label + d.Methods[0].Type.V }, "k8s1"},
		{`method { type = "1" }`, func(d document) any { return d.Methods[0].label + d.Methods[0].Type.V }, "1"},
		{`method { inner { x = "1" } }`, func(d document) any { return d.Methods[0].label + d.Methods[0].Inner.X.V }, "1"},
		{`method { other = 1 }`, func(d document) any { return d.Methods[0].unknown[0] }, "method[0].other f:1:10"},
		{``, func(d document) any { return d.Name.Given() }, false},
	} {
		if got := c.get(decode(t, c.text)); got != c.want {
			t.Errorf("%s gives %v, not %v", c.text, got, c.want)
		}
	}
}

func TestCommandsAreReadInEveryForm(t *testing.T) {
	for text, want := range map[string]string{
		`run = "nginx"`:                            "nginx",
		`run = "nginx -s reload"`:                  "sh|-c|nginx -s reload",
		`run = ["nginx", "-s", "a b"]`:             "nginx|-s|a b",
		`run = ["nginx -s reload"]`:                "sh|-c|nginx -s reload",
		`run = "nginx,-s,reload"`:                  "nginx|-s|reload", // consul-template parts at commas
		`run = "echo a,b > /tmp/x"`:                "sh|-c|echo a,b > /tmp/x",
		`run = ""`:                                 "",
		`run = []`:                                 "",
		`run = [""]`:                               "",
		`run = "   "`:                              "",
		"run = <<EOF\nif true; then\nx\nfi\nEOF\n": "sh|-c|if true; then\nx\nfi\n",
	} {
		d := decode(t, text)
		if got := strings.Join(d.Run.Args(), "|"); got != want || !d.Run.Given() {
			t.Errorf("%s gives %q, not %q", text, got, want)
		}
	}
}

// A JSON object that holds objects only is something else to the parser than
// one that also holds values. It must make no difference.
func TestJSONBlocksKeepAllTheirBlocks(t *testing.T) {
	d := decode(t, `{"block": {"inner": {"x": "1", "y": "2"}}, "item": [{"x": "1"}, {"y": "2"}]}`)
	if d.Block.Inner.X.V != "1" || d.Block.Inner.Y.V != "2" || len(d.Items) != 2 {
		t.Errorf("read %+v", d)
	}
}

func TestOnlyTheLastBlockOfAFileCounts(t *testing.T) {
	var d document
	warnings, err := hclfile.Decode("f", []byte("block { a = \"1\" }\nblock { b = \"2\" }"), &d)
	if err != nil || d.Block.A.Given() || d.Block.B.V != "2" {
		t.Errorf("read %+v, %v", d.Block, err)
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], "f:2:1: block: ") {
		t.Errorf("warnings %q", warnings)
	}
}

func TestNumbersThatMeanSomethingElseAreTold(t *testing.T) {
	for text, want := range map[string]string{
		`delay = 30`:    `f:1:1: delay: is 30ns, because a bare number is one of nanoseconds; write "30s" for seconds`,
		`delay = 0`:     "",
		`delay = "30s"`: "",
		`mode = 644`:    "f:1:1: mode: is the mode 0204, because 644 is a decimal number; write octal in quotes",
		`mode = 0644`:   "",
		`mode = 420`:    "",
	} {
		var d document
		warnings, err := hclfile.Decode("f", []byte(text), &d)
		if got := strings.Join(warnings, "\n"); err != nil || got != want {
			t.Errorf("%s: warnings %q, not %q; %v", text, got, want, err)
		}
	}
}

func TestEachMistakeHasItsPlaceAndHint(t *testing.T) {
	for text, want := range map[string]string{
		"\n nam = 1":                `f:2:2: "nam" is not a known key; did you mean name?`,
		`block { inner { a = 1 } }`: `f:1:17: block.inner: "a" is not a known key; did you mean x?`,
		`inner { x = 1 }`:           `f:1:1: "inner" is not a known key; did you mean block.inner?`,
		`zzzzzzzzz = 1`:             `f:1:1: "zzzzzzzzz" is not a known key; known here: name, count, on, part, delay, mode, signal, token, list, run, block, item, method`,
		`count = "x"`:               `f:1:1: count: "x" is not a number; write digits only, for example 10`,
		`on = "maybe"`:              `f:1:1: on: "maybe" is neither true nor false; write true or false`,
		`part = "half"`:             `f:1:1: part: "half" is not a number; write for example 0.9`,
		`delay = "5"`:               `f:1:1: delay: "5" is a duration without a unit; write 5s for seconds`,
		`delay = "soon"`:            `f:1:1: delay: "soon" is not a duration; write for example 500ms, 10s, 5m or 24h`,
		`delay = "-1s"`:             `f:1:1: delay: "-1s" is negative; write for example 500ms, 10s, 5m or 24h`,
		`mode = "99"`:               `f:1:1: mode: "99" is not an octal mode; write for example 0644`,
		`mode = "77777"`:            `f:1:1: mode: "77777" is not an octal mode; write for example 0644`,
		`signal = "NO"`:             `f:1:1: signal: "NO" is not a signal; write a name such as SIGHUP or SIGTERM`,
		`name = ["a"]`:              `f:1:1: name: is a list; write one value`,
		`name { a = 1 }`:            `f:1:1: name: is a block; write name = value`,
		`list = [{}]`:               `f:1:1: list: is a list of blocks or lists; write list = value`,
		`item = "x"`:                `f:1:1: item[0]: is a single value; write item { … }`,
		`block = "bad"`:             `f:1:1: block: is bad; write good`,
		`token = ["s3cret"]`:        `f:1:1: token: is a list; write one value`,
		"name = \"a\"\nx {":         `f:2:5: the document cannot be parsed: object expected closing RBRACE got: EOF; check quotes and braces`,
		`name = "a`:                 `f:1:10: the document cannot be parsed: literal not terminated; check quotes and braces`,
		"{\n\"nam\": 1}":            `f:2:6: "nam" is not a known key; did you mean name?`,
		`[]`:                        `f:1:1: the document cannot be parsed: expected: IDENT | STRING | ASSIGN | LBRACE got: LBRACK; check quotes and braces`,
		`name = "` + strings.Repeat("x", 3) + "\"\ncount = \"" + strings.Repeat("y", 99) + `"`: `f:2:1: count: "` + strings.Repeat("y", 60) + `…" is not a number; write digits only, for example 10`,
	} {
		var d document
		_, err := hclfile.Decode("f", []byte(text), &d)
		if err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
		if _, ok := errors.AsType[config.Errors](err); !ok {
			t.Errorf("%s: the error is a %T", text, err)
		}
	}
}

func TestAllMistakesAreTold(t *testing.T) {
	var d document
	_, err := hclfile.Decode("f", []byte("a = 1\nb = 2\nblock { c = 3 }"), &d)
	if errs, ok := errors.AsType[config.Errors](err); !ok || len(errs) != 3 {
		t.Errorf("told %v", err)
	}
}

func TestLaterFilesWinAndListsGrow(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"d/10.hcl":        `name = "first" list = ["a"] item { x = "1" } block { a = "1" b = "1" }`,
		"d/20":            `name = "second" list = ["b"] item { x = "2" } block { b = "2" } run = ["a", "b"]`,
		"d/sub/x.json":    `{"item": {"x": "3"}, "run": ["c"]}`,
		"d/..data/10.hcl": `this is { not read`,
		"last.hcl":        `count = 3`,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("../last.hcl", dir+"/d/link"), os.Symlink("..", dir+"/d/up")); err != nil {
		t.Fatal(err)
	}
	var d document
	if _, err := hclfile.Load([]string{dir + "/d"}, &d); err != nil {
		t.Fatal(err)
	}
	var xs []string
	for _, i := range d.Items {
		xs = append(xs, i.X.V)
	}
	if d.Name.V != "second" || d.Block.A.V != "1" || d.Block.B.V != "2" || d.Count.V != 3 ||
		!slices.Equal(d.List.V, []string{"a", "b"}) || !slices.Equal(xs, []string{"1", "2", "3"}) || !slices.Equal(d.Run.Args(), []string{"c"}) {
		t.Errorf("read %+v", d)
	}
	if !strings.HasSuffix(d.Name.At, "d/20:1:1") {
		t.Errorf("the name is from %s", d.Name.At)
	}
}

func TestPathsThatAreNoFilesAreRefused(t *testing.T) {
	var d document
	for path, want := range map[string]string{
		"/nowhere/x": "no such file or directory; check -config",
		"/dev/null":  "is neither a file nor a directory; check -config",
	} {
		if _, err := hclfile.Load([]string{path}, &d); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"name = \"x\"\ncount = 1", `{"block": {"inner": {"x": "1"}}}`, "name = <<EOF\na\nEOF\n", `item { x = [1, "2"] }`,
		`method "a" "b" { x {} }`, `run = "a,b"`, `"\x" = 1`, `name = "\u12"`, `count = 99999999999999999999`, `{"name": 1e999}`, `mode = 0x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d document
		_, err := hclfile.Decode("f", text, &d)
		if err == nil {
			return
		}
		errs, ok := errors.AsType[config.Errors](err)
		if !ok {
			t.Fatalf("the error is a %T: %v", err, err)
		}
		for _, e := range errs {
			if e.File != "f" || e.Reason == "" || e.Hint == "" && e.Path == "" {
				t.Fatalf("an error without place or reason: %+v", e)
			}
		}
	})
}
