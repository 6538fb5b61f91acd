package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"

	"concierge/secrets"
)

// YAML returns the configuration as a document that [Load] reads again, with
// every default written out and every secret redacted.
func (c *Config) YAML() ([]byte, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(nodeOf(reflect.ValueOf(c).Elem())); err != nil {
		return nil, fmt.Errorf("writing configuration: %w", err)
	}
	return out.Bytes(), enc.Close()
}

// MarshalYAML implements yaml.Marshaler, without secrets.
func (c *Config) MarshalYAML() (any, error) { return nodeOf(reflect.ValueOf(c).Elem()), nil }

// MarshalJSON implements [json.Marshaler] with the names of the YAML form and
// without secrets.
func (c *Config) MarshalJSON() ([]byte, error) {
	var plain any
	if err := nodeOf(reflect.ValueOf(c).Elem()).Decode(&plain); err != nil {
		return nil, fmt.Errorf("writing configuration: %w", err)
	}
	return json.Marshal(plain)
}

// nodeOf returns the YAML form of a value; nil when nothing is set.
func nodeOf(v reflect.Value) *yaml.Node {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case Action:
		return x.node()
	case Actions:
		if len(x) == 1 {
			return x[0].node()
		}
	case fs.FileMode:
		return textNode(v.IsZero(), fmt.Sprintf("%04o", x.Perm()), yaml.DoubleQuotedStyle)
	case secrets.Text:
		return textNode(x.Empty(), x.String(), 0)
	case fmt.Stringer: // durations and signals
		return textNode(v.IsZero(), x.String(), 0)
	}
	switch v.Kind() {
	case reflect.Slice:
		return listNode(v)
	case reflect.Struct:
		return structNode(v)
	case reflect.Map:
		return tableNode(v)
	case reflect.String:
		return textNode(v.IsZero(), v.String(), 0)
	}
	n := new(yaml.Node)
	_ = n.Encode(v.Interface()) // a bool or a number
	return n
}

func textNode(absent bool, text string, style yaml.Style) *yaml.Node {
	if absent {
		return nil
	}
	n := new(yaml.Node)
	n.SetString(text)
	n.Style |= style
	return n
}

func listNode(v reflect.Value) *yaml.Node {
	if v.IsNil() {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for i := range v.Len() {
		item := nodeOf(v.Index(i))
		if item == nil {
			item = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle}
		}
		n.Content = append(n.Content, item)
	}
	return n
}

func structNode(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, f := range fieldsOf(v.Type()) {
		child := nodeOf(v.FieldByIndex(f.index))
		if child == nil && (f.required || f.blank && alternative(v, f).IsZero()) {
			child = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle}
		}
		empty := child != nil && child.Kind == yaml.MappingNode && len(child.Content) == 0
		if child == nil || empty && v.FieldByIndex(f.index).Kind() != reflect.Pointer {
			continue
		}
		key := new(yaml.Node)
		key.SetString(f.name)
		n.Content = append(n.Content, key, child)
	}
	return n
}

// alternative returns the setting that excludes f.
func alternative(v reflect.Value, f field) reflect.Value {
	fields := fieldsOf(v.Type())
	return v.FieldByIndex(fields[slices.IndexFunc(fields, func(o field) bool { return o.name == f.either })].index)
}

func (a Action) node() *yaml.Node {
	switch a.Kind {
	case ActionSignal:
		return structNode(reflect.ValueOf(actionMapping{Signal: a.Signal, Job: a.Job}))
	case ActionRestart:
		if a.Job != "" {
			return structNode(reflect.ValueOf(actionMapping{Job: a.Job}))
		}
	case ActionCommand:
		return structNode(reflect.ValueOf(actionMapping{
			Command: a.Command.Command, Timeout: a.Command.Timeout, Background: a.Command.Background, Environment: a.Command.Environment,
		}))
	}
	return textNode(a.Kind == "", string(a.Kind), 0)
}
