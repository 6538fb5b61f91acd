package render_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

// whole hides from a template that it is given a snapshot, so that it is
// executed as a whole.
type whole struct{ inner sources.Snapshot }

func (w whole) Lookup(q sources.Query) (sources.Value, bool) { return w.inner.Lookup(q) }

// largeTemplates are such as are executed by parts.
func largeTemplates() map[string]string {
	var keys, mixed strings.Builder
	for i := range 150 {
		fmt.Fprintf(&keys, "k%d = {{ key \"app/%03d\" }}\n", i, i)
		fmt.Fprintf(&mixed, "{{ if keyExists \"app/%03d\" }}{{ with key \"app/%03d\" }}{{ . | toUpper }}{{ end }}{{ else }}no{{ end }} {{ keyOrDefault \"app/%03d\" \"d\" }}\n", i, 149-i, i/2)
	}
	return map[string]string{
		"keys":       keys.String(),
		"mixed":      mixed.String(),
		"repeated":   strings.Repeat(`{{ key "app/001" }} {{- key "app/001" }}{{ key "/app/002" }} {{ (key "app/003") }}{{ "app/004" | key }};`, 40),
		"tree":       `head {{ range tree "app" }}{{ .Key }}={{ .Value }}{{ if eq .Value "v1" }}!{{ end }}` + "\n" + `{{ end }} tail {{ key "app/000" }}`,
		"ls":         `{{ range ls "app" }}{{ .Value }},{{ else }}none{{ end }}`,
		"reversed":   `{{ range tree "app" | sprig_reverse }}{{ (index . "x") }}{{ end }}`,
		"variables":  keys.String() + `{{ $x := key "app/007" }}{{ range tree "app" }}{{ if eq .Value $x }}{{ .Key }} {{ end }}{{ end }}` + mixed.String(),
		"definition": `{{ define "pair" }}{{ .Key }}:{{ key "app/003" }}{{ end }}{{ range tree "app" }}{{ template "pair" . }} {{ end }}` + keys.String(),
		"break":      `{{ range tree "app" }}{{ if eq .Key "100" }}{{ break }}{{ end }}{{ .Value }}{{ end }}` + keys.String(),
		"assigned":   `{{ if keyExists "app/001" }}{{ $ = "assigned" }}{{ end }}` + keys.String() + `[{{ $ }}]`,
		"dollar":     `{{ range tree "app" }}{{ $ }}{{ .Value }}{{ end }}`,
		"dedup":      `{{ range tree "app" }}{{ $y := .Value }}{{ $y }}{{ end }}{{ range $i, $p := tree "app" }}{{ $i }}{{ $p.Key }}{{ end }}`,
	}
}

// TestIncrementalExecutionGivesTheSame changes keys at random and compares
// with templates that are executed as a whole.
func TestIncrementalExecutionGivesTheSame(t *testing.T) {
	for name, text := range largeTemplates() {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(len(text))))
			tmpl, plain := parse(t, text, render.Options{}), parse(t, text, render.Options{})
			store := make(map[string]string)
			var data sources.Snapshot
			for step := range 120 {
				for range 1 + rng.IntN(1+step%7*20) {
					path := fmt.Sprintf("app/%03d", rng.IntN(150+step))
					if step > 30 && rng.IntN(6) == 0 {
						delete(store, path)
					} else {
						store[path] = fmt.Sprint("v", rng.IntN(5))
					}
				}
				if step == 20 {
					for i := range 150 {
						store[fmt.Sprintf("app/%03d", i)] = "v0"
					}
				}
				data, _ = data.With(answers(store))
				assertSameResult(t, step, tmpl, plain, data)
			}
		})
	}
}

// answers are those to all that the templates ask.
func answers(store map[string]string) map[sources.Query]sources.Value {
	values := make(map[sources.Query]sources.Value)
	var pairs sources.Pairs
	for _, path := range slices.Sorted(maps.Keys(store)) {
		pairs = append(pairs, sources.KeyPair{Path: path, Value: store[path]})
	}
	values[sources.Query{Source: "consul", Kind: sources.Tree, Path: "app/"}] = sources.Value{Exists: len(pairs) > 0, Data: pairs}
	values[sources.Query{Source: "consul", Kind: sources.Tree, Path: "app"}] = sources.Value{Exists: len(pairs) > 0, Data: pairs}
	for i := range 150 {
		path := fmt.Sprintf("app/%03d", i)
		v := sources.Value{}
		if value, ok := store[path]; ok {
			v = sources.Value{Exists: true, Data: sources.KeyPair{Path: path, Value: value}}
		}
		values[keyQuery(path)] = v
	}
	return values
}

func assertSameResult(t *testing.T, step int, tmpl, plain *render.Template, data sources.Snapshot) {
	t.Helper()
	got, err := tmpl.Execute(data)
	want, wantErr := plain.Execute(whole{data})
	if fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Fatalf("step %d: error %v, want %v", step, err, wantErr)
	}
	if string(got.Output) != string(want.Output) || (got.Output == nil) != (want.Output == nil) {
		t.Fatalf("step %d: output\n%s\nwant\n%s", step, got.Output, want.Output)
	}
	if !slices.Equal(got.Used, want.Used) || !slices.Equal(got.Missing, want.Missing) || got.Tainted != want.Tainted {
		t.Fatalf("step %d: used %v and missing %v, want %v and %v", step, got.Used, got.Missing, want.Used, want.Missing)
	}
}

// tenThousand is a template of as many keys and what it asks for.
func tenThousand() (text string, data sources.Snapshot) {
	var b strings.Builder
	values := make(map[sources.Query]sources.Value)
	for i := range 10_000 {
		path := fmt.Sprintf("app/%05d", i)
		fmt.Fprintf(&b, "%s = {{ key %q }}\n", path, path)
		values[keyQuery(path)] = sources.Value{Exists: true, Data: sources.KeyPair{Path: path, Value: "some value"}}
	}
	data, _ = data.With(values)
	return b.String(), data
}

func BenchmarkTenThousandKeysOneChanged(b *testing.B) {
	text, data := tenThousand()
	tmpl, err := render.Parse(text, render.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		path := fmt.Sprintf("app/%05d", i%10_000)
		data, _ = data.With(map[sources.Query]sources.Value{keyQuery(path): {Exists: true, Data: sources.KeyPair{Path: path, Value: fmt.Sprint(i)}}})
		if _, err := tmpl.Execute(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTenThousandKeysParsed(b *testing.B) {
	text, _ := tenThousand()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := render.Parse(text, render.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTenThousandKeysExecutedFirst(b *testing.B) {
	text, data := tenThousand()
	for name, lookup := range map[string]render.Lookup{"by parts": data, "as a whole": whole{data}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				tmpl, err := render.Parse(text, render.Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if _, err := tmpl.Execute(lookup); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
