package render_test

import (
	"errors"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestFailureTellsNothingMadeOfASecret(t *testing.T) {
	data := stored("consul", map[string]string{"plain": "word"})
	data = with(data, secretQuery("s"), sources.Value{Exists: true, Tainted: true, Data: &sources.SecretData{
		Data: map[string]any{"p": "open sesame", "short": "q7", "json": `{"n": "inner"}`},
	}})
	const place = "app.tmpl:1:"
	for text, want := range map[string]string{
		`{{ (secret "s").Data.p | base64Encode | sprig_fail }}`: place + "41: sprig_fail: W21hc2tlZF0= (see concierge functions for sprig_fail)",
		`{{ (secret "s").Data.short | fail }}`:                  place + "30: fail: [masked] (see concierge functions for fail)",
		`{{ (secret "s").Data.short | parseInt }}`:              place + `30: parseInt: parsing "[masked]": invalid syntax (see concierge functions for parseInt)`,
		// Only the real value comes this far.
		`{{ (parseJSON (secret "s").Data.json).n | fail }}`:               place + "43: fail: not shown, because it depends on a secret (see concierge functions for fail)",
		`{{ if eq (secret "s").Data.short "q7" }}{{ fail "x" }}{{ end }}`: place + "44: fail: not shown, because it depends on a secret (see concierge functions for fail)",
		// The path, and with it the hint, is made of the secret.
		`{{ key (printf "%s@" (secret "s").Data.short) }}`:                                       place + `4: key: invalid key path "[masked]@" (write path`,
		`{{ define "x" }}{{ fail . }}{{ end }}{{ executeTemplate "x" (secret "s").Data.short }}`: place + "20: fail: [masked] (see",
		// What is no secret stays to be read.
		`{{ (secret "s").Data.p | len }}{{ key "plain" | parseInt }}`: place + `49: parseInt: parsing "word": invalid syntax (see`,
	} {
		tmpl := parse(t, text, render.Options{Name: "app.tmpl"})
		_, err := tmpl.Execute(data)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\ngave %v\nwant %s", text, err, want)
		}
	}
}

func TestProvisionalFailureTellsNothingMadeOfASecret(t *testing.T) {
	data := with(sources.Snapshot{}, secretQuery("s"), sources.Value{Exists: true, Tainted: true, Data: &sources.SecretData{
		Data: map[string]any{"short": "q7"},
	}})
	text := `{{ key "missing" }}{{ (secret "s").Data.short | fail }}`
	result, err := parse(t, text, render.Options{Name: "app.tmpl"}).Execute(data)
	if err != nil || len(result.Missing) != 1 || !result.Tainted || result.Output != nil {
		t.Fatalf("%+v, %v", result, err)
	}
	failed, ok := errors.AsType[*render.Error](result.Provisional)
	if !ok || failed.Cause != "[masked]" || failed.Func != "fail" || failed.Line != 1 || failed.Column != 49 || failed.Hint == "" {
		t.Errorf("provisional: %#v", result.Provisional)
	}
}
