package render

import (
	"slices"
	"text/template/parse"
)

// walk calls visit for n and everything below it, parents first and in the
// order of the text. visit may change the node it is given; what it puts in is
// not visited.
func walk(n parse.Node, visit func(parse.Node)) {
	below := children(n)
	visit(n)
	for _, child := range below {
		walk(child, visit)
	}
}

func children(n parse.Node) []parse.Node {
	switch n := n.(type) {
	case *parse.ListNode:
		return n.Nodes
	case *parse.ActionNode:
		return []parse.Node{n.Pipe}
	case *parse.TemplateNode:
		if n.Pipe != nil {
			return []parse.Node{n.Pipe}
		}
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.RangeNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.PipeNode:
		cmds := make([]parse.Node, len(n.Cmds))
		for i, cmd := range n.Cmds {
			cmds[i] = cmd
		}
		return cmds
	case *parse.CommandNode:
		return slices.Clone(n.Args)
	case *parse.ChainNode:
		return []parse.Node{n.Node}
	}
	return nil
}

func branch(n *parse.BranchNode) []parse.Node {
	if n.ElseList == nil {
		return []parse.Node{n.Pipe, n.List}
	}
	return []parse.Node{n.Pipe, n.List, n.ElseList}
}

// alwaysReached returns the pipelines that every execution reaches: those that
// stand in no branch, no loop and no definition.
func alwaysReached(root *parse.ListNode) map[*parse.PipeNode]bool {
	reached := make(map[*parse.PipeNode]bool)
	for _, n := range root.Nodes {
		below := children(n)
		if len(below) == 0 {
			continue
		}
		walk(below[0], func(n parse.Node) { // the rest are branches
			if p, ok := n.(*parse.PipeNode); ok {
				reached[p] = true
			}
		})
	}
	return reached
}
