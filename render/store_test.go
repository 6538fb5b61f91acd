package render_test

import (
	"slices"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

// stored is a snapshot as sources make it: keys answered one by one and by the
// prefixes of them that tests ask for.
func stored(source string, keys map[string]string, prefixes ...string) sources.Snapshot {
	values := make(map[sources.Query]sources.Value)
	var all sources.Pairs
	for path, value := range keys {
		pair := sources.KeyPair{Path: path, Value: value}
		all = append(all, pair)
		values[sources.Query{Source: source, Kind: sources.Key, Path: path}] = sources.Value{Exists: true, Data: pair}
	}
	slices.SortFunc(all, func(a, b sources.KeyPair) int { return strings.Compare(a.Path, b.Path) })
	for _, prefix := range prefixes {
		pairs := slices.DeleteFunc(slices.Clone(all), func(p sources.KeyPair) bool { return !strings.HasPrefix(p.Path, prefix) })
		values[sources.Query{Source: source, Kind: sources.Tree, Path: prefix}] = sources.Value{Exists: len(pairs) > 0, Data: pairs}
	}
	snapshot, _ := sources.Snapshot{}.With(values)
	return snapshot
}

// with adds one answer to a snapshot.
func with(s sources.Snapshot, q sources.Query, v sources.Value) sources.Snapshot {
	next, _ := s.With(map[sources.Query]sources.Value{q: v})
	return next
}

func keyQuery(path string) sources.Query {
	return sources.Query{Source: "consul", Kind: sources.Key, Path: path}
}

func treeQuery(path string) sources.Query {
	return sources.Query{Source: "consul", Kind: sources.Tree, Path: path}
}

func secretQuery(path string) sources.Query {
	return sources.Query{Source: "vault", Kind: sources.Secret, Path: path}
}

func parse(t *testing.T, text string, o render.Options) *render.Template {
	t.Helper()
	tmpl, err := render.Parse(text, o)
	if err != nil {
		t.Fatalf("parsing %s: %v", text, err)
	}
	return tmpl
}

// TestKeyFunctionsGiveConsulTemplatesResults holds what consul-template 0.41.1
// gave with these keys in Consul.
func TestKeyFunctionsGiveConsulTemplatesResults(t *testing.T) {
	data := stored("consul", map[string]string{
		"app/a": "1", "app/b/c": "2", "app/b/d/e": "3", "app/dir/": "", "apple": "4", "appx/y": "5", "empty": "",
	}, "app", "app/", "app/a", "app/b", "")
	data = with(data, keyQuery("app/zz"), sources.Value{})
	for text, want := range map[string]string{
		`{{ range tree "app" }}{{ .Key }}={{ .Path }}={{ .Value }};{{ end }}`:                           "a=app/a=1;b/c=app/b/c=2;b/d/e=app/b/d/e=3;le=apple=4;x/y=appx/y=5;",
		`{{ range tree "app/" }}{{ .Key }};{{ end }}`:                                                   "a;b/c;b/d/e;",
		`{{ range tree "/app/" }}{{ .Key }};{{ end }}`:                                                  "a;b/c;b/d/e;",
		`{{ range tree "/" }}{{ .Key }};{{ end }}`:                                                      "app/a;app/b/c;app/b/d/e;apple;appx/y;empty;",
		`{{ range ls "/" }}{{ .Key }};{{ end }}`:                                                        "apple;empty;",
		`{{ range ls "app" }}{{ .Key }}={{ .Path }};{{ end }}`:                                          "a=app/a;le=apple;",
		`{{ range ls "app/" }}{{ .Key }};{{ end }}`:                                                     "a;",
		`{{ range ls "app/b" }}{{ .Key }};{{ end }}`:                                                    "c;",
		`{{ range ls "app/a" }}{{ .Key }};{{ end }}`:                                                    "",
		`{{ tree "app" | explode | toYAML }}`:                                                           "a: \"1\"\nb:\n  c: \"2\"\n  d:\n    e: \"3\"\nle: \"4\"\nx:\n  \"y\": \"5\"",
		`{{ range $k, $p := tree "app" | byKey }}{{ $k }}:{{ range $p }}{{ .Key }},{{ end }}{{ end }}`:  "b:c,d/e,x:y,",
		`{{ range ls "app/b" }}{{ toJSON . }}{{ end }}`:                                                 `{"Path":"app/b/c","Key":"c","Value":"2","CreateIndex":0,"ModifyIndex":0,"LockIndex":0,"Flags":0,"Session":""}`,
		`{{ key "/app/a" }}{{ "app/a" | key }}[{{ key "empty" }}]`:                                      "11[]",
		`{{ keyExists "app/a" }}{{ keyExists "app/zz" }}`:                                               "truefalse",
		`{{ keyOrDefault "empty" "D" }}{{ keyOrDefault "app/zz" "D" }}{{ "E" | keyOrDefault "app/a" }}`: "DD1",
		`{{ key "" }}|{{ keyExists "" }}|{{ keyOrDefault "" "d" }}|{{ ls "" }}|{{ tree "" }}|{{ safeLs "" }}|{{ safeTree "" }}|{{ file "" }}|{{ secrets "" }}`: "|false|d|[]|[]|[]|[]||[]",
	} {
		got, err := execute(text, data)
		if err != nil || got != want {
			t.Errorf("%s\ngave %q, %v\nwant %q", text, got, err, want)
		}
	}
}

func TestKeyWaitsAndKeepsItsLastValueAfterDeletion(t *testing.T) {
	tmpl := parse(t, "\n  {{ key \"a\" }}{{ key \"a\" }}", render.Options{})
	result, err := tmpl.Execute(sources.Snapshot{})
	want := render.Missing{Query: keyQuery("a"), Line: 2, Column: 6}
	if err != nil || len(result.Missing) != 1 || result.Missing[0] != want || result.Output != nil {
		t.Fatalf("without an answer: %+v, %v; want missing %+v once", result, err, want)
	}
	absent := with(sources.Snapshot{}, keyQuery("a"), sources.Value{})
	if result, _ = tmpl.Execute(absent); len(result.Missing) != 1 || !result.Missing[0].Absent {
		t.Fatalf("confirmed absence: %+v", result)
	}
	there := with(absent, keyQuery("a"), sources.Value{Exists: true, Data: sources.KeyPair{Path: "a", Value: "v"}})
	gone := with(there, keyQuery("a"), sources.Value{})
	for name, snapshot := range map[string]sources.Snapshot{"there": there, "deleted": gone} {
		if result, err = tmpl.Execute(snapshot); err != nil || string(result.Output) != "\n  vv" {
			t.Errorf("%s: %q, %v; want the value", name, result.Output, err)
		}
	}
	if got, err := execute(`{{ keyExists "a" }}{{ keyOrDefault "a" "d" }}`, gone); err != nil || got != "falsed" {
		t.Errorf("after deletion keyExists and keyOrDefault gave %q, %v", got, err)
	}
}

func TestKeyExistsAndKeyOrDefaultWaitForTheFirstAnswerOnly(t *testing.T) {
	for _, text := range []string{`{{ keyExists "a" }}`, `{{ keyOrDefault "a" "d" }}`, `{{ secretExists "a" }}`, `{{ tree "a" }}`} {
		tmpl := parse(t, text, render.Options{})
		if result, err := tmpl.Execute(sources.Snapshot{}); err != nil || len(result.Missing) != 1 {
			t.Errorf("%s without an answer: %+v, %v", text, result, err)
		}
		absent := with(sources.Snapshot{}, tmpl.Literals()[0], sources.Value{})
		if result, err := tmpl.Execute(absent); err != nil || len(result.Missing) != 0 || len(result.Output) == 0 {
			t.Errorf("%s with confirmed absence: %+v, %v", text, result, err)
		}
	}
}

func TestSafeListsWaitForContent(t *testing.T) {
	empty := with(sources.Snapshot{}, treeQuery("a"), sources.Value{Data: sources.Pairs{{Path: "a/"}}})
	for _, text := range []string{`{{ safeLs "a" }}`, `{{ safeTree "a" }}`} {
		result, err := parse(t, text, render.Options{}).Execute(empty)
		if err != nil || len(result.Missing) != 1 || !result.Missing[0].Absent {
			t.Errorf("%s: %+v, %v", text, result, err)
		}
	}
}

func TestAbsentSecretAndFileAreWaitedFor(t *testing.T) {
	for _, text := range []string{`{{ with secret "a" }}{{ .Data.x }}{{ end }}`, `{{ (secret "a").Data.x }}`, `{{ file "a" }}`} {
		tmpl := parse(t, text, render.Options{})
		absent := with(sources.Snapshot{}, tmpl.Literals()[0], sources.Value{})
		result, err := tmpl.Execute(absent)
		if err != nil || len(result.Missing) != 1 || !result.Missing[0].Absent {
			t.Errorf("%s: %+v, %v", text, result, err)
		}
	}
}

func TestSecretsAndFilesAreRead(t *testing.T) {
	data := with(sources.Snapshot{}, secretQuery("secret/app"), sources.Value{Exists: true, Tainted: true, Data: &sources.SecretData{
		LeaseID: "l", LeaseDuration: 60, Data: map[string]any{"data": map[string]any{"password": "hunter22"}},
	}})
	data = with(data, sources.Query{Source: "vault", Kind: sources.SecretList, Path: "secret"}, sources.Value{Exists: true, Data: sources.Names{"app", "db"}})
	data = with(data, sources.Query{Source: "local", Kind: sources.File, Path: "/etc/x"}, sources.Value{Exists: true, Data: sources.KeyPair{Value: "body"}})
	text := `{{ with secret " /secret/app/ " }}{{ .Data.data.password }} {{ .LeaseDuration }}{{ end }} {{ secrets "secret/" | join "," }} {{ file " /etc/x " }} {{ secretExists "secret/app" }}`
	result, err := parse(t, text, render.Options{}).Execute(data)
	if err != nil || string(result.Output) != "hunter22 60 app,db body true" || !result.Tainted {
		t.Errorf("got %q, tainted %v, %v", result.Output, result.Tainted, err)
	}
}

func TestTemplatesCannotChangeTheSnapshot(t *testing.T) {
	data := map[string]any{"inner": map[string]any{"k": "v"}}
	snapshot := with(sources.Snapshot{}, secretQuery("s"), sources.Value{Exists: true, Data: &sources.SecretData{Data: data}})
	text := `{{ $d := (secret "s").Data }}{{ $x := mergeMapWithOverride $d (parseJSON "{\"inner\":{\"k\":\"changed\"}}") }}{{ $y := set $d "new" 1 }}{{ (secret "s").Data.inner.k }}`
	for range 2 {
		// Within one execution the change is seen, as in consul-template.
		if got, err := execute(text, snapshot); err != nil || got != "changed" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if len(data) != 1 || data["inner"].(map[string]any)["k"] != "v" {
		t.Errorf("the snapshot's data became %v", data)
	}
}

func TestUsedHoldsEachQueryOnceInOrderOfFirstUse(t *testing.T) {
	data := stored("consul", map[string]string{"a": "b", "b": "x"}, "t")
	result, err := parse(t, `{{ key (key "a") }}{{ tree "t" }}{{ key "a" }}{{ keyExists "b" }}`, render.Options{}).Execute(data)
	want := []sources.Query{keyQuery("a"), keyQuery("b"), treeQuery("t")}
	if err != nil || !slices.Equal(result.Used, want) {
		t.Errorf("used %v, %v; want %v", result.Used, err, want)
	}
}

func TestMissingIsPlacedAlsoForComputedArguments(t *testing.T) {
	data := stored("consul", map[string]string{"name": "x"})
	text := "{{ define \"d\" }}\n{{ key . }}{{ end }}{{ template \"d\" \"y\" }}\n {{ with (key \"name\") }}{{ printf \"app/%s\" . | key }}{{ end }}"
	result, err := parse(t, text, render.Options{}).Execute(data)
	want := []render.Missing{{Query: keyQuery("y"), Line: 2, Column: 4}, {Query: keyQuery("app/x"), Line: 3, Column: 48}}
	if err != nil || !slices.Equal(result.Missing, want) {
		t.Errorf("missing %+v, %v\nwant    %+v", result.Missing, err, want)
	}
}

func TestErrorsAreProvisionalWhileDataIsMissing(t *testing.T) {
	tmpl := parse(t, `{{ index (split ":" (key "a")) 1 | parseInt }}`, render.Options{})
	result, err := tmpl.Execute(sources.Snapshot{})
	if err != nil || result.Provisional == nil || len(result.Missing) != 1 {
		t.Fatalf("without data: %+v, %v", result, err)
	}
	if result, err = tmpl.Execute(stored("consul", map[string]string{"a": "x:7"})); err != nil || string(result.Output) != "7" {
		t.Fatalf("with data: %q, %v", result.Output, err)
	}
	result, err = tmpl.Execute(stored("consul", map[string]string{"a": "x"}))
	if err == nil || len(result.Used) != 1 {
		t.Errorf("with wrong data: %+v, %v; want an error and what was used", result, err)
	}
}
