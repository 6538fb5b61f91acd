package file

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"concierge/sources"
)

// docEditor edits a document in place: comments, order and anchors stay. The
// new text is read back before it is written, and must differ from the old one
// in the edited keys alone.
type docEditor struct {
	path   string
	create bool // a missing document is an empty one
	doc    *yaml.Node
	before map[string]string
}

// begin reads the document. An empty one is an empty mapping, and a missing one
// too if it may be created.
func (e *docEditor) begin() error {
	raw, err := readDocument(e.path)
	if e.create && errors.Is(err, fs.ErrNotExist) || err == nil && strings.TrimSpace(raw) == "" {
		raw, err = "{}", nil
	}
	if err != nil {
		return err
	}
	if e.doc, err = parse(e.path, raw); err != nil {
		return err
	}
	if e.before, err = flatten(e.doc); err != nil {
		return fmt.Errorf("%s:%w", e.path, err)
	}
	return nil
}

func (e *docEditor) get(key string) (sources.Value, error) {
	value, ok := e.before[key]
	if !ok {
		return sources.Value{}, nil
	}
	return sources.Value{Exists: true, Data: pair(key, value)}, nil
}

func (e *docEditor) list(prefix string) (sources.Value, error) {
	return contentOf(e.before).tree(prefix)
}

func (e *docEditor) put(key, value string) error {
	if !utf8.ValidString(key) {
		return invalidf("the key is not UTF-8")
	}
	if isJSON(e.path) && !utf8.ValidString(value) {
		return invalidf("the value is not UTF-8, which JSON cannot hold; use a .yaml file or a directory")
	}
	if err := set(e.doc.Content[0], key, scalar{value: value, json: isJSON(e.path)}); err != nil {
		return err
	}
	want := maps.Clone(e.before)
	want[key] = value
	return e.save(want)
}

func (e *docEditor) remove(keys []string) error {
	want := maps.Clone(e.before)
	for _, k := range keys {
		delete(want, k)
	}
	prune(e.doc.Content[0], "", func(path string) bool { return slices.Contains(keys, path) })
	return e.save(want)
}

// save writes the document if it holds exactly the wanted values.
func (e *docEditor) save(want map[string]string) error {
	text, err := e.format()
	if err != nil {
		return err
	}
	entangled := invalidf("the key cannot be changed alone: an anchor, a merge key or the order of a list is in the way; edit the file by hand")
	again, err := parse(e.path, string(text))
	if err != nil {
		return entangled
	}
	if got, err := flatten(again); err != nil || !maps.Equal(got, want) {
		return entangled
	}
	return replace(e.path, text)
}

func (e *docEditor) format() ([]byte, error) {
	if isJSON(e.path) {
		return formatJSON(e.doc)
	}
	plainMerges(e.doc)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(indentOf(e.doc))
	if err := errors.Join(enc.Encode(e.doc), enc.Close()); err != nil {
		return nil, fmt.Errorf("writing YAML: %w", err)
	}
	return out.Bytes(), nil
}

// plainMerges makes merge keys be written as << alone: the library writes the
// tag that it found itself, too.
func plainMerges(n *yaml.Node) {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && isMerge(c) {
			c.Tag = ""
		}
		plainMerges(c)
	}
}

// indentOf returns how far the document indents nested mappings; 2 if it has
// none.
func indentOf(n *yaml.Node) int {
	for i, c := range n.Content {
		nested := n.Kind == yaml.MappingNode && i%2 == 1 && c.Kind == yaml.MappingNode && c.Style&yaml.FlowStyle == 0
		if nested && len(c.Content) > 0 && c.Line > n.Content[i-1].Line {
			return min(max(c.Column-n.Content[i-1].Column, 2), 8)
		}
	}
	for _, c := range n.Content {
		if c.Kind != yaml.ScalarNode && c.Kind != yaml.AliasNode {
			return indentOf(c)
		}
	}
	return 2
}
