package file

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// set makes path, below n, the scalar v. The longest existing name that leads
// there is followed; the rest is created as nested mappings.
func set(n *yaml.Node, path string, v scalar) error {
	if n.Kind == yaml.SequenceNode {
		return setItem(n, path, v)
	}
	best := -1
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i].Value
		if isMerge(n.Content[i]) || path != name && !strings.HasPrefix(path, name+"/") {
			continue
		}
		if best < 0 || len(name) > len(n.Content[best].Value) {
			best = i
		}
	}
	if best >= 0 {
		name := n.Content[best].Value
		return descend(n.Content[best+1], name, strings.TrimPrefix(path[len(name):], "/"), v)
	}
	if len(n.Content) == 0 && !v.json {
		n.Style &^= yaml.FlowStyle // an empty mapping is always written {}
	}
	first, rest, nested := strings.Cut(path, "/")
	child := v.node()
	if nested {
		child = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if err := set(child, rest, v); err != nil {
			return err
		}
	}
	n.Content = append(n.Content, plainKey(first), child)
	return nil
}

// setItem is set for a list: rest begins with an index.
func setItem(n *yaml.Node, path string, v scalar) error {
	first, rest, _ := strings.Cut(path, "/")
	i, err := strconv.Atoi(first)
	switch {
	case err != nil || i < 0 || i > len(n.Content) || strconv.Itoa(i) != first:
		return invalidf("%q is not an index of a list of %d items; use 0 to %d", first, len(n.Content), len(n.Content))
	case i < len(n.Content):
		return descend(n.Content[i], first, rest, v)
	}
	item := v.node()
	if rest != "" {
		item = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if err := set(item, rest, v); err != nil {
			return err
		}
	}
	n.Content = append(n.Content, item)
	return nil
}

// descend goes on at the existing node called name.
func descend(n *yaml.Node, name, rest string, v scalar) error {
	empty := n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" || n.Kind != yaml.ScalarNode && len(n.Content) == 0
	switch {
	case n.Kind == yaml.AliasNode:
		return invalidf("%s is an alias of the anchor %s (line %d); edit the file by hand", name, n.Value, n.Line)
	case rest == "" && (n.Kind == yaml.ScalarNode || empty):
		v.replace(n)
		return nil
	case rest == "":
		return invalidf("%s has keys below it (line %d); put one of them or delete them first", name, n.Line)
	case n.Kind == yaml.ScalarNode && empty:
		n.Kind, n.Tag, n.Value, n.Style = yaml.MappingNode, "!!map", "", 0
	case n.Kind == yaml.ScalarNode:
		return invalidf("%s is a value itself (line %d), so it cannot have keys below it; delete it first", name, n.Line)
	}
	return set(n, rest, v)
}

// prune removes the scalars that drop names, and what became empty by that. It
// returns how many entries of n were removed. Aliases and merge keys are left
// alone.
func prune(n *yaml.Node, path string, drop func(path string) bool) int {
	step, removed := 1, 0
	if n.Kind == yaml.MappingNode {
		step = 2
	}
	for i := 0; i < len(n.Content); {
		name, child := strconv.Itoa(i+removed), n.Content[i+step-1]
		if step == 2 {
			name = n.Content[i].Value
		}
		if pruned(child, join(path, name), drop) && (step == 1 || !isMerge(n.Content[i])) {
			n.Content = slices.Delete(n.Content, i, i+step)
			removed++
			continue
		}
		i += step
	}
	return removed
}

// pruned reports whether nothing is left of n after pruning.
func pruned(n *yaml.Node, path string, drop func(path string) bool) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		return drop(path)
	case yaml.AliasNode:
		return false
	}
	return prune(n, path, drop) > 0 && len(n.Content) == 0
}

// scalar is a value about to be written.
type scalar struct {
	value string
	json  bool
}

func (s scalar) node() *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	s.replace(n)
	return n
}

// replace turns n into the scalar; its comments stay. What looks like a number
// or a truth value is written without quotes, unless a string was there.
func (s scalar) replace(n *yaml.Node) {
	wasString := n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str"
	n.Kind, n.Content, n.Value, n.Tag = yaml.ScalarNode, nil, s.value, "!!str"
	switch {
	case !utf8.ValidString(s.value):
		n.SetString(s.value) // base64, tagged !!binary
	case !wasString && literalWord.MatchString(s.value):
		n.Tag, n.Style = "", 0 // the library finds the tag
	case strings.Contains(s.value, "\n") && !strings.ContainsAny(s.value[:1], " \n\t"):
		n.Style = yaml.LiteralStyle
	case strings.Contains(s.value, "\n"):
		n.Style = yaml.DoubleQuotedStyle
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		n.Style = 0
	}
}

// literalWord matches what JSON writes without quotes, null aside.
var literalWord = regexp.MustCompile(`^(true|false|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)$`)

func plainKey(name string) *yaml.Node {
	n := new(yaml.Node)
	n.SetString(name)
	return n
}
