package render_test

import (
	"encoding/json"
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestMaskedLookupGivesTextWithTheSameLinesAndNoSecret(t *testing.T) {
	data := stored("consul", map[string]string{"plain": "shown"})
	data = with(data, secretQuery("s"), sources.Value{Exists: true, Tainted: true, Data: &sources.SecretData{
		LeaseID: "kept",
		Data: map[string]any{
			"p": "one\ntwo\n", "n": json.Number("42"), "b": true, "digits": "123", "empty": "",
			"deep": map[string]any{"list": []any{"x", "y"}},
		},
	}})
	data = with(data, keyQuery("t"), sources.Value{Exists: true, Tainted: true, Data: sources.KeyPair{Path: "t", Value: "tainted"}})
	data = with(data, treeQuery("t"), sources.Value{Exists: true, Tainted: true, Data: sources.Pairs{{Path: "t/a", Value: "tainted"}}})
	text := `{{ key "plain" }} {{ key "t" }} {{ range tree "t" }}{{ .Key }}={{ .Value }}{{ end }}
{{ with secret "s" }}{{ .LeaseID }} {{ .Data.p }}{{ .Data.n }} {{ .Data.b }} {{ parseInt .Data.digits }} [{{ .Data.empty }}] {{ .Data.deep.list }}{{ end }}`
	tmpl := parse(t, text, render.Options{})
	result, err := tmpl.Execute(render.Masked(data))
	want := "shown [masked] a=[masked]\nkept [masked]\n[masked]\n0 true 0 [] [[masked] [masked]]"
	if err != nil || string(result.Output) != want || !result.Tainted {
		t.Errorf("got %q, tainted %v, %v\nwant %q", result.Output, result.Tainted, err, want)
	}
	if result, err = tmpl.Execute(data); err != nil || string(result.Output) != "shown tainted a=tainted\nkept one\ntwo\n42 true 123 [] [x y]" {
		t.Errorf("the real values changed: %q, %v", result.Output, err)
	}
}
