package format

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

var errCharset = errors.New("only UTF-8 is read")

// checkXML accepts well-formed XML with one root element. Entities other than
// those of XML itself are not known, and a document type is not read.
func checkXML(text []byte) *Error {
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errCharset }
	var w xmlWalk
	for {
		start := int(dec.InputOffset())
		token, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF) && w.roots == 0:
			return at(text, len(text), "it has no element")
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errCharset):
			return at(text, start, "its declared encoding is not UTF-8")
		case err != nil:
			e := at(text, int(dec.InputOffset()), "syntax error")
			e.Detail = err.Error()
			return e
		}
		if kind := w.take(token); kind != "" {
			return at(text, start, kind)
		}
	}
}

// xmlWalk is what was seen of a document.
type xmlWalk struct {
	depth, roots int
}

// take looks at the next token and says what is wrong with it, which is
// nothing if that is empty.
func (w *xmlWalk) take(token xml.Token) string {
	switch t := token.(type) {
	case xml.StartElement:
		if w.depth == 0 {
			w.roots++
		}
		w.depth++
		if w.roots > 1 {
			return "a second root element"
		}
		return repeatedXML(t.Attr)
	case xml.EndElement:
		w.depth--
	case xml.CharData:
		// The mark of the byte order may stand in front.
		if w.depth == 0 && len(bytes.Trim(t, " \t\r\n\ufeff")) > 0 {
			return "text outside of the root element"
		}
	}
	return ""
}

func repeatedXML(attrs []xml.Attr) string {
	seen := make(map[xml.Name]bool, len(attrs))
	for _, a := range attrs {
		if seen[a.Name] {
			return "an attribute is set twice in one element"
		}
		seen[a.Name] = true
	}
	return ""
}
