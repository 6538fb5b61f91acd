package agent

import (
	"encoding/json"
	"slices"
	"testing"

	"concierge/internal/config"
	"concierge/sources"
)

func TestInheritedEnvironmentIsFiltered(t *testing.T) {
	own := []string{"PATH=/bin", "APP_A=1", "APP_TOKEN=2", "VAULT_TOKEN=3", "HOME=/"}
	for name, c := range map[string]struct {
		filter config.Environment
		want   []string
	}{
		"default hides own credentials": {config.Environment{}, []string{"PATH=/bin", "APP_A=1", "APP_TOKEN=2", "HOME=/"}},
		"pristine":                      {config.Environment{Pristine: true}, nil},
		"allow and deny":                {config.Environment{Allow: []string{"APP_*"}, Deny: []string{"*_TOKEN"}}, []string{"APP_A=1"}},
		"a glob is not asking for it":   {config.Environment{Allow: []string{"*"}}, []string{"PATH=/bin", "APP_A=1", "APP_TOKEN=2", "HOME=/"}},
		"named exactly":                 {config.Environment{Allow: []string{"VAULT_TOKEN", "HOME"}}, []string{"VAULT_TOKEN=3", "HOME=/"}},
	} {
		if got := inherit(own, c.filter); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestLaterVariablesWin(t *testing.T) {
	got := overlay([]string{"A=1", "B=1"}, "B=2", "C=2", "B=3")
	if want := []string{"A=1", "B=3", "C=2"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestPrefixBecomesVariables(t *testing.T) {
	query := sources.Query{Source: "consul", Kind: sources.Tree, Path: "app/env"}
	pairs := sources.Pairs{
		{Path: "app/env/"}, {Path: "app/env/db/host-name", Value: "x"}, {Path: "app/env/log.level", Value: "de=bug\nly"}, {Path: "app/env/sub/"},
	}
	lookup := sources.Snapshot{}
	lookup, _ = lookup.With(map[sources.Query]sources.Value{query: {Exists: true, Data: pairs, Tainted: true}})
	for _, c := range []struct {
		setting config.EnvPrefix
		want    []string
	}{
		{config.EnvPrefix{NoPrefix: new(true), Upcase: new(true), Sanitize: new(true)}, []string{"DB_HOST_NAME=x", "LOG_LEVEL=de=bug\nly"}},
		{config.EnvPrefix{NoPrefix: new(true), Upcase: new(false), Sanitize: new(false), Prefix: "APP_"}, []string{"APP_db/host-name=x", "APP_log.level=de=bug\nly"}},
		{config.EnvPrefix{NoPrefix: new(false), Upcase: new(false), Sanitize: new(true)}, []string{"app_env_db_host_name=x", "app_env_log_level=de=bug\nly"}},
		{config.EnvPrefix{NoPrefix: new(true), Upcase: new(true), Sanitize: new(true), Format: `x.{{ key | replaceKey "db" "database" }}`},
			[]string{"X_DATABASE_HOST_NAME=x", "X_LOG_LEVEL=de=bug\nly"}},
	} {
		vars, err := newPrefixVars(query, c.setting)
		if err != nil {
			t.Fatal(err)
		}
		result, err := vars.Execute(lookup)
		if err != nil || len(result.Missing) > 0 || !result.Tainted {
			t.Fatalf("%+v, %v", result, err)
		}
		u := &unit{result: result}
		if got := u.vars(); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if result, _ := (&prefixVars{query: query}).Execute(sources.Snapshot{}); len(result.Missing) != 1 {
		t.Error("an unanswered prefix does not hold back the process")
	}
}

func TestSecretBecomesVariables(t *testing.T) {
	query := sources.Query{Source: "vault", Kind: sources.Secret, Path: "secret/app"}
	inner := map[string]any{"pass-word": "pw", "port": json.Number("80"), "on": true, "list": []any{"x"}, "": "y"}
	lookup := sources.Snapshot{}
	lookup, _ = lookup.With(map[sources.Query]sources.Value{query: {Exists: true, Tainted: true, Data: &sources.SecretData{
		Data: map[string]any{"data": inner, "metadata": map[string]any{"version": json.Number("1")}},
	}}})
	for _, c := range []struct {
		setting config.EnvSecret
		want    []string
	}{
		{config.EnvSecret{}, []string{"SECRET_APP_ON=true", "SECRET_APP_PASS_WORD=pw", "SECRET_APP_PORT=80"}},
		{config.EnvSecret{NoPrefix: true, Format: "a_{{ key }}"}, []string{"A_ON=true", "A_PASS_WORD=pw", "A_PORT=80"}},
		{config.EnvSecret{NoPrefix: true, Keys: []config.EnvSecretKey{{Name: "port"}, {Name: "port", Format: "{{ key }}2"}}}, []string{"PORT=80", "PORT2=80"}},
	} {
		c.setting.Upcase, c.setting.Sanitize = new(true), new(true)
		vars, err := newSecretVars(query, c.setting)
		if err != nil {
			t.Fatal(err)
		}
		result, err := vars.Execute(lookup)
		if err != nil || !result.Tainted {
			t.Fatalf("%+v, %v", result, err)
		}
		if got := (&unit{result: result}).vars(); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestServiceBecomesVariables(t *testing.T) {
	query := sources.Query{Source: "consul", Kind: sources.Service, Path: "web", Options: sources.Options{Params: "filter=any"}.Handle()}
	lookup := sources.Snapshot{}
	lookup, _ = lookup.With(map[sources.Query]sources.Value{query: {Exists: true, Data: sources.HealthServices{
		{ID: "web1", Name: "web", Address: "10.0.0.1", NodeAddress: "10.0.0.1", Port: 80, Tags: sources.ServiceTags{"a", "b"}},
	}}})
	vars, err := newServiceVars(query, config.EnvService{FormatPort: "{{ service }}_{{ key }}_number", Upcase: new(true), Sanitize: new(false)})
	if err != nil {
		t.Fatal(err)
	}
	result, err := vars.Execute(lookup)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"WEB/ID=web1", "WEB/NAME=web", "WEB/ADDRESS=", "WEB/TAG=a,b", "WEB_PORT_NUMBER=80"}
	if got := (&unit{result: result}).vars(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
