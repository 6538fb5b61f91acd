package format

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// checkYAML accepts any number of documents, none included.
func checkYAML(text []byte) *Error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return yamlError(err)
		}
		if e := repeatedYAML(&doc); e != nil {
			return e
		}
	}
}

// yamlPlace is how the parser begins a text with a line. It leaves the line out
// when that is the first.
var yamlPlace = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlStructure finds the texts of mistakes in the structure, whose lines the
// parser counts from 0; it counts those of all others from 1.
var yamlStructure = regexp.MustCompile(`expected (<|key|node|','|'-')|^found (duplicate %|undefined tag|incompatible)`)

// yamlError finds the line that the parser names in its text.
func yamlError(err error) *Error {
	m := yamlPlace.FindStringSubmatch(err.Error())
	if m == nil {
		return &Error{Kind: "syntax error", Detail: err.Error()}
	}
	e := &Error{Kind: "syntax error", Detail: err.Error()[len(m[0]):]}
	if strings.HasPrefix(e.Detail, "unknown anchor") {
		e.Kind = "an alias of something that does not exist"
		return e
	}
	e.Line, _ = strconv.Atoi(m[1]) // 0 without a line
	if e.Line == 0 || yamlStructure.MatchString(e.Detail) {
		e.Line++
	}
	return e
}

// repeatedYAML looks for a mapping in which a key is set twice. Aliases are not
// followed: what they stand for is looked at where it is written.
func repeatedYAML(n *yaml.Node) *Error {
	if n.Kind == yaml.MappingNode {
		type key struct{ tag, value string }
		seen := make(map[key]bool, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				continue
			}
			id := key{k.ShortTag(), k.Value}
			if seen[id] {
				return &Error{Line: k.Line, Column: k.Column, Kind: "a key is set twice in one mapping"}
			}
			seen[id] = true
		}
	}
	for _, c := range n.Content {
		if e := repeatedYAML(c); e != nil {
			return e
		}
	}
	return nil
}
