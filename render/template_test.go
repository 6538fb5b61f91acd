package render_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestEveryFunctionIsDocumented(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range render.Functions() {
		if f.Group == "" || f.Doc == "" || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%s: group %q, doc %q", f.Name, f.Group, f.Doc)
		}
		if seen[f.Name] {
			t.Errorf("%s is described twice", f.Name)
		}
		seen[f.Name] = true
		if f.Example == "" && f.Group != "Sprig" {
			t.Errorf("%s has no example", f.Name)
		}
		if _, err := render.Parse(f.Example, render.Options{}); err != nil || f.Example != "" && !strings.Contains(f.Example, f.Name) {
			t.Errorf("%s: example %s: %v", f.Name, f.Example, err)
		}
		if f.Output == "" {
			continue
		}
		if got, err := execute(f.Example, sources.Snapshot{}); err != nil || got != f.Output {
			t.Errorf("%s: the example gives %q, %v; documented is %q", f.Name, got, err, f.Output)
		}
	}
}

func TestSprigIsBareWhereNoNameClashes(t *testing.T) {
	for text, want := range map[string]string{
		`{{ upper "a" }}{{ "" | default "d" }}{{ list 1 2 | toJson }}`: "Ad[1,2]",
		`{{ add 1 2.5 }} {{ sprig_add 1 2.5 }}`:                        "3.5 3",
		`{{ split "," "a,b" }} {{ (sprig_split "," "a,b")._1 }}`:       "[a b] b",
		`{{ contains "a" (list "a") }} {{ sprig_contains "a" "ba" }}`:  "true true",
		`{{ slice "abc" 1 }} {{ sprig_slice (list 1 2) 1 }}`:           "bc [2]",
	} {
		if got, err := execute(text, sources.Snapshot{}); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestEnvironmentIsTheOneGiven(t *testing.T) {
	given := map[string]string{"SET": "v", "EMPTY": ""}
	o := render.Options{Env: func(n string) (string, bool) { v, ok := given[n]; return v, ok }}
	text := `{{ env "SET" }}|{{ env "NO" }}|{{ envOrDefault "NO" "d" }}|{{ envOrDefault "EMPTY" "d" }}|{{ mustEnv "SET" }}|{{ "SET" | env }}`
	result, err := parse(t, text, o).Execute(sources.Snapshot{})
	if err != nil || string(result.Output) != "v||d||v|v" {
		t.Errorf("%q, %v", result.Output, err)
	}
}

func TestScratchIsNewAtEachExecution(t *testing.T) {
	tmpl := parse(t, `{{ scratch.Key "a" }}{{ scratch.Set "a" 1 }}{{ with scratch }}{{ .Get "a" }}{{ end }}`, render.Options{})
	for range 2 {
		if result, err := tmpl.Execute(sources.Snapshot{}); err != nil || string(result.Output) != "false1" {
			t.Errorf("%q, %v", result.Output, err)
		}
	}
}

func TestDelimitersCanBeChosen(t *testing.T) {
	result, err := parse(t, `{{ x }} [[ "y" ]]`, render.Options{Left: "[[", Right: "]]"}).Execute(sources.Snapshot{})
	if err != nil || string(result.Output) != "{{ x }} y" {
		t.Errorf("%q, %v", result.Output, err)
	}
}

func TestEmptyTemplateGivesEmptyOutput(t *testing.T) {
	for _, text := range []string{"", `{{ define "x" }}y{{ end }}`} {
		result, err := parse(t, text, render.Options{}).Execute(sources.Snapshot{})
		if err != nil || result.Output == nil || len(result.Output) != 0 {
			t.Errorf("%q: %#v, %v", text, result.Output, err)
		}
	}
}

func TestTemplateMayBeExecutedConcurrently(t *testing.T) {
	tmpl := parse(t, `{{ key "a" }}{{ scratch.Set "a" 1 }}{{ toYAML (list 1) }}`, render.Options{})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			value := strings.Repeat("x", i)
			result, err := tmpl.Execute(stored("consul", map[string]string{"a": value}))
			if err != nil || string(result.Output) != value+"- 1" {
				t.Errorf("%q, %v", result.Output, err)
			}
		})
	}
	group.Wait()
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := render.Parse(`port = {{ key "app/port" | parseInt }}`, render.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExecuteKey(b *testing.B) {
	tmpl, err := render.Parse(`port = {{ key "app/port" | parseInt }}`, render.Options{})
	if err != nil {
		b.Fatal(err)
	}
	data := stored("consul", map[string]string{"app/port": "80"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Execute(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExecuteTree(b *testing.B) {
	keys := make(map[string]string)
	for i := range 10_000 {
		keys[fmt.Sprintf("app/%05d", i)] = "v"
	}
	tmpl, err := render.Parse(`{{ range tree "app" }}{{ .Key }}={{ .Value }}{{ end }}`, render.Options{})
	if err != nil {
		b.Fatal(err)
	}
	data := stored("consul", keys, "app")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Execute(data); err != nil {
			b.Fatal(err)
		}
	}
}
