package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/render"
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
	part(t, "templates.md", "functions", functionsTable())
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

func functionsTable() string {
	var b strings.Builder
	group := ""
	for _, f := range render.Functions() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n### %s\n\n| function | meaning | example |\n|---|---|---|\n", group)
		}
		example := code(f.Example)
		if f.Output != "" {
			example += " gives " + code(f.Output)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", code(strings.TrimSpace(f.Name+" "+f.Args)), escape(f.Doc), example)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(escape(s), "\n", "⏎") + "`"
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
