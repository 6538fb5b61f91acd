package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"concierge/internal/config"
)

func TestWrittenConfigurationHasNoSecretsAndIsReadAgain(t *testing.T) {
	dir := project(t, "concierge.yaml", full, "app.ctmpl", "", "ca.pem", "")
	c := load(t, config.Options{Path: dir + "/concierge.yaml"})
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	js, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	viaYAML, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range [][]byte{text, js, viaYAML} {
		if strings.Contains(string(form), "s3cret") {
			t.Errorf("a secret is in\n%s", form)
		}
	}
	again := project(t, "c.yaml", string(text))
	second, err := load(t, config.Options{Path: again + "/c.yaml"}).YAML()
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(second) {
		t.Errorf("reading what was written gives another configuration\nfirst:\n%s\nsecond:\n%s", text, second)
	}
	for _, want := range []string{`mode: "0640"`, "signal: USR1", "timeout: 30s", "max: 8s", `value: ""`, "on_change: reload"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}
