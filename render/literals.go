package render

import "text/template/parse"

// findLiterals collects the queries of a pipeline whose path stands literally
// in the template.
func (c *compiler) findLiterals(p *parse.PipeNode) {
	piped, hasPiped := "", false
	for i, cmd := range p.Cmds {
		c.findLiteral(cmd, i > 0, piped, hasPiped)
		piped, hasPiped = literal(cmd)
	}
}

// findLiteral looks at one command. With last, something is piped in as its
// last argument, which is the literal piped if known.
func (c *compiler) findLiteral(cmd *parse.CommandNode, last bool, piped string, known bool) {
	id, ok := cmd.Args[0].(*parse.IdentifierNode)
	if !ok || !c.asks(id.Ident) {
		return
	}
	var path string
	switch {
	case len(cmd.Args) > 1:
		path, ok = literalArgument(cmd.Args[1])
	case last:
		path, ok = piped, known
	default:
		ok = false
	}
	if !ok || path == "" {
		return
	}
	query, err := c.template.options.Sources.Query(c.library.bound[id.Ident].asks, path)
	// A malformed path is reported by the execution that reaches it.
	if err == nil && !c.found[query] {
		c.found[query] = true
		c.literals = append(c.literals, query)
	}
}

// literal returns the string a command consists of.
func literal(cmd *parse.CommandNode) (string, bool) {
	if len(cmd.Args) != 1 {
		return "", false
	}
	return literalArgument(cmd.Args[0])
}

func literalArgument(n parse.Node) (string, bool) {
	switch n := n.(type) {
	case *parse.StringNode:
		return n.Text, true
	case *parse.PipeNode: // parentheses
		if len(n.Cmds) == 1 && len(n.Decl) == 0 {
			return literal(n.Cmds[0])
		}
	}
	return "", false
}
