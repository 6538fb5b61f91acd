package render_test

import (
	"errors"
	"strings"
	"testing"

	"concierge/render"
	"concierge/secrets"
	"concierge/sources"
)

func TestParseErrorsCarryPlaceAndHint(t *testing.T) {
	for text, want := range map[string]string{
		"a\n {{ nosuch 1 }}":   `app.tmpl:2:5: function "nosuch" is not defined (list all functions with concierge functions)`,
		`{{ 1 | kye }}`:        `app.tmpl:1:8: function "kye" is not defined (did you mean key?)`,
		`{{ tojson 1 }}`:       `app.tmpl:1:4: function "tojson" is not defined (did you mean toJSON?)`,
		`{{ sprig_uper "a" }}`: `app.tmpl:1:4: function "sprig_uper" is not defined (did you mean sprig_upper?)`,
		"a\nb {{ if }}":        `app.tmpl:2:3: missing value for if (see https://pkg.go.dev/text/template for the syntax)`,
		`{{ if true }}x`:       `app.tmpl:1:1: unexpected EOF (an {{ if }}, {{ range }}, {{ with }}, {{ define }} or {{ block }} lacks its {{ end }})`,
		"x\nyy {{ end }}":      `app.tmpl:2:7: unexpected {{end}} (there is an {{ end }} too many)`,
		"{{ key \"a\"\n":       `app.tmpl:2:1: unclosed action started at line 1 (close the action with its right delimiter)`,
		`ab {{ key "a }}`:      `app.tmpl:1:4: unterminated quoted string (close the quotation on the same line)`,
		`{{ $x }}`:             `app.tmpl:1:4: undefined variable "$x" (assign it first: {{ $name := … }})`,
		`{{ define "a" }}x{{ end }}{{ define "a" }}y{{ end }}`: `app.tmpl:1:12: multiple definition of template "a" (give each {{ define }} a name of its own)`,
	} {
		_, err := render.Parse(text, render.Options{Name: "app.tmpl"})
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngave %v\nwant %s", text, err, want)
		}
		if _, ok := errors.AsType[*render.Error](err); !ok {
			t.Errorf("%s: error is a %T", text, err)
		}
	}
}

func TestUndefinedTemplateIsAnErrorWhenItRuns(t *testing.T) {
	for text, want := range map[string]string{
		"a\n{{ template \"gone\" }}":                                           `app.tmpl:2:13: template "gone" not defined (write {{ define "gone" }} in the same file)`,
		`{{ define "header" }}{{ end }}{{ template "haeder" . }}`:              `app.tmpl:1:43: template "haeder" not defined (did you mean "header"?)`,
		`{{ executeTemplate "gone" 1 | toJSON }}`:                              `app.tmpl:1:4: executeTemplate: template "gone" not defined (write {{ define "gone" }} in the same file)`,
		`{{ define "row" }}{{ end }}{{ print (executeTemplate "rov") }}`:       `app.tmpl:1:38: executeTemplate: template "rov" not defined (did you mean "row"?)`,
		`{{ define "x" }}{{ template "y" }}{{ end }}{{ executeTemplate "x" }}`: `app.tmpl:1:29: template "y" not defined (did you mean "x"?)`,
	} {
		_, err := parse(t, text, render.Options{Name: "app.tmpl"}).Execute(sources.Snapshot{})
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngave %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{
		`{{ template "x" }}{{ define "x" }}{{ end }}`, `{{ block "x" . }}{{ end }}{{ template "x" }}`,
		`{{ define "a" }}{{ template "b" }}{{ end }}{{ define "b" }}{{ end }}{{ executeTemplate "a" }}`,
		`{{ if false }}{{ template "gone" }}{{ executeTemplate "gone" }}{{ end }}`, `{{ define "x" }}{{ template "gone" }}{{ end }}`,
	} {
		if got, err := execute(text, sources.Snapshot{}); err != nil || got != "" {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestEarliestFaultIsReported(t *testing.T) {
	const unknown = "\n{{ nosuch }}"
	for text, want := range map[string]string{
		"a\n\n{{ key \"a\" | | }}" + unknown: `app.tmpl:3:12: unexpected "|" in command`,
		"a\n\n{{ key \"a\" ) }}" + unknown:   `app.tmpl:3:1: unexpected right paren`,
		// A bar with nothing behind it is no fault to text/template.
		"a\n\n{{ key \"a\" | }}" + unknown: `app.tmpl:4:4: function "nosuch" is not defined`,
	} {
		if _, err := render.Parse(text, render.Options{Name: "app.tmpl"}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q\ngave %v\nwant %s", text, err, want)
		}
	}
}

func TestExecutionErrorsCarryPlaceFunctionAndHint(t *testing.T) {
	data := stored("consul", map[string]string{"a": "x"})
	for text, want := range map[string]string{
		"\n{{ parseInt \"x\" }}":  `app.tmpl:2:4: parseInt: parsing "x": invalid syntax (see concierge functions for parseInt)`,
		`{{ key "a" "b" }}`:       `app.tmpl:1:4: key: wrong number of arguments, expected 1, but got 2 (see concierge functions for key)`,
		`{{ print key }}`:         `app.tmpl:1:10: key: wrong number of arguments, expected 1, but got 0 (see concierge functions for key)`,
		`{{ key 5 }}`:             `app.tmpl:1:8: expected string; found 5 (try the template with concierge render --dry-run)`,
		`{{ key "a@" }}`:          `app.tmpl:1:4: key: invalid key path "a@" (write path?ns=NAMESPACE&partition=PARTITION@DATACENTER; a key with @ or ? in it cannot be asked of consul)`,
		`{{ secret "a" "k" }}`:    `app.tmpl:1:4: secret: argument 2 is not of the form name=value (write "ttl=1h")`,
		`{{ nomadVar "a" }}`:      `app.tmpl:1:4: nomadVar: this function of consul-template asks Nomad, which is not supported (keep the data in Consul, etcd or Vault and use key, service or secret)`,
		`{{ (key "a").foo }}`:     `app.tmpl:1:9: can't evaluate field foo in type string (see concierge functions for the fields, and print the value with {{ toJSON . }})`,
		`{{ divide 0 1 }}`:        `app.tmpl:1:4: divide: division by zero (see concierge functions for divide)`,
		`{{ fail "stop: here" }}`: `app.tmpl:1:4: fail: stop: here (see concierge functions for fail)`,
		"{{ define \"x\" }}\n{{ parseInt . }}{{ end }}{{ executeTemplate \"x\" \"q\" }}": `app.tmpl:2:4: parseInt: parsing "q": invalid syntax (see concierge functions for parseInt)`,
		`{{ define "x" }}{{ executeTemplate "x" }}{{ end }}{{ executeTemplate "x" }}`:    `app.tmpl:1:20: executeTemplate: templates call each other without end (look for executeTemplate calls inside x)`,
		`{{ print "x" | executeTemplate }}`:                                              `app.tmpl:1:16: executeTemplate: template "x" not defined (write {{ define "x" }} in the same file)`,
		`{{ mustEnv "UNSET" }}`:                                                          `app.tmpl:1:4: mustEnv: required environment variable UNSET is empty (set it, or use envOrDefault)`,
	} {
		tmpl := parse(t, text, render.Options{Name: "app.tmpl", Env: func(string) (string, bool) { return "", false }})
		if _, err := tmpl.Execute(data); err == nil || err.Error() != want {
			t.Errorf("%s\ngave %v\nwant %s", text, err, want)
		}
	}
}

func TestErrorOnMissingKeyConcernsFieldsOnly(t *testing.T) {
	text := `{{ (parseJSON "{\"a\":1}").b }}`
	if got, err := execute(text, sources.Snapshot{}); err != nil || got != "<no value>" {
		t.Errorf("by default: %q, %v", got, err)
	}
	_, err := parse(t, text, render.Options{ErrorOnMissingKey: true}).Execute(sources.Snapshot{})
	if err == nil || !strings.Contains(err.Error(), `map has no entry for key "b" (guard it`) {
		t.Errorf("with error_on_missing_key: %v", err)
	}
}

func TestDeniedFunctionFailsWhenCalledNotWhenParsed(t *testing.T) {
	o := render.Options{Denied: []string{"env", "sprig_*"}}
	if _, err := parse(t, `{{ if false }}{{ env "A" }}{{ sprig_upper "a" }}{{ end }}`, o).Execute(sources.Snapshot{}); err != nil {
		t.Errorf("not called: %v", err)
	}
	for _, text := range []string{`{{ env "A" }}`, `{{ "a" | sprig_upper }}`} {
		if _, err := parse(t, text, o).Execute(sources.Snapshot{}); err == nil || !strings.Contains(err.Error(), "this function is disabled") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := render.Parse("", render.Options{Denied: []string{"["}}); err == nil {
		t.Error("a malformed glob was accepted")
	}
}

func TestDeniedFunctionOfSprigIsDeniedUnderBothNames(t *testing.T) {
	for glob, texts := range map[string][]string{
		"sprig_*": {`{{ upper "a" }}`, `{{ sprig_upper "a" }}`},
		"upper":   {`{{ upper "a" }}`, `{{ sprig_upper "a" }}`},
		"*":       {`{{ upper "a" }}`, `{{ sprig_add 1 2 }}`, `{{ env "A" }}`, `{{ plugin "a" }}`, `{{ nomadVar "a" }}`},
	} {
		for _, text := range texts {
			if _, err := parse(t, text, render.Options{Denied: []string{glob}}).Execute(sources.Snapshot{}); err == nil || !strings.Contains(err.Error(), "this function is disabled") {
				t.Errorf("%s, %s: %v", glob, text, err)
			}
		}
	}
	// consul-template's own function is another one than sprig's.
	for glob, text := range map[string]string{"sprig_add": `{{ add 1 2 }}`, "add": `{{ sprig_add 1 2 }}`} {
		if result, err := parse(t, text, render.Options{Denied: []string{glob}}).Execute(sources.Snapshot{}); err != nil || string(result.Output) != "3" {
			t.Errorf("%s, %s: %q, %v", glob, text, result.Output, err)
		}
	}
}

func TestNomadFunctionsAreRefusedWhenTheyAreCalled(t *testing.T) {
	for _, name := range strings.Fields("nomadService nomadServices nomadVar nomadVarExists nomadVarList nomadVarListSafe") {
		if got, err := execute(`{{ if false }}{{ `+name+` "a" }}{{ end }}ok`, sources.Snapshot{}); err != nil || got != "ok" {
			t.Errorf("%s in a branch that does not run: %q, %v", name, got, err)
		}
		if _, err := execute(`{{ `+name+` }}`, sources.Snapshot{}); err == nil || !strings.Contains(err.Error(), "Nomad, which is not supported") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsNeverShowSecrets(t *testing.T) {
	const password = "s3cr3t-pass:word"
	redactor := new(secrets.Redactor)
	data := with(sources.Snapshot{}, secretQuery("s"), sources.Value{Exists: true, Tainted: true, Data: &sources.SecretData{
		Data: map[string]any{"p": password, "list": []any{"in-a-list"}},
		Auth: &sources.SecretAuth{ClientToken: "hvs.token"},
	}})
	for text, leaked := range map[string]string{
		`{{ (secret "s").Data.p | parseInt }}`:                                                   "s3cr3t",
		`{{ (secret "s").Data.p | split ":" | join "" | parseInt }}`:                             "s3cr3t",
		`{{ index (split ":" (secret "s").Data.p) 1 | parseInt }}`:                               "word\"",
		`{{ (secret "s").Data.p | toUpper | parseBool }}`:                                        "S3CR3T",
		`{{ fail (secret "s").Data.p }}`:                                                         "s3cr3t",
		`{{ fail (index (secret "s").Data.list 0) }}`:                                            "in-a",
		`{{ fail (secret "s").Auth.ClientToken }}`:                                               "hvs",
		`{{ regexMatch (printf "(%s" (secret "s").Data.p) "a" }}`:                                "s3cr3t",
		`{{ define "x" }}{{ parseInt . }}{{ end }}{{ executeTemplate "x" (secret "s").Data.p }}`: "s3cr3t",
		`{{ parseInt (secret "s").Data.p }}{{ key "missing" }}`:                                  "s3cr3t",
	} {
		result, err := parse(t, text, render.Options{Redactor: redactor}).Execute(data)
		if err == nil {
			err = result.Provisional
		}
		if err == nil || strings.Contains(err.Error(), leaked) {
			t.Errorf("%s: %v", text, err)
		}
	}
	_, err := parse(t, `{{ (secret "s").Data.p | len }}{{ parseInt "visible" }}`, render.Options{Redactor: redactor}).Execute(data)
	if err == nil || !strings.Contains(err.Error(), `"visible"`) {
		t.Errorf("what the template itself says is hidden: %v", err)
	}
	if got := redactor.Redact("x " + password); strings.Contains(got, password) {
		t.Error("the redactor that was given did not learn the secret")
	}
}
