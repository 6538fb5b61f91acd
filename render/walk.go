package render

import "text/template/parse"

// walk calls visit for n and everything below it, parents first and in the
// order of the text. visit may change the node it is given; what it puts in is
// not visited.
func walk(n parse.Node, visit func(parse.Node)) {
	switch n := n.(type) {
	case *parse.ListNode:
		visit(n)
		for _, below := range n.Nodes {
			walk(below, visit)
		}
	case *parse.ActionNode:
		visit(n)
		walk(n.Pipe, visit)
	case *parse.TemplateNode:
		visit(n)
		if n.Pipe != nil {
			walk(n.Pipe, visit)
		}
	case *parse.IfNode:
		visit(n)
		walkBranch(&n.BranchNode, visit)
	case *parse.RangeNode:
		visit(n)
		walkBranch(&n.BranchNode, visit)
	case *parse.WithNode:
		visit(n)
		walkBranch(&n.BranchNode, visit)
	case *parse.PipeNode:
		visit(n)
		for _, cmd := range n.Cmds {
			walk(cmd, visit)
		}
	case *parse.CommandNode:
		var few [4]parse.Node
		args := append(few[:0], n.Args...) // visit puts its own in
		visit(n)
		for _, arg := range args {
			walk(arg, visit)
		}
	case *parse.ChainNode:
		below := n.Node
		visit(n)
		walk(below, visit)
	default:
		visit(n)
	}
}

func walkBranch(n *parse.BranchNode, visit func(parse.Node)) {
	walk(n.Pipe, visit)
	walk(n.List, visit)
	if n.ElseList != nil {
		walk(n.ElseList, visit)
	}
}

// alwaysReached returns the pipelines that every execution reaches: those that
// stand in no branch, no loop and no definition.
func alwaysReached(root *parse.ListNode) map[*parse.PipeNode]bool {
	reached := make(map[*parse.PipeNode]bool)
	for _, n := range root.Nodes {
		var pipe *parse.PipeNode
		switch n := n.(type) {
		case *parse.ActionNode:
			pipe = n.Pipe
		case *parse.TemplateNode:
			pipe = n.Pipe
		case *parse.IfNode:
			pipe = n.Pipe
		case *parse.RangeNode:
			pipe = n.Pipe
		case *parse.WithNode:
			pipe = n.Pipe
		}
		if pipe == nil {
			continue
		}
		walk(pipe, func(n parse.Node) {
			if p, ok := n.(*parse.PipeNode); ok {
				reached[p] = true
			}
		})
	}
	return reached
}
