package convert

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"
)

// ContainerPilot's file is a template of the environment. References to a
// variable become marks, so that they stay references. What else the template
// does (loops, conditions) decides what is in the file, and is done now.

// maxSteps bounds how often bodies of loops run, and how long lists are.
const maxSteps = 10_000

// errTooLong says that a template goes on for too long.
var errTooLong = fmt.Errorf("its loops run more than %d times", maxSteps)

// expanded is a template that was taken apart.
type expanded struct {
	text    string
	vars    variables
	decided bool // something else than references was in it
}

// expand takes a template apart.
func expand(path, text string) (expanded, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.ContainsAny(text, string(markBegin)+string(markEnd)) {
		return expanded{}, fmt.Errorf("%s: has a character for private use, U+E000 or U+E001; remove it", path)
	}
	steps := 0
	t, err := template.New(filepath.Base(path)).Option("missingkey=zero").Funcs(pilotFunctions(&steps)).Parse(text)
	if err != nil {
		return expanded{}, fmt.Errorf("%s: is not a template: %w", path, err)
	}
	if t.Tree == nil {
		return expanded{}, nil
	}
	w := pilotWalk{count: countNode()}
	w.list(t.Root)
	for _, other := range t.Templates() {
		if other != t && other.Tree != nil {
			w.list(other.Root)
			other.Root.Nodes = append([]parse.Node{w.count}, other.Root.Nodes...)
			w.out.decided = true
		}
	}
	if w.secret != "" {
		return expanded{}, fmt.Errorf("%s: %s: would copy a secret; write only {{ .NAME }} there", path, w.secret)
	}
	var b strings.Builder
	err = t.Execute(&b, environment())
	if errors.Is(err, errTooLong) {
		err = errTooLong
	}
	if err != nil {
		return expanded{}, fmt.Errorf("%s: cannot be rendered: %w", path, err)
	}
	w.out.text = b.String()
	return w.out, nil
}

func environment() map[string]string {
	env := make(map[string]string)
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

// countNode is the call of a function that ends a template that goes on for too
// long.
func countNode() parse.Node {
	funcs := map[string]any{countFunction: func() string { return "" }}
	t := template.Must(template.New("").Funcs(funcs).Parse("{{" + countFunction + "}}"))
	return t.Root.Nodes[0]
}

const countFunction = "concierge_count"

// pilotWalk replaces references by marks.
type pilotWalk struct {
	out    expanded
	place  jsonPlace
	count  parse.Node
	secret string // what would print one
}

func (w *pilotWalk) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for i, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			w.place.feed(string(n.Text))
		case *parse.ActionNode:
			one, ok := reference(n)
			if !ok {
				w.out.decided = true
				if len(n.Pipe.Decl) == 0 && credentialName.MatchString(n.String()) {
					w.secret = n.String()
				}
				continue
			}
			text := w.out.vars.add(one)
			if !w.place.quoted() {
				text = `"` + text + `"`
			}
			l.Nodes[i] = &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(text)}
		case *parse.IfNode:
			w.branch(&n.BranchNode)
		case *parse.WithNode:
			w.branch(&n.BranchNode)
		case *parse.RangeNode:
			w.branch(&n.BranchNode)
			n.List.Nodes = append([]parse.Node{w.count}, n.List.Nodes...)
		}
	}
}

func (w *pilotWalk) branch(b *parse.BranchNode) {
	w.out.decided = true
	w.list(b.List)
	w.list(b.ElseList)
}

// reference recognizes {{ .NAME }} and {{ env "NAME" }}, also with a default.
func reference(n *parse.ActionNode) (variable, bool) {
	one := variable{source: n.String()}
	cmds := n.Pipe.Cmds
	if len(n.Pipe.Decl) > 0 || len(cmds) == 0 || len(cmds) > 2 {
		return one, false
	}
	switch first := cmds[0].Args; {
	case len(first) == 1 && first[0].Type() == parse.NodeField && len(first[0].(*parse.FieldNode).Ident) == 1:
		one.name = first[0].(*parse.FieldNode).Ident[0]
	case len(first) == 2 && isCall(first, "env"):
		one.name, _ = literal(first[1])
	}
	if len(cmds) == 2 {
		args := cmds[1].Args
		if len(args) != 2 || !isCall(args, "default") {
			return one, false
		}
		var ok bool
		if one.fallback, ok = literal(args[1]); !ok {
			return one, false
		}
	}
	return one, variableWord.MatchString(one.name)
}

var variableWord = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func isCall(args []parse.Node, name string) bool {
	f, ok := args[0].(*parse.IdentifierNode)
	return ok && f.Ident == name
}

// literal returns the text of a constant.
func literal(n parse.Node) (string, bool) {
	switch n := n.(type) {
	case *parse.StringNode:
		return n.Text, true
	case *parse.NumberNode:
		return n.Text, true
	}
	return "", false
}
