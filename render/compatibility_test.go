package render_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

// observed is what consul-template 0.41.1 made of a template that needs no
// server. testdata/consul-template.json holds many.
type observed struct {
	Template string `json:"template"`
	Output   string `json:"output,omitempty"`
	Fails    bool   `json:"fails,omitempty"`
}

func observations(t *testing.T) []observed {
	t.Helper()
	b, err := os.ReadFile("testdata/consul-template.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []observed
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestHelpersGiveConsulTemplatesResults(t *testing.T) {
	for _, o := range observations(t) {
		got, err := execute(o.Template, sources.Snapshot{})
		switch {
		case o.Fails && err == nil:
			t.Errorf("%s\ngave %q, consul-template refuses it", o.Template, got)
		case !o.Fails && err != nil:
			t.Errorf("%s\nfailed: %v\nconsul-template gives %q", o.Template, err, o.Output)
		case got != o.Output:
			t.Errorf("%s\ngave            %q\nconsul-template %q", o.Template, got, o.Output)
		}
	}
}

// TestObservationsAreConsulTemplates runs the templates through the program
// itself, if its path is in CONSUL_TEMPLATE; without it, the observations are
// only checked for being plausible.
func TestObservationsAreConsulTemplates(t *testing.T) {
	program := os.Getenv("CONSUL_TEMPLATE")
	for _, o := range observations(t) {
		if o.Template == "" || o.Fails && o.Output != "" {
			t.Errorf("not an observation: %+v", o)
		}
		if program != "" {
			observe(t, program, o)
		}
	}
}

func observe(t *testing.T, program string, o observed) {
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, []byte(o.Template), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(filepath.Dir(in), "out")
	b, err := exec.CommandContext(t.Context(), program, "-once", "-dry", "-log-level=err", "-template", in+":"+out).Output()
	if (err != nil) != o.Fails {
		t.Errorf("%s\nended with %v", o.Template, err)
	}
	if got := strings.TrimPrefix(string(b), "> "+out+"\n"); err == nil && got != o.Output {
		t.Errorf("%s\ngave %q, recorded is %q", o.Template, got, o.Output)
	}
}

// execute renders a template completely.
func execute(text string, l render.Lookup) (string, error) {
	tmpl, err := render.Parse(text, render.Options{})
	if err != nil {
		return "", err
	}
	result, err := tmpl.Execute(l)
	if err == nil && result.Provisional != nil {
		err = result.Provisional
	}
	return string(result.Output), err
}
