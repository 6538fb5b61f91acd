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

// parted returns the pipeline of a node, and the lists that it may execute.
func parted(n parse.Node) (pipe *parse.PipeNode, lists [2]*parse.ListNode) {
	switch n := n.(type) {
	case *parse.ActionNode:
		return n.Pipe, lists
	case *parse.TemplateNode:
		return n.Pipe, lists
	case *parse.IfNode:
		return n.Pipe, [2]*parse.ListNode{n.List, n.ElseList}
	case *parse.RangeNode:
		return n.Pipe, [2]*parse.ListNode{n.List, n.ElseList}
	case *parse.WithNode:
		return n.Pipe, [2]*parse.ListNode{n.List, n.ElseList}
	}
	return nil, lists
}
