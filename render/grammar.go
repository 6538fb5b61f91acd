package render

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"concierge/sources"
)

// pieces are the parts of a query as they stand in its text, in the order
// head?params@datacenter~near|filter.
type pieces struct{ head, params, datacenter, near, filter string }

// cutPieces takes the parts that the separators in allowed introduce off a
// query, last one first, so that a part in the wrong place is left in the head
// or spoils the part before it. It reports whether each of them has its
// characters; the head is for the caller to look at.
func cutPieces(text, allowed string) (p pieces, ok bool) {
	ok = true
	cut := func(separator, extra string) string {
		before, part, found := strings.Cut(text, separator)
		if !found || !strings.Contains(allowed, separator) {
			return ""
		}
		text, ok = before, ok && only(part, extra)
		return part
	}
	p.filter = cut("|", ",")
	p.near = cut("~", ".-")
	p.datacenter = cut("@", ".-")
	p.params = cut("?", "-=&")
	p.head = text
	return p, ok
}

// only reports whether s is not empty and made of letters, digits, underscores
// and the extra characters.
func only(s, extra string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		word := r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !word && !strings.ContainsRune(extra, r)
	})
}

// consulParams are the parameters after the question mark.
type consulParams struct{ namespace, partition, peer, group string }

// readParams reads them. consul-template takes peer and sameness-group
// everywhere and uses them for services alone.
func readParams(text string) (consulParams, error) {
	if text == "" {
		return consulParams{}, nil
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return consulParams{}, errors.New("invalid parameters")
	}
	for name := range values {
		switch name {
		case "ns", "partition", sources.ParamPeer, sources.ParamSamenessGroup:
		default:
			return consulParams{}, fmt.Errorf("unknown parameter %q", name)
		}
	}
	return consulParams{
		namespace: values.Get("ns"), partition: values.Get("partition"),
		peer: values.Get(sources.ParamPeer), group: values.Get(sources.ParamSamenessGroup),
	}, nil
}

// healthFilter reads the words after the bar and returns them sorted; nothing
// stands for the default.
func healthFilter(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	var words []string
	for word := range strings.SplitSeq(text, ",") {
		switch word {
		case sources.HealthAny, sources.HealthPassing, sources.HealthWarning, sources.HealthCritical, sources.HealthMaintenance:
			words = append(words, word)
		case "":
		default:
			return "", fmt.Errorf("unknown health state %q", word)
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	switch {
	case len(words) == 0:
		return "", errors.New("no health state")
	case len(words) == 1 && words[0] == sources.HealthPassing:
		return "", nil
	}
	return strings.Join(words, ","), nil
}

// encoded joins names and values, given in turn and sorted by name, in the
// form of [sources.Options.Params]. Empty values are left out.
func encoded(pairs ...string) string {
	var b []byte
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] == "" {
			continue
		}
		if b != nil {
			b = append(b, '&')
		}
		b = append(append(b, pair[0]...), '=')
		b = append(b, url.QueryEscape(pair[1])...)
	}
	return string(b)
}
