package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// checkJSON accepts one value with nothing behind it.
func checkJSON(text []byte) *Error {
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return jsonError(text, err)
	}
	return repeatedJSON(text)
}

func jsonError(text []byte, err error) *Error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return &Error{Kind: "syntax error", Detail: err.Error()}
	}
	message := syntax.Error()
	e := at(text, int(syntax.Offset)-1, "syntax error")
	e.Detail = message
	// "invalid character 'x' after array element": what follows the quoted
	// character is a fixed text.
	if i := strings.LastIndex(message, "' "); i >= 0 {
		e.Kind = "unexpected character " + message[i+2:]
	} else if strings.HasPrefix(message, "unexpected end") {
		e = at(text, len(text), "it ends too early")
	}
	return e
}

// repeatedJSON looks for an object in which a key is set twice. The text is
// valid JSON.
func repeatedJSON(text []byte) *Error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // a number may be too large for a float
	var open []*object
	for {
		start := dec.InputOffset()
		token, err := dec.Token()
		if err != nil { // the end
			return nil
		}
		var inner *object
		if len(open) > 0 {
			inner = open[len(open)-1]
		}
		key, isText := token.(string)
		switch {
		case token == json.Delim('}') || token == json.Delim(']'):
			open = open[:len(open)-1]
			continue
		case inner.atKey() && isText:
			if inner.keys[key] {
				return at(text, tokenAt(text, int(start)), "a key is set twice in one object")
			}
			inner.keys[key] = true
			inner.value = true
			continue
		case inner != nil:
			inner.value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, &object{keys: make(map[string]bool)})
		case json.Delim('['):
			open = append(open, &object{})
		}
	}
}

// object is one that the walk is in, or an array, which has no keys.
type object struct {
	keys  map[string]bool
	value bool // a value comes next
}

func (o *object) atKey() bool { return o != nil && o.keys != nil && !o.value }

// tokenAt skips what stands between two tokens.
func tokenAt(text []byte, offset int) int {
	rest := text[offset:]
	return offset + len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,:"))
}
