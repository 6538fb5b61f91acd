package render

import (
	"strconv"
	"text/template/parse"

	"concierge/sources"
)

// findLiterals collects the queries of a pipeline whose arguments stand
// literally in the template.
func (c *compiler) findLiterals(p *parse.PipeNode) {
	for i, cmd := range p.Cmds {
		var piped parse.Node
		if i > 0 {
			piped = p.Cmds[i-1]
		}
		c.findLiteral(cmd, piped)
	}
}

// findLiteral looks at one command. What is piped in is its last argument; nil
// if nothing is.
func (c *compiler) findLiteral(cmd *parse.CommandNode, piped parse.Node) {
	id, ok := cmd.Args[0].(*parse.IdentifierNode)
	if !ok || !c.asks(id.Ident) {
		return
	}
	args := cmd.Args[1:]
	if piped != nil {
		args = append(args[:len(args):len(args)], piped)
	}
	f := c.library.bound[id.Ident]
	if f.operands > 0 {
		args = args[:min(f.operands, len(args))]
	}
	words := make([]string, len(args))
	for i, arg := range args {
		if words[i], ok = literal(arg); !ok {
			return
		}
	}
	query, err := f.asks(&c.template.options, words)
	// What is malformed is reported by the execution that reaches it.
	if err == nil && query.Kind != 0 && ahead(query.Kind, c.certain) && !c.found[query] {
		c.found[query] = true
		c.literals = append(c.literals, query)
	}
}

// ahead reports whether a query may be asked before an execution reaches it.
// Asking can make the store do something: write, issue a certificate, or create
// the credentials that a secret is. Whether that is wanted is for an execution
// to decide, since the call may stand in a branch that never runs.
func ahead(kind sources.Kind, certain bool) bool {
	switch kind {
	case sources.SecretWrite, sources.PKICertificate:
		return false
	case sources.Secret:
		return certain
	}
	return true
}

// literal returns what an argument says literally, a boolean as text.
func literal(n parse.Node) (string, bool) {
	switch n := n.(type) {
	case *parse.StringNode:
		return n.Text, true
	case *parse.BoolNode:
		return strconv.FormatBool(n.True), true
	case *parse.PipeNode: // parentheses
		if len(n.Cmds) == 1 && len(n.Decl) == 0 {
			return literal(n.Cmds[0])
		}
	case *parse.CommandNode:
		if len(n.Args) == 1 {
			return literal(n.Args[0])
		}
	}
	return "", false
}
