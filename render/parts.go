package render

import (
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"concierge/render/funcs"
)

// A large template is cut into parts that are executed by themselves, so that
// a change costs only the parts that used it. That needs functions that give
// the same for the same data, and parts that share nothing but the data.

const (
	// partsMin is how many nodes make a template worth cutting.
	partsMin = 64
	// partNodes is how many nodes a part has.
	partNodes = 32
)

// unrepeatable are functions that have effects, or that may give something else
// at each call, or that change what they are given.
var unrepeatable = []string{
	"timestamp", "scratch", "plugin", "writeToFile", "executeTemplate",
	"spew_dump", "spew_printf", "mergeMap", "mergeMapWithOverride",
	"set", "unset", "merge", "mustMerge", "mergeOverwrite", "mustMergeOverwrite",
	"bcrypt", "htpasswd", "encryptAES", "shuffle", "ago", "durationRound", "sockaddr",
}

// repeatable reports whether a function gives the same for the same data.
func repeatable(name string) bool {
	name = strings.TrimPrefix(name, funcs.SprigPrefix)
	return !slices.Contains(unrepeatable, name) && !strings.HasPrefix(name, "gen") && !strings.HasPrefix(name, "rand")
}

// part is a stretch of a template.
type part struct {
	direct *direct            // if it is one
	loop   *loop              // if it is one
	body   *template.Template // of others than direct ones
	memo   memo
}

// loop is a part that is a range over something, with a body that uses nothing
// but the element.
type loop struct {
	subject *template.Template // hands what is gone through to the run
	body    *template.Template // goes through its data
	chunks  []chunk            // of the last execution
}

// cutInParts returns the parts of a template, or nothing if it is executed as a whole.
func (t *Template) cutInParts(trees map[string]*parse.Tree, asks func(string) bool) []*part {
	root := t.root
	for _, tree := range trees {
		if !allRepeatable(tree.Root) || assignsRoot(tree.Root) {
			return nil
		}
	}
	groups := grouped(root.Root.Nodes, asks)
	if len(root.Root.Nodes) < partsMin && !slices.ContainsFunc(groups, isLoop(asks)) {
		return nil
	}
	clone, err := root.Clone()
	if err != nil {
		return nil
	}
	c := cutter{set: clone.Funcs(template.FuncMap{captureName: t.capture})}
	parts := make([]*part, len(groups))
	for i, nodes := range groups {
		parts[i] = &part{direct: directly(nodes, &t.options, asks)}
		if parts[i].direct != nil {
			continue
		}
		parts[i].body = c.add(nodes...)
		if isLoop(asks)(nodes) {
			parts[i].loop = c.loop(nodes[0].(*parse.RangeNode))
		}
	}
	if c.err != nil {
		return nil
	}
	return parts
}

func allRepeatable(root parse.Node) bool {
	ok := true
	walk(root, func(n parse.Node) {
		if id, called := n.(*parse.IdentifierNode); called && !repeatable(id.Ident) {
			ok = false
		}
	})
	return ok
}

// assignsRoot reports whether a template gives $ another value, which all that
// follows would see.
func assignsRoot(root parse.Node) (assigned bool) {
	walk(root, func(n parse.Node) {
		if p, ok := n.(*parse.PipeNode); ok && p.IsAssign && p.Decl[0].Ident[0] == "$" {
			assigned = true
		}
	})
	return assigned
}

// grouped makes a group of every few nodes, one of every loop, and one of all
// that follows the declaration of a variable.
func grouped(nodes []parse.Node, asks func(string) bool) (groups [][]parse.Node) {
	begin := 0
	end := func(i int) {
		if i > begin {
			groups = append(groups, nodes[begin:i])
		}
		begin = i
	}
	for i, n := range nodes {
		if declares(n) {
			end(i)
			end(len(nodes))
			return groups
		}
		if isLoop(asks)([]parse.Node{n}) {
			end(i)
			end(i + 1)
		}
		if i-begin == partNodes {
			end(i)
		}
	}
	end(len(nodes))
	return groups
}

func declares(n parse.Node) bool {
	a, ok := n.(*parse.ActionNode)
	return ok && len(a.Pipe.Decl) > 0
}

// isLoop returns a function that recognizes a group that is a loop whose body
// uses nothing but the element.
func isLoop(asks func(string) bool) func([]parse.Node) bool {
	return func(nodes []parse.Node) bool {
		n, ok := nodes[0].(*parse.RangeNode)
		if !ok || len(nodes) != 1 || len(n.Pipe.Decl) > 0 {
			return false
		}
		walk(n.List, func(n parse.Node) {
			switch n := n.(type) {
			case *parse.BreakNode, *parse.ContinueNode, *parse.TemplateNode:
				ok = false
			case *parse.VariableNode:
				ok = ok && n.Ident[0] != "$"
			case *parse.IdentifierNode:
				ok = ok && !asks(n.Ident)
			}
		})
		return ok
	}
}

// captureName is a function that no template can call.
const captureName = "conciergeCapture"

// cutter makes templates of nodes.
type cutter struct {
	set *template.Template
	n   int
	err error
}

func (c *cutter) add(nodes ...parse.Node) *template.Template {
	c.n++
	name := "part " + strconv.Itoa(c.n)
	t, err := c.set.AddParseTree(name, &parse.Tree{Name: name, Root: &parse.ListNode{NodeType: parse.NodeList, Nodes: nodes}})
	if err != nil {
		c.err = err
	}
	return t
}

func (c *cutter) loop(n *parse.RangeNode) *loop {
	dot := pipeOf(&parse.DotNode{NodeType: parse.NodeDot})
	body := &parse.RangeNode{BranchNode: parse.BranchNode{NodeType: parse.NodeRange, Pos: n.Pos, Line: n.Line, Pipe: dot, List: n.List}}
	capture := &parse.ActionNode{NodeType: parse.NodeAction, Pos: n.Pos, Line: n.Line, Pipe: pipeOf(parse.NewIdentifier(captureName), n.Pipe)}
	return &loop{subject: c.add(capture), body: c.add(body)}
}

func pipeOf(args ...parse.Node) *parse.PipeNode {
	return &parse.PipeNode{NodeType: parse.NodePipe, Cmds: []*parse.CommandNode{{NodeType: parse.NodeCommand, Args: args}}}
}
