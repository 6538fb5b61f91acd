package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// A table is a mapping whose keys are names that the user gives: of jobs, of
// sets. Its values are single values or pointers to sections.

// tableName is what names in tables look like. They have no dot, because paths
// of settings are joined by dots; those of sets may.
var tableName = regexp.MustCompile(tableNamePattern)

const tableNamePattern = `^[A-Za-z0-9_][A-Za-z0-9._-]*$`

// table reads a table. That of a higher layer replaces that of a lower one.
func (d *decoder) table(n *yaml.Node, v reflect.Value, f field, path string) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "", "is "+describe(n)+", not a mapping", "write name: value lines below it")
		return
	}
	maps.DeleteFunc(d.origins, func(p string, _ Origin) bool { return strings.HasPrefix(p, path+".") })
	v.Set(reflect.MakeMap(v.Type()))
	for _, e := range d.entries(n, path) {
		if !tableName.MatchString(e.key.Value) {
			d.fail(e.key, path, e.key.Value, "is not a name", "use letters, digits, dots, dashes and underscores")
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(e.value, item, f, joinPath(path, e.key.Value))
		v.SetMapIndex(reflect.ValueOf(e.key.Value), item)
	}
}

// namesOf returns the names of a table in order.
func namesOf(v reflect.Value) []string {
	var names []string
	for _, key := range v.MapKeys() {
		names = append(names, key.String())
	}
	slices.Sort(names)
	return names
}

// tableNode returns the YAML form of a table; nil if it is empty.
func tableNode(v reflect.Value) *yaml.Node {
	if v.Len() == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, name := range namesOf(v) {
		key, item := new(yaml.Node), nodeOf(v.MapIndex(reflect.ValueOf(name)))
		if item == nil {
			item = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Style: yaml.DoubleQuotedStyle}
		}
		key.SetString(name)
		n.Content = append(n.Content, key, item)
	}
	return n
}

func tableSchema(t reflect.Type, f field) *schema {
	return &schema{
		Type:       []string{"object", "null"},
		Names:      &schema{Pattern: tableNamePattern},
		Additional: typeSchema(pointed(t.Elem()), f),
	}
}
