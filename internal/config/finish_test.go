package config_test

import (
	"strings"
	"testing"

	"concierge/internal/config"
)

// foreign is a configuration as the reader of another program's files makes it.
func foreign(templates ...config.Template) *config.Config {
	return &config.Config{
		Sources:    config.Sources{Default: "consul", Consul: &config.Consul{}},
		PlainPaths: true, SharedDestinations: true, Templates: templates,
	}
}

func TestFinishCompletesAConfiguration(t *testing.T) {
	c := foreign(config.Template{Contents: "x", Destination: "a"}, config.Template{Contents: "y", Destination: "a"})
	if err := config.Finish(c, nil, true); err != nil {
		t.Fatal(err)
	}
	if c.Sources.Consul.Address != "127.0.0.1:8500" || c.Templates[1].Delimiters.Left != "{{" || c.Templates[0].OnChange[0].Kind != config.ActionNone {
		t.Errorf("finished %+v", c)
	}
}

func TestFinishNamesThePlacesItWasGiven(t *testing.T) {
	c := foreign(config.Template{Source: "/nowhere/x", Destination: "a"}, config.Template{Contents: "x"})
	err := config.Finish(c, config.Origins{"templates[0].source": "app.hcl:3:5", "templates[1]": "app.hcl:7:1"}, true)
	want := `app.hcl:3:5: templates[0].source: "/nowhere/x" cannot be read: no such file or directory; check the path, which starts at the working directory, and its permissions
app.hcl:7:1: templates[1]: has no destination; add destination, the path of the file to write`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestADryRunNeedsNoDestination(t *testing.T) {
	c := foreign(config.Template{Contents: "x"})
	c.DryRun = true
	if err := config.Finish(c, nil, true); err != nil {
		t.Error(err)
	}
}

func TestVariablesFromSecretsAndServicesHaveDefaults(t *testing.T) {
	c := load(t, config.Options{Environ: []string{"CONCIERGE_CONFIG_INLINE=env_secret: [{path: a}]\nenv_service: [{query: web}]\nprocess: {command: [a]}"}})
	if !*c.EnvSecret[0].Upcase || c.EnvSecret[0].NoPrefix || !*c.EnvService[0].Sanitize {
		t.Errorf("defaults are %+v, %+v", c.EnvSecret[0], c.EnvService[0])
	}
	text, err := c.YAML()
	if err != nil || !strings.Contains(string(text), "env_secret:\n  - path: a\n") {
		t.Errorf("%v\n%s", err, text)
	}
}
