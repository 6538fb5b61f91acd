package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Patterns of texts. They let pass what the decoder reads, as far as a pattern
// can say it.
const (
	durationPattern = `^([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*$`
	noTimePattern   = `^[^1-9]*$` // a duration without a digit other than zero
	modePattern     = `^(0o)?0?[0-7]{3}$`
	noModePattern   = `^[0o]*$`
	signalPattern   = `^(([Ss][Ii][Gg])?[A-Za-z][A-Za-z0-9]*|[1-9]|[1-5][0-9]|6[0-4])$`
	ownerPattern    = `^([^\s:/-][^\s:/]*)?$`
)

// schema is one node of a JSON Schema; a struct keeps the order of its keys.
type schema struct {
	Dialect     string      `json:"$schema,omitempty"`
	Title       string      `json:"title,omitempty"`
	Description string      `json:"description,omitempty"`
	Type        any         `json:"type,omitempty"` // a name or several
	Enum        []string    `json:"enum,omitempty"`
	Default     any         `json:"default,omitempty"`
	Pattern     string      `json:"pattern,omitempty"`
	Const       any         `json:"const,omitempty"`
	Minimum     int         `json:"minimum,omitempty"`
	Above       int         `json:"exclusiveMinimum,omitempty"`
	Maximum     int         `json:"maximum,omitempty"`
	MinItems    int         `json:"minItems,omitempty"`
	MinLength   int         `json:"minLength,omitempty"`
	AnyOf       []*schema   `json:"anyOf,omitempty"`
	First       []*schema   `json:"prefixItems,omitempty"`
	Items       *schema     `json:"items,omitempty"`
	Properties  *properties `json:"properties,omitempty"`
	Required    []string    `json:"required,omitempty"`
	Names       *schema     `json:"propertyNames,omitempty"`
	Additional  any         `json:"additionalProperties,omitempty"` // *bool or *schema
	Not         *schema     `json:"not,omitempty"`
}

// properties are written in the order of the struct fields.
type properties struct {
	names []string
	nodes []*schema
}

// MarshalJSON implements [json.Marshaler].
func (p *properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range p.names {
		if i > 0 {
			b.WriteByte(',')
		}
		node, err := json.Marshal(p.nodes[i])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", name, node)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Schema returns a JSON Schema (draft 2020-12) of the configuration file, for
// editors. It is derived from the same tags as the decoder; rules that join
// several settings are left to [Load].
func Schema() ([]byte, error) {
	root := objectSchema(reflect.TypeFor[Config]())
	root.Dialect = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "Configuration of concierge"
	root.Type = "object"
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("writing schema: %w", err)
	}
	return out.Bytes(), nil
}

func objectSchema(t reflect.Type) *schema {
	// A section may be left empty: "consul:" stands for consul with its
	// defaults.
	s := &schema{Type: []string{"object", "null"}, Properties: new(properties), Additional: new(false)}
	for _, f := range fieldsOf(t) {
		s.Properties.names = append(s.Properties.names, f.name)
		s.Properties.nodes = append(s.Properties.nodes, fieldSchema(pointed(t.FieldByIndex(f.index).Type), f))
		if f.required {
			s.Required = append(s.Required, f.name)
			s.Type = "object"
		}
		for _, other := range []string{f.either, f.without} {
			if other != "" {
				both := &schema{Type: "object", Required: []string{other, f.name}}
				s.Not = &schema{AnyOf: append(s.nots(), both)}
			}
		}
		if f.choice {
			s.Type = "object"
			s.AnyOf = []*schema{{Required: []string{f.either}}, {Required: []string{f.name}}}
		}
	}
	return s
}

// nots returns the pairs of settings that are refused so far.
func (s *schema) nots() []*schema {
	if s.Not == nil {
		return nil
	}
	return s.Not.AnyOf
}

func fieldSchema(t reflect.Type, f field) *schema {
	s := typeSchema(t, f)
	s.Description = f.doc
	if f.fallback == "" {
		return s
	}
	switch {
	case t.Kind() == reflect.Bool:
		s.Default = f.fallback == "true"
	case t.Kind() == reflect.Slice:
		s.Default = strings.Split(f.fallback, ",")
	default:
		s.Default = f.fallback
	}
	return s
}

func typeSchema(t reflect.Type, f field) *schema {
	switch t {
	case durationType:
		return durationSchema(f)
	case modeType:
		return &schema{AnyOf: []*schema{
			{Type: "string", Pattern: modePattern, Not: &schema{Pattern: noModePattern}},
			// An editor that reads YAML sees 0640 as a number.
			{Type: "integer", Minimum: 1, Maximum: 0o777},
		}}
	case signalType:
		return &schema{AnyOf: []*schema{{Type: "string", Pattern: signalPattern}, {Type: "integer", Minimum: 1, Maximum: 64}}}
	case actionType:
		return &schema{AnyOf: actionSchemas()}
	case actionsType:
		list := &schema{Type: "array", Items: &schema{AnyOf: actionSchemas()}, MinItems: 1}
		return &schema{AnyOf: append(actionSchemas(), list)}
	case prefixType:
		return &schema{AnyOf: []*schema{{Type: "string", MinLength: 1}, objectSchema(t)}}
	case textType:
		return &schema{Type: "string"}
	}
	switch {
	case t.Kind() == reflect.Bool:
		return &schema{Type: "boolean"}
	case t.Kind() == reflect.Int && f.count:
		return &schema{Type: "integer", Minimum: 1}
	case t.Kind() == reflect.Int:
		return &schema{Type: "integer", Above: -1}
	case t.Kind() == reflect.Slice:
		return listSchema(t, f)
	case t.Kind() == reflect.Struct:
		return objectSchema(t)
	case t.Kind() == reflect.Map:
		return tableSchema(t, f)
	case f.owner:
		return &schema{Type: []string{"string", "number", "boolean"}, Pattern: ownerPattern, Above: -1, Maximum: maxID}
	case f.loose:
		return &schema{Type: []string{"string", "number", "boolean"}, Pattern: f.pattern}
	}
	return &schema{Type: "string", Enum: f.enum, Pattern: f.pattern}
}

// actionSchemas are the short and the long form of an action.
func actionSchemas() []*schema {
	long := objectSchema(reflect.TypeFor[actionMapping]())
	long.Type = "object"
	long.AnyOf = append(long.AnyOf, &schema{Required: []string{"job"}})
	return []*schema{{Type: "string", Enum: actionWords}, long}
}

func durationSchema(f field) *schema {
	text := &schema{Type: "string", Pattern: durationPattern}
	if !f.zero {
		text.Not = &schema{Pattern: noTimePattern}
		return text
	}
	return &schema{AnyOf: []*schema{text, {Enum: []string{"0"}}, {Const: 0}}}
}

func listSchema(t reflect.Type, f field) *schema {
	s := &schema{Type: "array", Items: typeSchema(pointed(t.Elem()), f)}
	if f.some || f.program {
		s.MinItems = 1
	}
	if f.program {
		s.First = []*schema{{Type: "string", Pattern: `\S`}}
	}
	return s
}
