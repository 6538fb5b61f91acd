package funcs

import (
	"fmt"
	"regexp"
	"strings"

	"concierge/sources"
)

func catalogTable() []Func {
	const group = "Services"
	return []Func{
		{"byTag", group, "services", "Groups services by tag.",
			`{{ byTag nil | len }}`, `0`, byTag},
		{"byPort", group, "services", "Groups service instances by port.",
			`{{ byPort nil | len }}`, `0`, byPort},
		{"byMeta", group, "names services", "Groups service instances by the values of the metadata names, which are separated by commas. |int after a name pads its value to five digits.",
			`{{ byMeta "version,shard|int" nil | len }}`, `0`, byMeta},
	}
}

func byTag(services any) (map[string][]any, error) {
	m := make(map[string][]any)
	add := func(service any, tags []string) {
		for _, tag := range tags {
			m[tag] = append(m[tag], service)
		}
	}
	switch list := services.(type) {
	case nil:
	case sources.CatalogServices:
		for _, s := range list {
			add(s, s.Tags)
		}
	case sources.HealthServices:
		for _, s := range list {
			add(s, s.Tags)
		}
	default:
		return nil, fmt.Errorf("wrong argument type %T", services)
	}
	return m, nil
}

func byPort(services any) (map[int][]any, error) {
	m := make(map[int][]any)
	switch list := services.(type) {
	case nil:
	case sources.HealthServices:
		for _, s := range list {
			m[s.Port] = append(m[s.Port], s)
		}
	default:
		return nil, fmt.Errorf("wrong argument type %T", services)
	}
	return m, nil
}

func byMeta(names string, services sources.HealthServices) (map[string]sources.HealthServices, error) {
	m := make(map[string]sources.HealthServices)
	for _, s := range services {
		key, err := metaKey(names, s.ServiceMeta)
		if err != nil {
			return nil, err
		}
		m[key] = append(m[key], s)
	}
	return m, nil
}

var notInMetaKey = regexp.MustCompile(`[^a-zA-Z0-9_-]`)

// metaKey treats an empty value as an absent one.
func metaKey(names string, meta map[string]string) (string, error) {
	var parts []string
	for name := range strings.SplitSeq(names, ",") {
		name, number := strings.CutSuffix(name, "|int")
		value := meta[name]
		switch {
		case number:
			n, err := parseInt(value)
			if err != nil {
				return "", fmt.Errorf("service metadata %s: %w", name, err)
			}
			value = fmt.Sprintf("%05d", n)
		case value == "":
			value = "_no_" + name + "_"
		}
		parts = append(parts, notInMetaKey.ReplaceAllString(value, "_"))
	}
	return strings.Join(parts, "_"), nil
}
