package file

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// flattener collects the scalars of a document. Nodes visited are counted,
// because a few nested aliases can stand for billions of nodes.
type flattener struct {
	values map[string]string
	lines  map[string]int      // where each key is
	active map[*yaml.Node]bool // anchors being expanded
	visits int
}

func (f *flattener) node(path string, n *yaml.Node) error {
	if f.visits++; f.visits > maxKeys {
		return fmt.Errorf("%d: more than %d values; split the document", n.Line, maxKeys)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return f.alias(path, n)
	case yaml.MappingNode:
		return f.mapping(path, n)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			if err := f.node(join(path, strconv.Itoa(i)), item); err != nil {
				return err
			}
		}
		return nil
	}
	return f.leaf(path, n)
}

func (f *flattener) alias(path string, n *yaml.Node) error {
	if f.active[n.Alias] {
		return fmt.Errorf("%d: anchor %s contains itself", n.Line, n.Value)
	}
	f.active[n.Alias] = true
	defer delete(f.active, n.Alias)
	return f.node(path, n.Alias)
}

func (f *flattener) leaf(path string, n *yaml.Node) error {
	if first, twice := f.lines[path]; twice {
		return fmt.Errorf("%d: key %s is here a second time, first in line %d; remove one", n.Line, path, first)
	}
	value, err := scalarText(n)
	if err != nil {
		return err
	}
	f.values[path], f.lines[path] = value, n.Line
	return nil
}

// scalarText returns a scalar as written, except that null is empty and binary
// is decoded.
func scalarText(n *yaml.Node) (string, error) {
	switch n.ShortTag() {
	case "!!null":
		return "", nil
	case "!!binary":
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Value), ""))
		if err != nil {
			return "", fmt.Errorf("%d: !!binary value is not base64", n.Line)
		}
		return string(b), nil
	}
	return n.Value, nil
}

func (f *flattener) mapping(path string, n *yaml.Node) error {
	own := make(map[string]int, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		k := n.Content[i]
		if isMerge(k) {
			continue
		}
		if err := checkName(k); err != nil {
			return err
		}
		if line, twice := own[k.Value]; twice {
			return fmt.Errorf("%d: key %s is here a second time, first in line %d; remove one", k.Line, join(path, k.Value), line)
		}
		own[k.Value] = k.Line
		if err := f.node(join(path, k.Value), n.Content[i+1]); err != nil {
			return err
		}
	}
	for i := 0; i < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			if err := f.merge(path, n.Content[i+1], own); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge adds what a merge key brings; own names, and those of earlier merges,
// take precedence.
func (f *flattener) merge(path string, n *yaml.Node, own map[string]int) error {
	if f.visits++; f.visits > maxKeys {
		return fmt.Errorf("%d: more than %d values; split the document", n.Line, maxKeys)
	}
	switch {
	case n.Kind == yaml.AliasNode && f.active[n.Alias]:
		return fmt.Errorf("%d: anchor %s contains itself", n.Line, n.Value)
	case n.Kind == yaml.AliasNode:
		f.active[n.Alias] = true
		defer delete(f.active, n.Alias)
		return f.merge(path, n.Alias, own)
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if err := f.merge(path, item, own); err != nil {
				return err
			}
		}
		return nil
	case n.Kind != yaml.MappingNode:
		return fmt.Errorf("%d: a merge key takes a mapping or a list of mappings", n.Line)
	}
	return f.merged(path, n, own)
}

func (f *flattener) merged(path string, n *yaml.Node, own map[string]int) error {
	var nested []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if isMerge(k) {
			nested = append(nested, v)
			continue
		}
		if err := checkName(k); err != nil {
			return err
		}
		if _, overridden := own[k.Value]; overridden {
			continue
		}
		own[k.Value] = k.Line
		if err := f.node(join(path, k.Value), v); err != nil {
			return err
		}
	}
	for _, v := range nested {
		if err := f.merge(path, v, own); err != nil {
			return err
		}
	}
	return nil
}

func isMerge(key *yaml.Node) bool { return key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" }

func checkName(k *yaml.Node) error {
	switch {
	case k.Kind != yaml.ScalarNode:
		return fmt.Errorf("%d: a key must be a plain word", k.Line)
	case k.Value == "", strings.HasPrefix(k.Value, "/"), strings.HasSuffix(k.Value, "/"), strings.Contains(k.Value, "//"):
		return fmt.Errorf("%d: key %q is empty or has an empty part between slashes", k.Line, k.Value)
	}
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}
