package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// parseJSON reads JSON into the same nodes that YAML has, in order and with
// numbers as written. Errors begin with the line.
func parseJSON(raw string) (*yaml.Node, error) {
	if !utf8.ValidString(raw) {
		i := strings.IndexFunc(raw, func(r rune) bool { return r == utf8.RuneError })
		return nil, fmt.Errorf("%d: not UTF-8", 1+strings.Count(raw[:max(i, 0)], "\n"))
	}
	p := jsonParser{raw: raw, dec: json.NewDecoder(strings.NewReader(raw)), line: 1}
	p.dec.UseNumber()
	root, err := p.value(0)
	if err == nil {
		if _, extra := p.dec.Token(); !errors.Is(extra, io.EOF) {
			err = errors.New("something stands behind the end of the document")
		}
	}
	if err != nil {
		return nil, p.located(err)
	}
	return &yaml.Node{Kind: yaml.DocumentNode, Line: 1, Content: []*yaml.Node{root}}, nil
}

type jsonParser struct {
	raw  string
	dec  *json.Decoder
	seen int64 // bytes of raw whose lines are counted
	line int
}

func (p *jsonParser) located(err error) error {
	if se, ok := errors.AsType[*json.SyntaxError](err); ok {
		p.count(min(se.Offset, int64(len(p.raw))))
	} else if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		p.count(int64(len(strings.TrimRight(p.raw, "\n"))))
		err = errors.New("the document ends too early")
	}
	return fmt.Errorf("%d: %w; the last good values stay until it is corrected", p.line, err)
}

func (p *jsonParser) count(to int64) {
	if to > p.seen {
		p.line += strings.Count(p.raw[p.seen:to], "\n")
		p.seen = to
	}
}

func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	if depth > 1000 {
		return nil, errors.New("nested deeper than 1000 levels")
	}
	tok, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	p.count(p.dec.InputOffset())
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: p.line}
	switch t := tok.(type) {
	case json.Delim:
		return n, p.container(n, t, depth)
	case string:
		n.Tag, n.Value = "!!str", t
	case json.Number:
		n.Tag, n.Value = "!!float", t.String()
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(t)
	case nil:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, nil
}

func (p *jsonParser) container(n *yaml.Node, open json.Delim, depth int) error {
	n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
	if open == '{' {
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
	}
	for p.dec.More() {
		// The names of a mapping are strings, or the decoder fails.
		child, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.Content = append(n.Content, child)
	}
	_, err := p.dec.Token()
	return err
}

// formatJSON writes nodes as JSON, indented by two spaces.
func formatJSON(doc *yaml.Node) ([]byte, error) {
	var compact, out bytes.Buffer
	writeJSON(&compact, doc.Content[0])
	if err := json.Indent(&out, compact.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func writeJSON(b *bytes.Buffer, n *yaml.Node) {
	switch {
	case n.Kind == yaml.MappingNode:
		b.WriteByte('{')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte([]byte{',', ':'}[i%2])
			}
			writeJSON(b, c)
		}
		b.WriteByte('}')
	case n.Kind == yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			writeJSON(b, c)
		}
		b.WriteByte(']')
	case n.ShortTag() == "!!str":
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(n.Value) // a string into memory
	default:
		b.WriteString(n.Value)
	}
}
