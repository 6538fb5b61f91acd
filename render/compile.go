package render

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"concierge/sources"
)

// Parse compiles a template. Its errors are [*Error] with the line and, as far
// as it can be told, the column, except for a malformed option.
func Parse(text string, o Options) (*Template, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	t := &Template{options: o, text: text, lists: make(lists), plugins: plugins{limit: pluginLimit, env: o.CommandEnv, programs: o.Programs}}
	root := parse.New("")
	root.Mode = parse.SkipFuncCheck
	trees := make(map[string]*parse.Tree)
	if _, err := root.Parse(text, o.Left, o.Right, trees); err != nil {
		return nil, t.syntaxError(err)
	}
	c := &compiler{template: t, library: shared(), uses: make(template.FuncMap), found: make(map[sources.Query]bool, strings.Count(text, cmp.Or(o.Left, "{{")))}
	for _, tree := range inOrder(trees) {
		if tree.Name == root.Name {
			c.compileMain(tree.Root)
			continue
		}
		walk(tree.Root, c.visit)
	}
	if c.first != nil {
		return nil, c.first
	}
	t.literals = c.literals
	t.root, err = assemble(trees, c.uses, o)
	if err != nil {
		return nil, t.syntaxError(err)
	}
	if t.root.Tree != nil {
		t.cut.parts = t.cutInParts(trees, c.asks)
	}
	if len(trees) == 1 && t.cut.plain() {
		t.root = nil // what text/template would keep of it takes more than all else
	}
	return t, nil
}

// inOrder sorts definitions by their place in the text.
func inOrder(trees map[string]*parse.Tree) []*parse.Tree {
	return slices.SortedFunc(maps.Values(trees), func(a, b *parse.Tree) int {
		return cmp.Or(cmp.Compare(a.Root.Pos, b.Root.Pos), cmp.Compare(a.Name, b.Name))
	})
}

func assemble(trees map[string]*parse.Tree, uses template.FuncMap, o Options) (*template.Template, error) {
	// zero prints a missing field of a map of strings as nothing and of a map
	// of anything as <no value>.
	missingKey := "missingkey=zero"
	if o.ErrorOnMissingKey {
		missingKey = "missingkey=error"
	}
	root := template.New("").Option(missingKey).Funcs(uses)
	for name, tree := range trees {
		if _, err := root.AddParseTree(name, tree); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// compiler finds the functions and literal queries of a parsed template,
// reports names that nothing has, and tells each call of a store function where
// it stands.
type compiler struct {
	template *Template
	library  *library
	uses     template.FuncMap
	literals []sources.Query
	found    map[sources.Query]bool // those in literals
	certain  bool                   // every execution reaches what is visited now
	first    *Error                 // in the order of the text; nil if there is none
}

// report keeps the error that stands first in the text.
func (c *compiler) report(e *Error) {
	if c.first == nil || e.Line < c.first.Line || e.Line == c.first.Line && e.Column < c.first.Column {
		c.first = e
	}
}

// compileMain visits the main template. What stands in none of its branches
// and loops is reached by every execution.
func (c *compiler) compileMain(root *parse.ListNode) {
	for _, n := range root.Nodes {
		pipe, lists := parted(n)
		if pipe != nil {
			c.certain = true
			walk(pipe, c.visit)
			c.certain = false
		}
		for _, list := range lists {
			if list != nil {
				walk(list, c.visit)
			}
		}
	}
}

// visit is called for every node, parents first.
func (c *compiler) visit(n parse.Node) {
	switch n := n.(type) {
	case *parse.PipeNode:
		c.findLiterals(n)
	case *parse.CommandNode:
		c.command(n)
	case *parse.ChainNode:
		if id, ok := n.Node.(*parse.IdentifierNode); ok && c.use(id) {
			n.Node = located(id)
		}
	}
}

func (c *compiler) command(n *parse.CommandNode) {
	for i, arg := range n.Args {
		id, ok := arg.(*parse.IdentifierNode)
		if !ok || !c.use(id) {
			continue
		}
		if i > 0 {
			n.Args[i] = located(id)
		}
	}
	if id, ok := n.Args[0].(*parse.IdentifierNode); ok && c.asks(id.Ident) {
		n.Args = slices.Insert(n.Args, 1, parse.Node(offsetOf(id)))
	}
}

// use registers a function, and reports whether its calls need their place.
func (c *compiler) use(id *parse.IdentifierNode) bool {
	name := id.Ident
	switch _, known := c.uses[name]; {
	case known, isBuiltin(name):
	case c.denied(name):
		c.uses[name] = disabled
	case c.library.has(name):
		c.uses[name] = c.library.of(name, c.template)
	default:
		c.report(c.template.unknownFunction(id))
	}
	return c.asks(name)
}

// asks reports whether a function asks a store.
func (c *compiler) asks(name string) bool {
	return c.library.bound[name].asks != nil && !c.denied(name)
}

// denied looks at both names of a function of sprig: who denies one does not
// want the other to do the same.
func (c *compiler) denied(name string) bool {
	if len(c.template.options.Denied) == 0 {
		return false
	}
	alias := c.library.alias(name)
	return c.template.options.denied(name) || alias != "" && c.template.options.denied(alias)
}

// located makes a call of its own of a function that stands as an argument,
// so that it can have arguments.
func located(id *parse.IdentifierNode) *parse.PipeNode {
	call := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: id.Pos, Args: []parse.Node{id, offsetOf(id)}}
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: id.Pos, Cmds: []*parse.CommandNode{call}}
}

// offsetOf is the hidden argument that tells a function where it is called.
// Without text of its own it does not show in error messages.
func offsetOf(id *parse.IdentifierNode) *parse.NumberNode {
	return &parse.NumberNode{NodeType: parse.NodeNumber, Pos: id.Pos, IsInt: true, Int64: int64(id.Pos)}
}
