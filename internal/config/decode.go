package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// decoder lays settings over a Config and remembers where each came from. It
// goes on after an error, so that all errors of a file are told at once.
type decoder struct {
	source  string // file or variable, for messages
	layer   layer
	base    string // directory that relative paths start from
	errs    Errors
	origins map[string]Origin
	visits  int
}

// maxNodes bounds what nested aliases can blow a document up to.
const maxNodes = 200_000

// document lays one YAML document over cfg. An empty one changes nothing.
func (d *decoder) document(text []byte, cfg *Config) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return
	}
	if err != nil {
		d.syntax(err)
		return
	}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case err == nil:
		d.fail(&second, "", "", "is followed by a second one", "keep one document in a file")
	case !errors.Is(err, io.EOF):
		d.syntax(err)
	}
	root := doc.Content[0]
	if isNull(root) {
		return
	}
	d.value(root, reflect.ValueOf(cfg).Elem(), field{}, "")
}

func (d *decoder) origin(n *yaml.Node) Origin {
	return Origin{File: d.source, Line: n.Line, Column: n.Column, layer: d.layer}
}

func (d *decoder) fail(n *yaml.Node, path, value, reason, hint string) {
	d.errs = append(d.errs, &Error{d.origin(n), path, shorten(value), reason, hint})
}

// value sets v from a node.
func (d *decoder) value(n *yaml.Node, v reflect.Value, f field, path string) {
	if d.visits++; d.visits == maxNodes {
		d.fail(n, path, "", "makes the document too large", "use fewer aliases")
	}
	if d.visits >= maxNodes {
		return
	}
	d.origins[path] = d.origin(n)
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	switch {
	case v.Type() == actionType:
		d.action(n, v.Addr().Interface().(*Action), path)
	case isScalar(v.Type()):
		d.scalar(n, v, f, path)
	case v.Type() == actionsType && n.Kind != yaml.SequenceNode:
		v.Set(reflect.MakeSlice(actionsType, 1, 1))
		d.action(n, v.Index(0).Addr().Interface().(*Action), path)
	case v.Kind() == reflect.Slice:
		d.list(n, v, f, path)
	case v.Kind() == reflect.Map:
		d.table(n, v, f, path)
	case v.Type() == prefixType && n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str":
		v.Set(reflect.ValueOf(EnvPrefix{Path: n.Value}))
		d.origins[path+".path"] = d.origin(n)
	default:
		d.mapping(n, v, path)
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, f field, path string) {
	if n.Kind != yaml.SequenceNode {
		hint := "begin each item with a dash"
		if isScalar(v.Type().Elem()) {
			hint = "write it as [first, second]"
		}
		d.fail(n, path, "", "is "+describe(n)+", not a list", hint)
		return
	}
	// A list of a higher layer replaces that of a lower one.
	maps.DeleteFunc(d.origins, func(p string, _ Origin) bool { return strings.HasPrefix(p, path+"[") })
	items := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		d.value(c, items.Index(i), f, fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(items)
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if isNull(n) {
		return // "consul:" alone stands for consul with its defaults
	}
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "", "is "+describe(n)+", not a mapping", "write name: value lines below it")
		return
	}
	fields := fieldsOf(v.Type())
	for _, e := range d.entries(n, path) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.key.Value })
		if i < 0 {
			d.unknown(e.key, path, fields)
			continue
		}
		d.value(e.value, v.FieldByIndex(fields[i].index), fields[i], joinPath(path, fields[i].name))
	}
}

func (d *decoder) unknown(key *yaml.Node, path string, fields []field) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	hint := suggest(key.Value, names)
	if other := elsewhere(key.Value, reflect.TypeFor[Config](), ""); hint == "" && other != "" {
		hint = "did you mean " + other + "?"
	}
	if hint == "" {
		hint = "known here: " + strings.Join(names, ", ")
	}
	d.fail(key, path, key.Value, "is not a known key", hint)
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, f field, path string) {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "", "is "+describe(n)+", not a single value", "write one word or text")
		return
	}
	shown := n.Value
	if v.Type() == textType {
		shown = ""
	}
	if c := wrongTag(n, v.Type(), f); c != (complaint{}) {
		d.fail(n, path, shown, c.reason, c.hint)
		return
	}
	if c := setText(v, f, n.Value, d.base); c != (complaint{}) {
		d.fail(n, path, shown, c.reason, c.hint)
	}
}

// wrongTag refuses what YAML takes for another type than the setting has.
func wrongTag(n *yaml.Node, t reflect.Type, f field) complaint {
	tag := n.ShortTag()
	switch {
	case tag == "!!null":
		return complaint{"has no value", "give it one or remove the line"}
	case t.Kind() == reflect.Bool && tag == "!!str" && (n.Value == "true" || n.Value == "false"):
		return complaint{"is a text", "remove the quotes"}
	case t.Kind() == reflect.Bool && tag != "!!bool":
		return complaint{"is neither true nor false", "write true or false"}
	case tag == "!!str", tag == "!!merge", f.loose, // as a value, << is two characters
		t == durationType, (t == signalType || t.Kind() == reflect.Int) && tag == "!!int", t.Kind() == reflect.Bool && tag == "!!bool":
		return complaint{}
	case t == modeType && tag == "!!int" && strings.HasPrefix(n.Value, "0"):
		return complaint{} // 0640 and 0o640 can only be meant as octal
	case t == modeType:
		return complaint{"is a decimal number", octalHint(n.Value)}
	case t == textType:
		return complaint{"is not a text", "put the value in quotes"}
	}
	return complaint{"is not a text", fmt.Sprintf("put it in quotes: %q", shorten(n.Value))}
}

// octalHint says how a mode that was written as a decimal number is meant: 420
// is what 0644 becomes in other tools, 640 is octal without its zero.
func octalHint(text string) string {
	n, err := strconv.ParseUint(text, 10, 32)
	octal := fmt.Sprintf("%04o", n)
	switch {
	case err == nil && usualMode.MatchString(octal):
		return fmt.Sprintf(`write octal in quotes; %s is "%s" in octal`, text, octal)
	case threeOctal.MatchString(text):
		return fmt.Sprintf(`write octal in quotes: "0%s"`, text)
	}
	return `write octal in quotes, for example "0644"`
}

var (
	usualMode  = regexp.MustCompile(`^0([64][640][640]|7[750][750])$`)
	threeOctal = regexp.MustCompile(`^[1-7][0-7]{2}$`)
)

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// describe names what a node is, without its value, which may be a secret.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "empty"
	}
	return "a single value"
}
