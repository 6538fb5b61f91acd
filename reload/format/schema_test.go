package format_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/reload/format"
)

const portSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object", "required": ["port"], "additionalProperties": false,
  "properties": {
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "name": {"$ref": "name.json#/$defs/name"},
    "when": {"type": "string"}, "1": {"type": "string"}, "list": {"type": "array", "items": {"type": "object"}}
  }
}`

func schema(t testing.TB, text string) (*format.Schema, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"schema.json": text, "name.json": `{"$defs": {"name": {"type": "string", "pattern": "^[a-z]+$"}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return format.ReadSchema(filepath.Join(dir, "schema.json"))
}

func TestSchemaHoldsInEveryFormat(t *testing.T) {
	s, err := schema(t, portSchema)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		format     format.Format
		text, want string // empty: accepted
	}{
		{format.JSON, `{"port": 80, "name": "web"}`, ""},
		{format.YAML, "port: 80\nwhen: 2026-01-02\n1: x\nlist: [{a: {2: b}}]\n---\nport: 81\n", ""},
		{format.YAML, "", ""},
		{format.TOML, "port = 80\nwhen = 2026-01-02\n[[list]]\na = 1\n", ""},
		{format.JSON, `{"port": "secret"}`, "not valid json: the rule /properties/port/type of the schema is not kept"},
		{format.YAML, "port: 80\n---\nport: 0\n", "not valid yaml: the rule /properties/port/minimum of the schema is not kept"},
		{format.YAML, "port: .nan\n", "not valid yaml: a number that JSON does not have (infinite, or none)"},
		{format.TOML, "port = 80\nname = 'Secret'\n", "not valid toml: the rule /$defs/name/pattern of the schema is not kept"},
		{format.JSON, `{"name": "web"}`, "not valid json: the rule /required of the schema is not kept"},
		{format.JSON, `{"port": 1, "secret": 2}`, "not valid json: the rule /additionalProperties of the schema is not kept"},
		{format.JSON, `{"port": `, "not valid json, line 1, column 10: it ends too early"},
		{format.XML, `<a/>`, "not valid xml: has no JSON Schema"},
	} {
		err := s.Check(c.format, []byte(c.text))
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%q:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestSchemaLoadsNothingFromElsewhere(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"http":       {`{"$ref": "http://127.0.0.1:1/schema.json"}`, "http"},
		"https":      {`{"properties": {"a": {"$ref": "https://127.0.0.1:1/a#/b"}}}`, "https"},
		"not there":  {`{"$ref": "other.json"}`, "other.json"},
		"no JSON":    {`{"type": `, "schema.json"},
		"no schema":  {`{"type": "number-ish"}`, "schema.json"},
		"bad regexp": {`{"pattern": "("}`, "schema.json"},
	} {
		if _, err := schema(t, c.text); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzSchema(f *testing.F) {
	s, err := schema(f, portSchema)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("json", `{"port": 80, "name": "web"}`)
	f.Add("yaml", "port: !!binary aGk=\nwhen: 2026-01-02\n&a b: [*a, .inf]\n")
	f.Add("toml", "port = nan\nwhen = 07:32:00\n")
	f.Fuzz(func(t *testing.T, name, text string) {
		if err := s.Check(format.Format(name), []byte(text)); err != nil && format.Format(name).HasSchema() {
			quotesNothing(t, err, text)
		}
	})
}
