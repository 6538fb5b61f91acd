package main

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryCommandHasAHelpPageWithTwoExamples(t *testing.T) {
	for _, c := range commands() {
		if len(c.examples) < 2 || c.summary == "" {
			t.Errorf("%s: %d examples, summary %q", c.name, len(c.examples), c.summary)
		}
		var page strings.Builder
		writeHelp(&page, c)
		for _, e := range c.examples {
			if !strings.Contains(page.String(), e.line) {
				t.Errorf("%s: the page does not show %q", c.name, e.line)
			}
		}
	}
}

func TestWordsAreCompleted(t *testing.T) {
	for line, want := range map[string][]string{
		"":                             {"completion", "convert", "ctl", "explain", "functions", "health", "help", "hold", "kv", "metrics", "push", "render", "rollout", "run", "schema", "status", "unhold", "validate", "version", "want"},
		"k":                            {"kv"},
		"kv ":                          {"get", "ls", "put", "rm"},
		"kv p":                         {"put"},
		"ctl s":                        {"signal", "status"},
		"ctl maintenance ":             {"off", "on"},
		"ctl signal pro":               {"process"},
		"ctl signal process US":        {"USR1", "USR2"},
		"ctl signal process HUP ":      {},
		"ctl log-level --timeout 1s d": {"debug"},
		"render --d":                   {"--delimiters-left", "--delimiters-right", "--diff", "--dry-run"},
		"run --consul-addr":            {"--consul-address"},
		"run --config x.yaml --":       nil, // only checked for being long
		"run --log-level ":             {"debug", "error", "info", "warn"},
		"run --log-level de":           {"debug"},
		"run -log-level=de":            {"-log-level=debug"}, // zsh, fish
		"run --log-level =":            {"debug", "error", "info", "warn"},
		"run --log-level = de":         {"debug"}, // bash
		"run --fail-on-missing=":       {"--fail-on-missing=false", "--fail-on-missing=true"},
		"run --fail-on-missing ":       {},
		"run --config ":                {}, // files are left to the shell
		"run -- nginx --":              {},
	} {
		got := complete(strings.Split(line, " "))
		if want == nil && len(got) < 40 || want != nil && !slices.Equal(got, want) {
			t.Errorf("%q completes to %v, want %v", line, got, want)
		}
	}
}
