package config

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// entry is one key of a mapping.
type entry struct{ key, value *yaml.Node }

// entries returns the keys of a mapping with merge keys resolved: own keys
// win over merged ones, earlier merged mappings over later ones.
func (d *decoder) entries(n *yaml.Node, path string) []entry {
	lines := make(map[string]int, len(n.Content)/2)
	var own []entry
	var merges []*yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		first, twice := lines[k.Value]
		switch {
		case k.Kind != yaml.ScalarNode:
			d.fail(k, path, "", "has "+describe(k)+" as key", "write a plain word")
		case k.ShortTag() == "!!merge":
			merges = append(merges, v)
		case twice:
			d.fail(k, path, k.Value, fmt.Sprintf("is set a second time, first in line %d", first), "remove one of them")
		default:
			lines[k.Value] = k.Line
			own = append(own, entry{k, v})
		}
	}
	for _, m := range merges {
		own = d.merge(m, path, own, lines, 0)
	}
	return own
}

func (d *decoder) merge(n *yaml.Node, path string, into []entry, seen map[string]int, depth int) []entry {
	if d.visits++; d.visits >= maxNodes || depth > 100 {
		if depth > 100 {
			d.fail(n, path, "", "merges itself", "remove the <<")
		}
		return into
	}
	switch {
	case n.Kind == yaml.AliasNode:
		return d.merge(n.Alias, path, into, seen, depth+1)
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			into = d.merge(item, path, into, seen, depth+1)
		}
		return into
	case n.Kind != yaml.MappingNode:
		d.fail(n, path, "", "merges "+describe(n), "<< takes an alias of a mapping")
		return into
	}
	for i := 0; i < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.ShortTag() == "!!merge" {
			into = d.merge(v, path, into, seen, depth+1)
			continue
		}
		if _, have := seen[k.Value]; !have {
			seen[k.Value] = k.Line
			into = append(into, entry{k, v})
		}
	}
	return into
}
