package convert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
)

// renamed are functions of confd that have another name in concierge, and are
// the same otherwise.
var renamed = map[string]string{
	"getv": "key", "exists": "keyExists", "getenv": "env", "json": "parseJSON", "jsonArray": "parseJSON", "atoi": "parseInt",
}

// different are functions of confd that need a hand, and what to write.
var different = map[string]string{
	"get":             "write key for its value",
	"gets":            `write range ls "PREFIX": .Key is relative to the prefix, .Value is the same`,
	"getvs":           `write range ls "PREFIX", and .Value for the value`,
	"ls":              `write range ls "PREFIX", and .Key for the name`,
	"lsdir":           `write range $name, $pairs := byKey (tree "PREFIX")`,
	"dir":             "write osDir or sprig_dir",
	"base":            "write osBase or sprig_base",
	"split":           "turn the arguments round: split SEPARATOR TEXT",
	"join":            "turn the arguments round: join SEPARATOR LIST",
	"contains":        "write sprig_contains PART TEXT",
	"replace":         "write replaceAll OLD NEW TEXT",
	"trimSuffix":      "write trimSuffix SUFFIX TEXT",
	"map":             "write sprig_dict",
	"datetime":        "write timestamp",
	"reverse":         "write sprig_reverse",
	"sortByLength":    "write sprig_sortAlpha, or sort in the store",
	"sortKVByLength":  "pairs are sorted by key",
	"add":             "turn the arguments round where the order matters: add, subtract, multiply, divide, modulo",
	"sub":             "write subtract, with the arguments turned round",
	"mul":             "write multiply",
	"div":             "write divide, with the arguments turned round",
	"mod":             "write modulo, with the arguments turned round",
	"seq":             "write loop FROM TO, where TO is not among the numbers",
	"lookupIP":        "look it up outside, or use a service of Consul",
	"lookupIPV4":      "look it up outside, or use a service of Consul",
	"lookupIPV6":      "look it up outside, or use a service of Consul",
	"lookupSRV":       "use a service of Consul",
	"lookupIfaceIPV4": "write sockaddr",
	"lookupIfaceIPV6": "write sockaddr",
	"fileExists":      "there is no such function; decide by a key",
	"parseBool":       "write parseBool; it is the same",
	"base64Encode":    "",
	"base64Decode":    "",
	"toUpper":         "",
	"toLower":         "",
	"cget":            "decrypt it with Vault's transit engine",
	"cgetv":           "decrypt it with Vault's transit engine",
	"cgets":           "decrypt it with Vault's transit engine",
	"cgetvs":          "decrypt it with Vault's transit engine",
}

// rewriteConfd rewrites what is mechanical in a template, and says what is left.
// The text around and the spacing stay as they are.
func rewriteConfd(text, prefix string) (rewritten string, remarks []string) {
	tree := parse.New("confd")
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(text, "", "", make(map[string]*parse.Tree)); err != nil {
		return text, []string{"which is not a template: " + err.Error()}
	}
	w := confdWalk{text: text, prefix: prefix}
	w.node(tree.Root)
	slices.SortStableFunc(w.edits, func(a, b edit) int { return b.at - a.at })
	for _, e := range w.edits {
		text = text[:e.at] + e.new + text[e.at+len(e.old):]
	}
	return text, w.remarks
}

// edit replaces a word of the template.
type edit struct {
	at       int
	old, new string
}

type confdWalk struct {
	text, prefix string
	edits        []edit
	remarks      []string
}

func (w *confdWalk) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, c := range n.Nodes {
			w.node(c)
		}
	case *parse.ActionNode:
		w.pipe(n.Pipe)
	case *parse.TemplateNode:
		w.pipe(n.Pipe)
	case *parse.IfNode:
		w.branch(&n.BranchNode)
	case *parse.RangeNode:
		w.branch(&n.BranchNode)
	case *parse.WithNode:
		w.branch(&n.BranchNode)
	}
}

func (w *confdWalk) branch(b *parse.BranchNode) {
	w.pipe(b.Pipe)
	w.node(b.List)
	w.node(b.ElseList)
}

func (w *confdWalk) pipe(p *parse.PipeNode) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		if f, ok := c.Args[0].(*parse.IdentifierNode); ok {
			w.call(f, c.Args[1:])
		}
		for _, arg := range c.Args {
			if inner, ok := arg.(*parse.PipeNode); ok {
				w.pipe(inner)
			}
		}
	}
}

// call rewrites the call of a function.
func (w *confdWalk) call(f *parse.IdentifierNode, args []parse.Node) {
	at := int(f.Pos)
	if !strings.HasPrefix(w.text[min(at, len(w.text)):], f.Ident) {
		w.remark(at, f.Ident, "rewrite it")
		return
	}
	name, same := renamed[f.Ident]
	if what, other := different[f.Ident]; other && what != "" {
		w.remark(at, f.Ident, what)
	}
	if !same {
		return
	}
	if f.Ident == "getenv" && len(args) > 1 {
		w.remark(at, f.Ident, `write envOrDefault "NAME" "default"`)
		name = "envOrDefault"
	}
	if f.Ident == "getv" && len(args) > 1 {
		name = "keyOrDefault"
	}
	w.edits = append(w.edits, edit{at, f.Ident, name})
	if f.Ident == "getv" || f.Ident == "exists" {
		w.key(at, f.Ident, args)
	}
}

// key puts the prefix in front of a key.
func (w *confdWalk) key(at int, function string, args []parse.Node) {
	if w.prefix == "" {
		return
	}
	if len(args) > 0 {
		if s, ok := args[0].(*parse.StringNode); ok {
			w.edits = append(w.edits, edit{int(s.Pos), s.Quoted, strconv.Quote(w.prefix + "/" + strings.TrimPrefix(s.Text, "/"))})
			return
		}
	}
	w.remark(at, function, fmt.Sprintf("put the prefix %s in front of the key", w.prefix))
}

func (w *confdWalk) remark(at int, function, what string) {
	line := 1 + strings.Count(w.text[:min(at, len(w.text))], "\n")
	w.remarks = append(w.remarks, fmt.Sprintf("line %d: %s: %s.", line, function, what))
}
