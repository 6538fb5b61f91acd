package agent

import (
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
		vars prefixVars
		want []string
	}{
		{prefixVars{query: query, upcase: true, sanitize: true}, []string{"DB_HOST_NAME=x", "LOG_LEVEL=de=bug\nly"}},
		{prefixVars{query: query, prefix: "APP_"}, []string{"APP_db/host-name=x", "APP_log.level=de=bug\nly"}},
	} {
		result, err := c.vars.Execute(lookup)
		if err != nil || len(result.Missing) > 0 || !result.Tainted {
			t.Fatalf("%+v, %v", result, err)
		}
		u := &unit{result: result}
		if got := u.vars(); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if result, _ := (prefixVars{query: query}).Execute(sources.Snapshot{}); len(result.Missing) != 1 {
		t.Error("an unanswered prefix does not hold back the process")
	}
}
