package render_test

import (
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

// costly are functions that are slow or large by nature, and the one that runs
// programs.
var costly = []string{"plugin", "*gen*", "*bcrypt", "*htpasswd", "*derivePassword", "*repeat", "*until*", "*seq", "*indent", "*wrap*", "loop", "*encryptAES"}

// endless finds what can make a short template run long.
var endless = regexp.MustCompile(`(?s)range.*range|\d{3}|[eExXpP_]\d|'|template|block|printf`)

func FuzzParseAndExecute(f *testing.F) {
	for _, seed := range []string{
		`{{ key "a" }}`, `{{ range tree "a" }}{{ .Key }}{{ end }}`, `{{ with secret "s" }}{{ .Data.p | parseInt }}{{ end }}`,
		`{{ define "x" }}{{ . }}{{ end }}{{ executeTemplate "x" 1 }}`, `{{ print key ls tree }}`, `{{ key.Foo }}`,
		`{{ scratch.MapSet "a" "b" nil }}`, `{{ index (split ":" (key "z")) 3 }}`, `{{ $x := "a" | key }}{{ $x }}`,
		`{{ range service "t.web@dc|any" "x" }}{{ .Address }}{{ end }}`, `{{ with node }}{{ .Node.Node }}{{ end }}{{ caLeaf "w" }}`,
		`{{ secret "p" "a=b" }}{{ pkiCert "p" . }}`, `{{ key "a" | writeToFile "f" "" "" "0600" "append" }}`, `{{ spew_dump . }}{{ sockaddr "." }}`,
		`{{ service "web" | byTag }}{{ services | byPort }}`, `{{ datacenters true }}{{ nomadVar 1 }}`, `{{ template "x" }}`,
		`{{ mergeMap nil (parseJSON "{}") }}`, `{{- /* c */ -}}`, `{{ if }}`, "{{\n key `a`", `{{ break }}`, `{{ call key "a" }}`,
	} {
		f.Add(seed)
	}
	data := stored("consul", map[string]string{"a": "1:2", "a/b": "3"}, "a")
	data = with(data, secretQuery("s"), sources.Value{Exists: true, Tainted: true, Data: &sources.SecretData{Data: map[string]any{"p": "top-secret"}}})
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 300 || endless.MatchString(strings.ReplaceAll(text, "executeTemplate", "")) {
			return
		}
		tmpl, err := render.Parse(text, render.Options{Name: "fuzz", Denied: costly, Stdout: io.Discard})
		if err == nil {
			var result render.Result
			result, err = tmpl.Execute(data)
			if err == nil {
				err = result.Provisional
			}
		}
		if err == nil {
			return
		}
		e, ok := errors.AsType[*render.Error](err)
		if !ok || e.Cause == "" || e.Hint == "" {
			t.Errorf("%q: error %#v lacks cause or hint", text, err)
		}
		if strings.Contains(err.Error(), "top-secret") {
			t.Errorf("%q: error shows a secret: %v", text, err)
		}
	})
}
