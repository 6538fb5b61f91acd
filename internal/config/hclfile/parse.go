package hclfile

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"unicode"

	"github.com/hashicorp/hcl/hcl/ast"
	"github.com/hashicorp/hcl/hcl/parser"
	"github.com/hashicorp/hcl/hcl/token"
	jsonparser "github.com/hashicorp/hcl/json/parser"

	"concierge/internal/config"
)

// parse returns the items of a document. A document that begins with a brace
// is JSON. A key may be written several times, in both.
func parse(name string, text []byte) (items *ast.ObjectList, err error) {
	defer func() { // the parsers are not meant for hostile input
		if r := recover(); r != nil {
			err = &config.Error{Origin: config.Origin{File: name}, Reason: "cannot be parsed", Hint: "check quotes and braces"}
		}
	}()
	read := parser.ParseDontErrorOnDuplicateKeys
	if bytes.HasPrefix(bytes.TrimLeftFunc(text, unicode.IsSpace), []byte("{")) {
		read = jsonparser.Parse
	}
	file, err := read(text)
	if err != nil {
		return nil, syntaxError(name, err)
	}
	list, ok := file.Node.(*ast.ObjectList)
	if !ok {
		return nil, &config.Error{Origin: config.Origin{File: name}, Reason: "is not a list of settings", Hint: "write name = value lines"}
	}
	return list, nil
}

// placed is what the JSON parser puts in front of a reason.
var placed = regexp.MustCompile(`^(\d+):(\d+): `)

func syntaxError(name string, err error) error {
	at, cause := config.Origin{File: name}, err.Error()
	if e, ok := errors.AsType[*parser.PosError](err); ok {
		at.Line, at.Column, cause = e.Pos.Line, e.Pos.Column, e.Err.Error()
	} else if m := placed.FindStringSubmatch(cause); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		at.Column, _ = strconv.Atoi(m[2])
		cause = cause[len(m[0]):]
	}
	return &config.Error{Origin: at, Reason: "cannot be parsed: " + cause, Hint: "check quotes and braces"}
}

// place is where an item stands. The JSON parser only knows the place of the
// colon.
func place(name string, item *ast.ObjectItem) config.Origin {
	pos := item.Pos()
	if !pos.IsValid() {
		pos = item.Assign
	}
	return config.Origin{File: name, Line: pos.Line, Column: pos.Column}
}

// literalOf returns a single value.
func literalOf(n *ast.LiteralType) (l literal, err error) {
	defer func() { // an escape that nobody can read
		if r := recover(); r != nil {
			err = fmt.Errorf("cannot be read")
		}
	}()
	switch n.Token.Type {
	case token.NUMBER, token.FLOAT:
		return literal{text: n.Token.Text, number: true}, nil
	case token.BOOL:
		return literal{text: n.Token.Text}, nil
	}
	text, ok := n.Token.Value().(string)
	if !ok {
		return literal{}, errors.New("is not a value")
	}
	return literal{text: text}, nil
}

// literals returns the values of a list, or the one value, and whether it is a
// list.
func literals(n ast.Node) (all []literal, list bool, err error) {
	switch n := n.(type) {
	case *ast.LiteralType:
		l, err := literalOf(n)
		return []literal{l}, false, err
	case *ast.ListType:
		for _, item := range n.List {
			one, ok := item.(*ast.LiteralType)
			if !ok {
				return nil, true, errors.New("is a list of blocks or lists")
			}
			l, err := literalOf(one)
			if err != nil {
				return nil, true, err
			}
			all = append(all, l)
		}
		return all, true, nil
	}
	return nil, false, errors.New("is a block")
}
