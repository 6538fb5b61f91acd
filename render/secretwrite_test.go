package render_test

import (
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestSecretWithFurtherArgumentsIsAWrite(t *testing.T) {
	for text, params := range map[string]string{
		`{{ secret "p" "" }}`:                           "",
		`{{ secret " /p/ " "a=1" }}`:                    "a=1",
		`{{ secret "p" "b = x=y " "" "a=" }}`:           "a=&b=x%3Dy",
		`{{ secret "p" "a=1" "a=2" }}`:                  "a=2",
		`{{ "ttl=1h" | secret "p" "common_name=a b" }}`: "common_name=a+b&ttl=1h",
	} {
		result, err := parse(t, text, render.Options{}).Execute(sources.Snapshot{})
		want := sources.Query{Source: "vault", Kind: sources.SecretWrite, Path: "p", Options: sources.Options{Params: params}.Handle()}
		if err != nil || len(result.Missing) != 1 || result.Missing[0].Query != want {
			t.Errorf("%s: %+v, %v; want %+v", text, result.Missing, err, want)
		}
	}
	for text, want := range map[string]string{
		`{{ secret "p" "nopair" }}`:     "argument 2 is not of the form name=value",
		`{{ secret "p" "a=b" "word" }}`: "argument 3 is not of the form name=value",
		`{{ secret "" "a=b" }}`:         "the path is empty",
		`{{ pkiCert "" }}`:              "the path is empty",
		`{{ pkiCert "p" "nopair" }}`:    "argument 2 is not of the form name=value",
	} {
		_, err := parse(t, text, render.Options{}).Execute(sources.Snapshot{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "nopair") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if got, err := execute(`[{{ secret }}{{ pkiCert }}]`, sources.Snapshot{}); err != nil || got != "[<no value><no value>]" {
		t.Errorf("without arguments: %q, %v", got, err)
	}
}

func TestWriteThatNothingAnswersGivesNothingAndIsNotWaitedFor(t *testing.T) {
	q := sources.Query{Source: "vault", Kind: sources.SecretWrite, Path: "kv/a", Options: sources.Options{Params: "k=v"}.Handle()}
	text := `{{ with secret "kv/a" "k=v" }}there{{ else }}nothing{{ end }} {{ secret "kv/a" "k=v" }}`
	if got, err := execute(text, with(sources.Snapshot{}, q, sources.Value{Exists: true})); err != nil || got != "nothing <nil>" {
		t.Errorf("%q, %v", got, err)
	}
	answer := sources.Value{Exists: true, Tainted: true, Data: &sources.SecretData{LeaseID: "l", Data: map[string]any{"password": "hunter22"}}}
	data := with(sources.Snapshot{}, q, answer)
	tmpl := parse(t, `{{ with secret "kv/a" "k=v" }}{{ .LeaseID }} {{ .Data.password }}{{ end }}`, render.Options{})
	if result, err := tmpl.Execute(data); err != nil || string(result.Output) != "l hunter22" || !result.Tainted {
		t.Errorf("%+v, %v", result, err)
	}
	if result, err := tmpl.Execute(render.Masked(data)); err != nil || string(result.Output) != "l [masked]" {
		t.Errorf("masked: %q, %v", result.Output, err)
	}
}

func TestCertificateIsAskedForTheDestination(t *testing.T) {
	text := `{{ with pkiCert "pki/issue/web?x=1" "common_name=a" }}{{ .Cert }}{{ .Data.Key }}{{ .Data.CA }}{{ range .CAChain }}{{ . }}{{ end }}{{ end }}`
	for destination, params := range map[string]string{"": "common_name=a", "/etc/a b.pem": "common_name=a&concierge.file=%2Fetc%2Fa+b.pem"} {
		q := sources.Query{Source: "vault", Kind: sources.PKICertificate, Path: "pki/issue/web", Options: sources.Options{Params: params}.Handle()}
		tmpl := parse(t, text, render.Options{Destination: destination})
		result, err := tmpl.Execute(sources.Snapshot{})
		if err != nil || len(result.Missing) != 1 || result.Missing[0].Query != q {
			t.Fatalf("%q: %+v, %v; want %+v", destination, result.Missing, err, q)
		}
		if result, err = tmpl.Execute(with(sources.Snapshot{}, q, sources.Value{})); err != nil || len(result.Missing) != 1 || !result.Missing[0].Absent {
			t.Errorf("absent: %+v, %v", result, err)
		}
		data := with(sources.Snapshot{}, q, sources.Value{Exists: true, Tainted: true, Data: &sources.Certificate{
			Cert: "C1\nC2\n", Key: "K\n", CA: "A\n", CAChain: []string{"A\n", "B\n"}}})
		if result, err = tmpl.Execute(data); err != nil || string(result.Output) != "C1\nC2\nK\nA\nA\nB\n" || !result.Tainted {
			t.Errorf("%q: %q, %v", destination, result.Output, err)
		}
		if result, err = tmpl.Execute(render.Masked(data)); err != nil || strings.Trim(strings.ReplaceAll(string(result.Output), render.Mask, ""), "\n") != "" {
			t.Errorf("masked: %q, %v", result.Output, err)
		}
	}
}

func TestLeafCertificateIsMasked(t *testing.T) {
	result, err := parse(t, `{{ with caLeaf "web" }}{{ .Service }} {{ .CertPEM }}{{ .PrivateKeyPEM }}{{ end }}`, render.Options{}).Execute(render.Masked(catalog(t)))
	if err != nil || string(result.Output) != "web [masked]\n[masked]\n" {
		t.Errorf("%q, %v", result.Output, err)
	}
}

func TestParametersOfWritesAreNotShown(t *testing.T) {
	result, err := parse(t, `{{ secret "p" "password=hunter22" }}`, render.Options{}).Execute(sources.Snapshot{})
	if err != nil || strings.Contains(result.Missing[0].Query.String(), "hunter22") {
		t.Errorf("%v, %v", result.Missing, err)
	}
}
