package format

import (
	"errors"
	"strings"

	"github.com/BurntSushi/toml"
)

func checkTOML(text []byte) *Error {
	_, e := readTOML(text)
	return e
}

func readTOML(text []byte) (map[string]any, *Error) {
	var doc map[string]any
	_, err := toml.Decode(string(text), &doc)
	if err == nil {
		return doc, nil
	}
	parse, ok := errors.AsType[toml.ParseError](err)
	if !ok {
		return nil, &Error{Kind: "syntax error", Detail: err.Error()}
	}
	e := &Error{Line: parse.Position.Line, Column: parse.Position.Col, Kind: "syntax error", Detail: parse.Message}
	if strings.Contains(parse.Message, "already") {
		e.Kind = "a key or table is defined twice"
		e.Column = 0 // where the parser was, which is behind the key
	}
	return nil, e
}
