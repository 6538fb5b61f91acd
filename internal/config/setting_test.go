package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"concierge/internal/config"
)

func TestFlagsAndVariablesAreUnique(t *testing.T) {
	seen := map[string]string{"config": "the file", "config-inline": "the document", "template": "a template", "help": "help"}
	for _, s := range config.Settings() {
		if other, twice := seen[s.Flag]; twice {
			t.Errorf("%s and %s are both --%s", s.Path, other, s.Flag)
		}
		seen[s.Flag] = s.Path
		if s.Doc == "" {
			t.Errorf("%s has no description", s.Path)
		}
		if want := "CONCIERGE_" + strings.ToUpper(strings.ReplaceAll(s.Flag, "-", "_")); s.Env != want {
			t.Errorf("%s has the variable %s, want %s", s.Path, s.Env, want)
		}
	}
	for flag, path := range map[string]string{
		"consul-token-file": "sources.consul.token_file", "vault-address": "secrets.vault.address",
		"process-stop-timeout": "process.stop.timeout", "log-level": "log.level",
		"sources-default": "sources.default", "consul-tls-ca-file": "sources.consul.tls.ca_file",
	} {
		if seen[flag] != path {
			t.Errorf("--%s is %q, want %s", flag, seen[flag], path)
		}
	}
}

func TestEachLayerBeatsTheOnesBelow(t *testing.T) {
	dir := project(t, "c.yaml", "sources: {consul: {address: file}}")
	environ := []string{
		"CONSUL_HTTP_ADDR=tool",
		"CONCIERGE_CONFIG=" + dir + "/c.yaml",
		"CONCIERGE_CONFIG_INLINE=sources: {consul: {address: inline}}",
		"CONCIERGE_CONSUL_ADDRESS=variable",
	}
	flags := []config.Setting{{Path: "sources.consul.address", Value: "flag", Flag: "--consul-address"}}
	for _, step := range []struct {
		environ []string
		flags   []config.Setting
		want    string
	}{
		{environ[:1], nil, "tool"},
		{environ[:2], nil, "file"},
		{environ[:3], nil, "inline"},
		{environ[:4], nil, "variable"},
		{environ[:4], flags, "flag"},
		{[]string{"CONCIERGE_CONFIG_INLINE=sources: {consul: {}}"}, nil, "127.0.0.1:8500"},
	} {
		c := load(t, config.Options{Environ: step.environ, Flags: step.flags})
		if got := c.Sources.Consul.Address; got != step.want {
			t.Errorf("the address is %s, want %s", got, step.want)
		}
	}
}

func TestSettingsOutsideFilesTakeEveryKindOfValue(t *testing.T) {
	c := load(t, config.Options{
		Environ: []string{"CONCIERGE_ETCD_ENDPOINTS=a:1, b:2", "CONCIERGE_WAIT_MIN=3s", "CONCIERGE_SOURCES_DEFAULT=etcd",
			"CONCIERGE_CONSUL_TOKEN_FILE=rel/token", "CONCIERGE_LOG_LEVEL="},
		Flags: []config.Setting{
			{Path: "error_on_missing_key", Value: "true", Flag: "--error-on-missing-key"},
			{Path: "process.command", Value: "sh,-c", Flag: "--process-command"},
			{Path: "process.command", Value: "true", Flag: "--process-command"},
			{Path: "process.stop.signal", Value: "INT", Flag: "--process-stop-signal"},
			{Path: "sources.consul.token", Value: "s3cret", Flag: "--consul-token"},
		},
	})
	if got := strings.Join(c.Sources.Etcd.Endpoints, " "); got != "a:1 b:2" {
		t.Errorf("endpoints %q", got)
	}
	if got := strings.Join(c.Process.Command, " "); got != "sh -c true" {
		t.Errorf("command %q", got)
	}
	if c.Wait.Min != 3*time.Second || !c.ErrorOnMissingKey || c.Process.Stop.Signal.String() != "INT" || c.Log.Level != "info" {
		t.Errorf("wait %v, error_on_missing_key %v, signal %v, level %v", c.Wait, c.ErrorOnMissingKey, c.Process.Stop.Signal, c.Log.Level)
	}
	// The flag is above the variable, so the token takes the file's place.
	if c.Sources.Consul.TokenFile != "" || c.Sources.Consul.Token.Reveal() != "s3cret" {
		t.Errorf("token file %q beside the token of a flag", c.Sources.Consul.TokenFile)
	}
	if got := c.Where("sources.etcd.endpoints"); got != "CONCIERGE_ETCD_ENDPOINTS" {
		t.Errorf("the endpoints come from %q", got)
	}
}

func TestWrongSettingsOutsideFilesNameTheirPlace(t *testing.T) {
	_, err := config.Load(config.Options{
		Environ: []string{"CONCIERGE_LOG_LEVEL=loud", "CONCIERGE_CONFIG_INLINE=wait: {min: 0.5}"},
		Flags: []config.Setting{
			{Path: "process.stop.timeout", Value: "0", Flag: "--process-stop-timeout"},
			{Path: "sources.consul.adress", Value: "x", Flag: "--consul-adress"},
		},
	})
	want := `--process-stop-timeout: process.stop.timeout: "0" is zero, which would not mean never; write a long time such as 8760h for never, or remove the line for the default
--consul-adress: sources.consul.adress: is not a setting; did you mean sources.consul.address?
CONCIERGE_LOG_LEVEL: log.level: "loud" is not one of debug, info, warn, error
CONCIERGE_CONFIG_INLINE:1:13: wait.min: "0.5" is a duration without a unit; write 0.5s for seconds`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, ok := errors.AsType[config.Errors](err); !ok {
		t.Errorf("the error is a %T", err)
	}
}

func TestCommandLineReplacesTheCommand(t *testing.T) {
	dir := project(t, "c.yaml", "process: {command: [a, b], stop: {timeout: 1s}}")
	c := load(t, config.Options{Path: dir + "/c.yaml", Command: []string{"x"}, Running: true})
	if len(c.Process.Command) != 1 || c.Process.Command[0] != "x" || c.Process.Stop.Timeout != time.Second {
		t.Errorf("process %+v", c.Process)
	}
}

func TestWithoutAnythingTheFileSourceIsUsed(t *testing.T) {
	dir := project(t, "c/concierge.yaml", "log: {level: warn}")
	t.Chdir(dir)
	c := load(t, config.Options{})
	if c.Sources.Default != "file" || c.Sources.File.Path != "config" {
		t.Errorf("default %q, path %q", c.Sources.Default, c.Sources.File.Path)
	}
	t.Chdir(dir + "/c") // the file in the working directory is found
	if c := load(t, config.Options{}); c.Log.Level != "warn" {
		t.Errorf("level %q", c.Log.Level)
	}
	t.Chdir(dir)
	if c := load(t, config.Options{Path: "c/concierge.yaml"}); c.Sources.File.Path != "c/config" {
		t.Errorf("path %q, want it beside the configuration", c.Sources.File.Path)
	}
}

func TestTemplateFlagsAreAdded(t *testing.T) {
	dir := project(t, "a.ctmpl", "", "c.yaml", "templates: [{contents: x, destination: /tmp/x}]")
	tmpl, err := config.ParseTemplateFlag(dir + "/a.ctmpl:/tmp/y:nginx -s reload")
	if err != nil {
		t.Fatal(err)
	}
	c := load(t, config.Options{Path: dir + "/c.yaml", Templates: []config.Template{tmpl}})
	if len(c.Templates) != 2 || c.Templates[1].Write != "rename" || c.Templates[1].OnChange[0].Command.Timeout != 30*time.Second {
		t.Errorf("templates %+v", c.Templates)
	}
	tmpl.Source = dir + "/none"
	_, err = config.Load(config.Options{Templates: []config.Template{tmpl}})
	if err == nil || !strings.HasPrefix(err.Error(), "--template: templates[0].source: ") {
		t.Errorf("error %v", err)
	}
}

func TestTemplateFlagForms(t *testing.T) {
	for flag, want := range map[string][]string{
		"a:b":                        nil,
		"a:b:":                       nil,
		"a:b:nginx -s reload":        {"nginx", "-s", "reload"},
		"a:b:curl http://x:1/reload": {"curl", "http://x:1/reload"},
		"a:b:kill $(cat pid)":        {"sh", "-c", "kill $(cat pid)"},
		"a:b:A=1 cmd":                {"sh", "-c", "A=1 cmd"},
		"a:b:cmd --x=1":              {"cmd", "--x=1"},
	} {
		tmpl, err := config.ParseTemplateFlag(flag)
		if err != nil || tmpl.Source != "a" || tmpl.Destination != "b" {
			t.Errorf("%s: %+v, %v", flag, tmpl, err)
			continue
		}
		var got []string
		if tmpl.OnChange != nil {
			got = tmpl.OnChange[0].Command.Command
		}
		if strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%s: command %q, want %q", flag, got, want)
		}
	}
	for _, bad := range []string{"", "a", ":b", "a:", "a::cmd"} {
		if _, err := config.ParseTemplateFlag(bad); err == nil || !strings.Contains(err.Error(), "write source:destination") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
