package file

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"concierge/sources"
)

// docReader reads a YAML or JSON document. It is owned by one goroutine.
type docReader struct {
	path string
	raw  string // text of the last look that parsed
	last content
}

// read implements [rootReader].
func (d *docReader) read(n *notifier) (content, error) {
	n.path(d.path)
	raw, err := readDocument(d.path)
	if err != nil {
		return content{}, err
	}
	if raw == d.raw && raw != "" {
		return d.last, nil
	}
	doc, err := parse(d.path, raw)
	if err != nil {
		return content{}, err
	}
	values, err := flatten(doc)
	if err != nil {
		return content{}, fmt.Errorf("%s:%w", d.path, err)
	}
	d.raw, d.last = raw, contentOf(values)
	return d.last, nil
}

func readDocument(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("file %s does not exist: %w; create it or set sources.file.path", path, cause(err))
	case err != nil:
		return "", fmt.Errorf("reading %s: %w", path, cause(err))
	case info.IsDir():
		return "", fmt.Errorf("%s is a directory although its name ends like a file's; rename it or set sources.file.path", path)
	}
	raw, err := readRegular(path, maxDocument)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return raw, nil
}

func isJSON(path string) bool { return strings.EqualFold(filepath.Ext(path), ".json") }

// parse returns the document node. An empty file is an error: it is far more
// often a file that is just being written than one that is meant to be empty.
func parse(path, raw string) (*yaml.Node, error) {
	if strings.TrimSpace(raw) == "" {
		return nil, fmt.Errorf("%s:1: the file is empty; write {} if no keys are meant", path)
	}
	if isJSON(path) {
		doc, err := parseJSON(raw)
		if err != nil {
			return nil, fmt.Errorf("%s:%w", path, err)
		}
		return doc, nil
	}
	return parseYAML(path, raw)
}

func parseYAML(path, raw string) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader([]byte(raw)))
	doc := new(yaml.Node)
	if err := dec.Decode(doc); errors.Is(err, io.EOF) { // nothing but comments
		*doc = yaml.Node{Kind: yaml.DocumentNode, HeadComment: strings.TrimSpace(raw), Content: []*yaml.Node{{Kind: yaml.MappingNode, Tag: "!!map"}}}
		return doc, nil
	} else if err != nil {
		return nil, syntaxError(path, err)
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		return nil, fmt.Errorf("%s:%d: a second document begins here; keep one document in a file", path, second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(path, err)
	}
	return doc, nil
}

// flatten turns a document into values by key. Errors begin with the line.
func flatten(doc *yaml.Node) (map[string]string, error) {
	root := doc.Content[0]
	if root.Kind == yaml.AliasNode {
		root = root.Alias
	}
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%d: the document is not a mapping; write key: value lines", root.Line)
	}
	f := flattener{values: make(map[string]string), lines: make(map[string]int), active: make(map[*yaml.Node]bool)}
	if err := f.node("", root); err != nil {
		return nil, err
	}
	return f.values, nil
}

// contentOf is one revision of a document.
func contentOf(values map[string]string) content {
	pairs := make(sources.Pairs, 0, len(values))
	for key, value := range values {
		pairs = append(pairs, pair(key, value))
	}
	slices.SortFunc(pairs, func(a, b sources.KeyPair) int { return strings.Compare(a.Path, b.Path) })
	return content{pairs: pairs}
}
