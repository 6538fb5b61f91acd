package config_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"concierge/internal/config"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares text with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run go test -update and look at the change\ngot:\n%s", path, got)
	}
}

func TestSchemaFileIsCurrent(t *testing.T) {
	got, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.json", got)
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func instance(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSchemaAcceptsWhatLoadReads(t *testing.T) {
	s := compiled(t)
	for _, text := range []string{full, "{}", "sources: {consul: }", "process: {command: [x], stop: {signal: 15}}"} {
		if err := s.Validate(instance(t, text)); err != nil {
			t.Errorf("the schema refuses\n%s\n%v", text, err)
		}
	}
}

func TestSchemaRefusesWhatItCanSay(t *testing.T) {
	s := compiled(t)
	for _, text := range []string{
		"logs: {}",
		"log: {level: verbose}",
		"wait: {min: 10}",
		"wait: {min: 10 s}",
		"sources: {consul: {token: t, token_file: f}}",
		"sources: {etcd: {endpoints: a}}",
		"templates: [{source: a}]",
		"templates: [{source: a, contents: b, destination: c}]",
		"templates: [{source: a, destination: b, mode: rw}]",
		"templates: [{source: a, destination: b, on_change: explode}]",
		"templates: [{source: a, destination: b, on_change: {signal: HUP, command: [x]}}]",
		"env: [{name: A}]",
		"env_prefix: ['']",
		"process: {stop: {signal: '?'}}",
	} {
		if s.Validate(instance(t, text)) == nil {
			t.Errorf("the schema accepts %s", text)
		}
	}
}

// What one of the two refuses, the other must refuse as well.
func TestSchemaAndLoadRefuseTheSame(t *testing.T) {
	s := compiled(t)
	const template = "templates: [{contents: a, destination: b, "
	for _, text := range []string{
		template + "on_change: {}}]",
		template + "on_change: {signal: HUP, timeout: 1s}}]\nprocess: {}",
		template + "on_change: {command: []}}]",
		template + "check: {}}]",
		template + "check: {command: [' ']}}]",
		template + "mode: '0000'}]",
		template + "mode: '00644'}]",
		template + "backup: 'true'}]",
		template + "user: -1}]",
		template + "group: 4294967295}]",
		template + "group: 'a:b'}]",
		template + "set: a b}]",
		template + "format: text}]",
		template + "guard: {require: ['']}}]",
		template + "guard: {nonempty: ['']}}]",
		template + "guard: {min_keys: [{count: 1}]}}]",
		template + "guard: {min_keys: [{prefix: '', count: 1}]}}]",
		template + "guard: {max_shrink: 100%}}]",
		template + "guard: {max_shrink: 50}}]",
		"templates: [{destination: b}]",
		"templates: [{source: schema.json, contents: a, destination: b}]",
		"templates: [{contents: a, destination: ''}]",
		"templates: [{contents: a, destination: b/}]",
		"env: [{name: A B, value: x}]",
		"env_prefix: [{path: ''}]",
		"env_prefix: [{path: a, prefix: '-'}]",
		"process: {command: []}",
		"process: {command: [a], reload: {}}",
		"process: {command: [a], reload: {signal: HUP, timeout: 1s}}",
		"process: {command: [a], stop: {timeout: 0s}}",
		"process: {command: [a], stop: {timeout: +1s}}",
		"process: {command: [a], stop: {signal: '01'}}",
		"process: {command: [a], environment: {deny: ['']}}",
		"process: {command: [a], health: {tcp: 'a:1', failures: 0}}",
		"process: {command: [a], health: {tcp: 'a:1', interval: 0s}}",
		"process: {command: [a], umask: '999'}",
		"process: {command: [a], restart: {policy: sometimes}}",
		"jobs: {'a b': {command: [a]}}",
		"jobs: {a: {command: [a], type: cron}}",
		"jobs: {a: {command: [a], depends_on: {b: up}}}",
		"sources: {etcd: {endpoints: []}}",
		"sources: {etcd: {endpoints: ['']}}",
		"sources: {etcd: {endpoints: ['u:p@h']}}",
		"sources: {consul: {tls: {insecure_skip_verify: 'true'}}}",
	} {
		if s.Validate(instance(t, text)) == nil {
			t.Errorf("the schema accepts %s", text)
		}
		if _, err := config.Load(config.Options{Environ: []string{"CONCIERGE_CONFIG_INLINE=" + text}}); err == nil {
			t.Errorf("Load accepts %s", text)
		}
	}
}

// The schema must never be stricter than the program: an editor that marks a
// good file as wrong is switched off.
func TestSchemaRefusesNothingThatLoadAccepts(t *testing.T) {
	s := compiled(t)
	files, err := filepath.Glob("testdata/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no good fixtures: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		load(t, config.Options{Path: name})
		if len(strings.TrimSpace(string(text))) == 0 {
			continue
		}
		if err := s.Validate(instance(t, string(text))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
