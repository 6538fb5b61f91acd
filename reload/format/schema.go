package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"gopkg.in/yaml.v3"
)

// Schema is a JSON Schema that texts are held against. It may be used
// concurrently.
type Schema struct{ compiled *jsonschema.Schema }

// ReadSchema reads a schema and the local files that it refers to. The draft is
// the one it names with $schema, or 2020-12. A reference to another machine is
// an error: nothing is loaded from there.
func ReadSchema(path string) (*Schema, error) {
	compiled, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		return nil, fmt.Errorf("reading JSON Schema %s: %w", path, err)
	}
	return &Schema{compiled}, nil
}

// HasSchema reports whether texts of the format can be held against a schema.
func (f Format) HasSchema() bool { return f == JSON || f == YAML || f == TOML }

// Check returns an [*Error] if a text of the format, or one document of it,
// does not keep the schema.
func (s *Schema) Check(f Format, text []byte) error {
	docs, e := documents(f, text)
	for _, doc := range docs {
		if e != nil {
			break
		}
		e = s.hold(doc)
	}
	if e != nil {
		e.Format = f
		return e
	}
	return nil
}

// documents returns the values in a text as JSON has them.
func documents(f Format, text []byte) ([]any, *Error) {
	var docs []any
	var e *Error
	switch f {
	case JSON:
		if e := checkJSON(text); e != nil {
			return nil, e
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, jsonError(text, err)
		}
		return []any{doc}, nil
	case TOML:
		var doc map[string]any
		doc, e = readTOML(text)
		docs = []any{doc}
	case YAML:
		docs, e = readYAML(text)
	default:
		return nil, &Error{Kind: "has no JSON Schema"}
	}
	for i := range docs {
		if e == nil {
			docs[i], e = plain(docs[i])
		}
	}
	return docs, e
}

func readYAML(text []byte) ([]any, *Error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var docs []any
	for {
		var doc any
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, yamlError(err)
		}
		docs = append(docs, doc)
	}
}

// plain turns what YAML and TOML have besides JSON into what people write for
// it there: times and keys that are no texts become texts.
func plain(v any) (any, *Error) {
	switch v := v.(type) {
	case map[string]any:
		return plainMap(v)
	case map[any]any:
		return plainMap(v)
	case []map[string]any: // TOML's arrays of tables
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return plain(list)
	case []any:
		return plainList(v)
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, &Error{Kind: "a number that JSON does not have (infinite, or none)"}
		}
	}
	return v, nil
}

func plainMap[K comparable](m map[K]any) (any, *Error) {
	object := make(map[string]any, len(m))
	for k, v := range m {
		value, e := plain(v)
		if e != nil {
			return nil, e
		}
		object[fmt.Sprint(k)] = value
	}
	return object, nil
}

func plainList(items []any) (any, *Error) {
	list := make([]any, len(items))
	for i, item := range items {
		var e *Error
		if list[i], e = plain(item); e != nil {
			return nil, e
		}
	}
	return list, nil
}

// hold returns the first rule of the schema that is not kept.
func (s *Schema) hold(doc any) *Error {
	err := s.compiled.Validate(doc)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return &Error{Kind: "cannot be held against the schema", Detail: err.Error()}
	}
	for len(broken.Causes) > 0 {
		broken = broken.Causes[0]
	}
	_, rule, _ := strings.Cut(broken.SchemaURL, "#")
	for _, word := range broken.ErrorKind.KeywordPath() {
		rule += "/" + word
	}
	where := "/" + strings.Join(broken.InstanceLocation, "/")
	return &Error{
		Kind:   "the rule " + rule + " of the schema is not kept",
		Detail: "at " + where + ": " + broken.ErrorKind.LocalizedString(message.NewPrinter(language.English)),
	}
}
