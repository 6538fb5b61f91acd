package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/metrics/telemetry"
	"concierge/render"
	"concierge/render/funcs"
)

// TestDocumentsSayWhatTheBinaryDoes compares the generated parts of the
// documents with the tables they come from; -update writes them.
func TestDocumentsSayWhatTheBinaryDoes(t *testing.T) {
	schema, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	whole(t, "concierge.schema.json", string(schema))
	part(t, "process.md", "exit table", exitTable())
	part(t, "configuration.md", "settings", settingsTable())
	part(t, "supervision.md", "requirements", requirementsTable())
	part(t, "metrics.md", "own metrics", metricsTable())
	whole(t, "functions.md", functionsPage())
}

func metricsTable() string {
	var b strings.Builder
	b.WriteString("| name | type | labels | meaning |\n|---|---|---|---|\n")
	for _, m := range telemetry.Metrics() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, m.Type, strings.Join(m.Labels, ", "), escape(m.Help))
	}
	return b.String()
}

func exitTable() string {
	var b strings.Builder
	b.WriteString("| status | meaning |\n|---|---|\n")
	for _, row := range exit.Table() {
		fmt.Fprintf(&b, "| %d | %s |\n", row.Code, row.Meaning)
	}
	return b.String()
}

func settingsTable() string {
	var b strings.Builder
	b.WriteString("| key | flag and variable | default | meaning |\n|---|---|---|---|\n")
	for _, s := range config.Settings() {
		text := s.Doc
		if len(s.Enum) > 0 {
			text += " One of " + strings.Join(s.Enum, ", ") + "."
		}
		fmt.Fprintf(&b, "| `%s` | `--%s` `%s` | %s | %s |\n", s.Path, s.Flag, s.Env, code(s.Default), escape(text))
	}
	return b.String()
}

// functionsIntro begins the function reference.
const functionsIntro = `# Template functions

` + "`concierge functions NAME`" + ` shows the same. Names in brackets are optional arguments, and ` + "`...`" + ` stands for any number of
them. The piped value is the last argument: ` + "`3 | subtract 1`" + ` is 2. Besides these there are
[Go's own functions](https://pkg.go.dev/text/template#hdr-Functions). The functions of
[sprig](https://masterminds.github.io/sprig/) are also there without their prefix, where no other function has the name.
How templates behave is in [templates.md](templates.md).
` + "`service` and `services`" + ` also work on etcd, for instances that announce themselves there ([discovery.md](discovery.md)).
`

func functionsPage() string {
	var table strings.Builder
	var groups []string
	for _, f := range render.Functions() {
		if !slices.Contains(groups, f.Group) {
			groups = append(groups, f.Group)
			fmt.Fprintf(&table, "\n## %s\n\n| function | meaning | example |\n|---|---|---|\n", f.Group)
		}
		fmt.Fprintf(&table, "| %s | %s | %s |\n", code(strings.TrimSpace(f.Name+" "+f.Args)), escape(f.Doc), functionExample(f))
	}
	for i, g := range groups {
		anchor := strings.ReplaceAll(strings.ToLower(g), " ", "-")
		groups[i] = fmt.Sprintf("[%s](#%s)", g, anchor)
	}
	return functionsIntro + "\n" + strings.Join(groups, " · ") + "\n" + table.String()
}

func functionExample(f funcs.Func) string {
	if f.Output == "" {
		return code(f.Example)
	}
	return code(f.Example) + " gives " + code(f.Output)
}

func code(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(escape(s), "\n", "⏎")
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

func escape(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// part compares what stands between <!-- NAME --> and <!-- end -->.
func part(t *testing.T, file, name, want string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", file)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no part %q", file, name)
	}
	whole(t, file, before+begin+want+end+after)
}

func whole(t *testing.T, file, want string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", file)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, []byte(want)) {
		t.Errorf("docs/%s is not what the tables say (%v): run go test ./cmd/concierge -update", file, err)
	}
}
