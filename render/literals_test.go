package render_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"concierge/render"
)

func TestLiteralsAreFoundBeforeTheFirstExecution(t *testing.T) {
	for text, want := range map[string]string{
		`{{ key "a" }}`:                            "key consul:a",
		"{{ key `a` }}":                            "key consul:a",
		`{{ "a" | key }}`:                          "key consul:a",
		`{{ ("a") | key | toUpper }}`:              "key consul:a",
		`{{ key ("a") }}`:                          "key consul:a",
		`{{ $x := key "a" }}{{ $x = key "b" }}`:    "key consul:a,key consul:b",
		`{{ with key "a" }}{{ key . }}{{ end }}`:   "key consul:a",
		`{{ range ls "a" }}{{ key "b" }}{{ end }}`: "tree consul:a,key consul:b",
		`{{ if keyExists "a" }}{{ else if keyExists "b" }}{{ else }}{{ key "c" }}{{ end }}`: "key consul:a,key consul:b,key consul:c",
		`{{ define "x" }}{{ key "a" }}{{ end }}`:                                            "key consul:a",
		`{{ block "x" (key "a") }}{{ end }}`:                                                "key consul:a",
		`{{ template "x" tree "a" }}{{ define "x" }}{{ end }}`:                              "tree consul:a",
		`{{ keyOrDefault "a" (key "b") }}`:                                                  "key consul:a,key consul:b",
		`{{ "d" | keyOrDefault "a" }}`:                                                      "key consul:a",
		`{{ "a" | printf "x/%s" | key }}`:                                                   "",
		`{{ key (printf "a") }}`:                                                            "",
		`{{ key "" }}{{ key "a" }}{{ key "a" }}`:                                            "key consul:a",
		`{{ (secret "s/a").Data.x }}`:                                                       "secret vault:s/a",
		`{{ with secret "s/a" }}{{ secret "s/b" }}{{ end }}{{ define "x" }}{{ secret "s/c" }}{{ end }}`: "secret vault:s/a",
		`{{ if key "a" }}{{ secret "s/b" }}{{ else }}{{ secret "s/c" }}{{ end }}`:                       "key consul:a",
		`{{ if (secret "s/a").Data.x }}{{ end }}`:                                                       "secret vault:s/a",
		`{{ secret "s/a?version=2" }}`:                                                                  "secret vault:s/a?version=2",
		`{{ secrets "s" }}{{ file "/f" }}`:                                                              "secrets vault:s,file local:/f",
		`{{ printf "%s" (key "a" | toUpper) }}`:                                                         "key consul:a",
		`{{ and (key "a") (key "b") }}`:                                                                 "key consul:a,key consul:b",
		`{{ key "bad@" }}`:                                                                              "",
	} {
		tmpl := parse(t, text, render.Options{})
		var got []string
		for _, q := range tmpl.Literals() {
			got = append(got, q.String())
		}
		if strings.Join(got, ",") != want {
			t.Errorf("%s: literals %v, want %s", text, got, want)
		}
	}
}

func TestDeniedFunctionsAskNothing(t *testing.T) {
	tmpl := parse(t, `{{ key "a" }}`, render.Options{Denied: []string{"k*"}})
	if got := tmpl.Literals(); len(got) != 0 {
		t.Errorf("literals %v", got)
	}
}

func TestLiteralsNameTheirSource(t *testing.T) {
	tmpl := parse(t, `{{ key "etcd:a" }}{{ key "a" }}{{ tree "etcd:" }}`, render.Options{Sources: naming("file", "etcd", "file")})
	want := []string{"key etcd:a", "key file:a", "tree etcd:"}
	var got []string
	for _, q := range tmpl.Literals() {
		got = append(got, q.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("literals %v, want %v", got, want)
	}
}

// naming knows the reserved names and which of them are configured.
func naming(standard string, configured ...string) render.Naming {
	reserved := []string{"consul", "etcd", "file", "vault"}
	return render.Naming{Default: standard, Known: func(name string) (bool, bool) {
		return slices.Contains(configured, name), slices.Contains(reserved, name)
	}}
}

func ExampleTemplate_Literals() {
	tmpl, _ := render.Parse(`{{ key "app/port" }} {{ tree "app/hosts" | len }}`, render.Options{})
	fmt.Println(tmpl.Literals())
	// Output: [key consul:app/port tree consul:app/hosts]
}
