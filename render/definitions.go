package render

import (
	"maps"
	"slices"
	"strconv"
	"text/template/parse"
)

// checkName reports a definition that is used and exists nowhere. A template is
// one text, so what it does not define can never be defined.
func (c *compiler) checkName(name string, at parse.Pos) {
	if _, ok := c.trees[name]; !ok {
		c.report(c.template.unknownDefinition(name, at, slices.Sorted(maps.Keys(c.trees))))
	}
}

// checkNames does it for the literal names that executeTemplate is given.
func (c *compiler) checkNames(p *parse.PipeNode) {
	for i, cmd := range p.Cmds {
		id, ok := cmd.Args[0].(*parse.IdentifierNode)
		if !ok || id.Ident != "executeTemplate" || c.template.options.denied(id.Ident) {
			continue
		}
		var name string
		switch {
		case len(cmd.Args) > 1:
			name, ok = literalArgument(cmd.Args[1])
		case i > 0:
			name, ok = literal(p.Cmds[i-1])
		default:
			ok = false // the execution reports the missing argument
		}
		if ok {
			c.checkName(name, id.Pos)
		}
	}
}

func (t *Template) unknownDefinition(name string, at parse.Pos, defined []string) *Error {
	e := &Error{File: t.options.Name, Cause: "template " + strconv.Quote(name) + " is not defined"}
	e.Line, e.Column = position(t.text, int(at))
	e.Hint = "write {{ define " + strconv.Quote(name) + " }} in the same file"
	if known := nearest(name, defined); known != "" {
		e.Hint = "did you mean " + strconv.Quote(known) + "?"
	}
	return e
}
