package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/sources"
)

func TestDocumentIsFlattened(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.yaml", `# comment
app: {port: 8080, ratio: 1.50, on: yes, hex: 0x1F, none: ~, text: "1", date: 2001-01-01}
list: [a, {b: c}, [d]]
empty: {map: {}, list: []}
"x/y": literal
1: number
defaults: &d {retries: 3, mode: slow}
svc: {<<: *d, mode: fast}
block: |
  two
  lines
bin: !!binary aGVsbG8=
`)
	write(t, dir+"/a.json", `{"app": {"port": 8080, "ratio": 1.50, "none": null, "big": 12345678901234567890}, "list": [true, "\ud83d\ude00"]}`)
	for name, want := range map[string]string{
		"a.yaml": "1=number app/date=2001-01-01 app/hex=0x1F app/none= app/on=yes app/port=8080 app/ratio=1.50 app/text=1 bin=hello block=two\nlines\n " +
			"defaults/mode=slow defaults/retries=3 list/0=a list/1/b=c list/2/0=d svc/mode=fast svc/retries=3 x/y=literal",
		"a.json": "app/big=12345678901234567890 app/none= app/port=8080 app/ratio=1.50 list/0=true list/1=😀",
	} {
		pairs, err := open(t, filepath.Join(dir, name)).List(t.Context(), "")
		must(t, err)
		var all []string
		for _, p := range pairs {
			all = append(all, p.Path+"="+p.Value)
		}
		if got := strings.Join(all, " "); got != want {
			t.Errorf("%s gives\n%s, want\n%s", name, got, want)
		}
	}
}

func TestBadDocumentSaysFileLineAndReason(t *testing.T) {
	dir := t.TempDir()
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 9; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	for i, c := range []struct{ ext, text, want string }{
		{"yaml", "a: 1\nb: [1\n", ":2: did not find expected"},
		{"yaml", "a: 1\n\tb: 2\n", ":2: found a tab character"},
		{"yaml", "a: 1\nb: 2\na: 3\n", ":3: key a is here a second time, first in line 1"},
		{"yaml", "a/b: 1\na: {b: 2}\n", ":2: key a/b is here a second time, first in line 1"},
		{"yaml", "a: 1\n---\nb: 1\n", ": a second document begins here"},
		{"yaml", "- a\n", ":1: the document is not a mapping"},
		{"yaml", "\n\na: b\n c: d\n", ":4: mapping values are not allowed"},
		{"yaml", "a: 1\nb: 2\n- c\n", ":3: did not find expected key"},
		{"yaml", "a: 1\n[b]: 2\n", ":2: a key must be a plain word"},
		{"yaml", "a: 1\n/b: 2\n", `:2: key "/b" is empty or has an empty part`},
		{"yaml", "a: &x\n  b: *x\n", ":2: anchor x contains itself"},
		{"yaml", "a: 1\n<<: 5\n", ":2: a merge key takes a mapping"},
		{"yaml", "a: !!binary '?'\n", ":1: !!binary value is not base64"},
		{"yaml", bomb, "more than 200000 values"},
		{"json", "{\n\"a\": 1,\n}", ":3: "},
		{"json", "{\n\"a\": 1", ":2: the document ends too early"},
		{"json", "{\"a\": 1}\n{}", "something stands behind the end"},
		{"json", "{\"a\": 1,\n\"a\": 2}", ":2: key a is here a second time"},
		{"json", "{\n\"a\": \"\xff\"}", ":2: not UTF-8"},
		{"json", strings.Repeat("[", 2000), "nested deeper"},
	} {
		path := filepath.Join(dir, fmt.Sprintf("%d.%s", i, c.ext))
		write(t, path, c.text)
		_, err := open(t, path).List(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path+":") {
			t.Errorf("%q: error %v, want %s", c.text[:min(len(c.text), 40)], err, c.want)
		}
	}
}

func TestHalfWrittenDocumentKeepsTheLastGoodValues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.yaml")
	write(t, path, "a: 1\nb: {c: 2}\n")
	w := watch(t, open(t, path), key("a"), tree("b/"))
	w.awaitKey(key("a"), "1")
	n := len(w.all())
	write(t, path, "a: 2\nb: {c:")
	if err := w.awaitOutage(n); !strings.Contains(err.Error(), "doc.yaml:") || !strings.Contains(err.Error(), "last good values stay") {
		t.Errorf("outage %v", err)
	}
	n = len(w.all())
	write(t, path, "") // truncated, about to be written
	if err := w.awaitOutage(n); !strings.Contains(err.Error(), "write {} if no keys are meant") {
		t.Errorf("outage %v", err)
	}
	write(t, path, "a: 2\nb: {c: 3}\n")
	w.awaitKey(key("a"), "2")
	for _, u := range w.all() {
		for q, v := range u.Values {
			if !v.Exists {
				t.Errorf("%v was reported absent", q)
			}
		}
	}
}

func TestReplacedDocumentArrivesAsOneUpdate(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/doc.json"
	write(t, path, `{"a": 1, "b": 1}`)
	w := watch(t, open(t, path), key("a"), key("b"))
	w.awaitKey(key("b"), "1")
	n := len(w.all())
	write(t, dir+"/doc.json.new", `{"a": 2, "b": 2}`)
	must(t, os.Rename(dir+"/doc.json.new", path))
	w.awaitKey(key("b"), "2")
	if u := w.all()[n:]; len(u) != 1 || len(u[0].Values) != 2 {
		t.Errorf("updates %+v, want one with both keys", u)
	}
}

func TestDocumentInAKubernetesVolumeIsFollowed(t *testing.T) {
	dir := t.TempDir()
	swap := func(version string) {
		write(t, dir+"/.."+version+"/doc.yaml", "v: "+version+"\n")
		_ = os.Symlink("..data/doc.yaml", dir+"/doc.yaml") // exists after the first version
		must(t, os.Symlink(".."+version, dir+"/..tmp"))
		must(t, os.Rename(dir+"/..tmp", dir+"/..data"))
	}
	swap("one")
	w := watch(t, open(t, dir+"/doc.yaml"), key("v"))
	w.awaitKey(key("v"), "one")
	swap("two")
	w.awaitKey(key("v"), "two")
}

func TestIndexIsThatOfTheValue(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/tree/a", "x\n")
	write(t, dir+"/doc.yaml", "a: x\n")
	var seen []sources.KeyPair
	for _, name := range []string{"tree", "doc.yaml"} {
		p, err := open(t, filepath.Join(dir, name)).Get(t.Context(), "a")
		must(t, err)
		seen = append(seen, p)
	}
	if seen[0] != seen[1] || seen[0].ModifyIndex == 0 || seen[0].ModifyIndex>>63 != 0 {
		t.Errorf("pairs %+v, want equal ones with a 63-bit index", seen)
	}
}
