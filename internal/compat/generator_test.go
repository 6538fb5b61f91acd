package compat

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

// generator makes templates that mostly render, of the productions of grammar.
type generator struct {
	*rand.Rand
	grammar     map[string][]string
	total       []string
	loose       []string
	prefix      string
	keys        []string            // below prefix
	variables   map[string][]string // by type, those in scope
	names       int                 // variables made so far
	depth       int
	unsound     int // one in so many expressions may fail
	placeholder *regexp.Regexp
}

func newGenerator(seed, n uint64, prefix string, keys []string) *generator {
	return &generator{
		Rand: rand.New(rand.NewPCG(seed, n)), grammar: grammar(), total: total(), loose: loose(),
		prefix: prefix, keys: keys, variables: make(map[string][]string), unsound: 400,
		placeholder: regexp.MustCompile(`\{(data [a-z]|[a-z]+)\}`),
	}
}

// template makes a whole template. Nearly everything stands in a part that is
// executed once all data is there: consul-template gives up when a template
// fails on the empty first pass, which says nothing about functions.
func (g *generator) template() string {
	var b strings.Builder
	fmt.Fprintf(&b, "{{ define \"piece\" }}<{{ . }}>{{ end -}}\n{{ range tree %q }}{{ scratch.Set .Key .Value }}{{ end -}}\n", g.prefix)
	for range g.IntN(4) {
		fmt.Fprintf(&b, "direct: {{ %s }}\n", g.fill(g.pick(g.total)))
	}
	fmt.Fprintf(&b, "{{ if and (scratch.Key \"zz\") (tree %[1]q) (ls %[1]q) (ls %[2]q) -}}\n", g.prefix+"t", g.prefix+"t/x")
	b.WriteString(g.block(4 + g.IntN(8)))
	b.WriteString("{{- end }}\n")
	return b.String()
}

func (g *generator) block(statements int) string {
	defer g.scope()()
	var b strings.Builder
	for range statements {
		b.WriteString(g.statement())
	}
	return b.String()
}

// scope returns what forgets the variables declared from now on.
func (g *generator) scope() (end func()) {
	before := make(map[string]int)
	for kind, all := range g.variables {
		before[kind] = len(all)
	}
	return func() {
		for kind, all := range g.variables {
			g.variables[kind] = all[:before[kind]]
		}
	}
}

func (g *generator) statement() string {
	g.depth++
	defer func() { g.depth-- }()
	choice := g.IntN(12)
	if g.depth > 3 {
		choice = g.IntN(6)
	}
	switch choice {
	case 6:
		return fmt.Sprintf("{{ if %s }}yes\n%s{{ else }}no\n%s{{ end }}", g.expression("bool"), g.block(2), g.block(1))
	case 7:
		defer g.scope()()
		list := g.expression("strs")
		return fmt.Sprintf("{{ range $%s := %s }}%s{{ else }}empty\n{{ end }}", g.declare("str"), list, g.block(2))
	case 8:
		defer g.scope()()
		dict := g.expression("dict")
		key := g.declare("str")
		return fmt.Sprintf("{{ range $%s, $v := %s }}{{ $v | toJSON }} %s{{ end }}", key, dict, g.block(1))
	case 9:
		kind := g.pick([]string{"str", "int", "bool", "strs", "list", "dict", "float"})
		value := g.expression(kind)
		return fmt.Sprintf("{{ $%s := %s }}", g.declare(kind), value)
	case 10:
		return fmt.Sprintf("{{ with %s }}{{ . | printf \"%%v\" }}\n{{ else }}nothing\n{{ end }}", g.expression(g.pick([]string{"str", "int", "dict", "list"})))
	case 11:
		return fmt.Sprintf("{{ range %s }}{{ .Key }}={{ .Value | toJSON }}\n{{ end }}", g.expression("pairs"))
	}
	kind := g.pick([]string{"str", "str", "str", "int", "float", "bool", "dict", "list", "strs"})
	switch kind {
	case "dict", "list", "strs":
		return fmt.Sprintf("%s: {{ %s | toJSON }}\n", kind, g.expression(kind))
	}
	return fmt.Sprintf("%s: {{ %s }}\n", kind, g.expression(kind))
}

// declare names a new variable of the type.
func (g *generator) declare(kind string) string {
	g.names++
	name := fmt.Sprintf("%s%d", kind, g.names)
	g.variables[kind] = append(g.variables[kind], "$"+name)
	return name
}

// expression makes an expression of the type; parenthesised when it needs it.
func (g *generator) expression(kind string) string {
	g.depth++
	defer func() { g.depth-- }()
	if all := g.variables[kind]; len(all) > 0 && g.IntN(3) == 0 {
		return g.pick(all)
	}
	productions := g.grammar[kind]
	if g.depth > 6 {
		productions = productions[:min(len(productions), 3)]
	} else if g.IntN(g.unsound) == 0 {
		productions = g.loose
	}
	text := g.fill(g.pick(productions))
	if strings.ContainsAny(text, " |") {
		return "(" + text + ")"
	}
	return text
}

// fill replaces the placeholders of a production.
func (g *generator) fill(production string) string {
	return g.placeholder.ReplaceAllStringFunc(production, func(hole string) string {
		switch kind := strings.Trim(hole, "{}"); {
		case kind == "prefix":
			return g.prefix
		case kind == "key":
			return g.pick(g.keys)
		case strings.HasPrefix(kind, "data "):
			return fmt.Sprintf("(scratch.Get \"%s%d\")", kind[len("data "):], g.IntN(dataPerKind))
		default:
			return g.expression(kind)
		}
	})
}

func (g *generator) pick(from []string) string { return from[g.IntN(len(from))] }

// dataPerKind is how many keys there are of each kind of content.
const dataPerKind = 3

// data makes random contents for the keys that grammar speaks of.
func (g *generator) data() map[string]string {
	words := []string{"alpha", "Beta", "γάμμα", "d e l t a", "<eps>", "zeta&eta", "it's", "\"q\"", "back\\slash", "x", "", "100%", "{{ no }}", "# c", "- y", "yes", "~"}
	all := map[string]string{"zz": "last"}
	for i := range dataPerKind {
		all[fmt.Sprintf("s%d", i)] = g.pick(words) + g.pick([]string{"", " ", "-", "/"}) + g.pick(words)
		all[fmt.Sprintf("m%d", i)] = g.pick(words) + "\n  " + g.pick(words) + "\n\n" + g.pick(words) + g.pick([]string{"", "\n"})
		all[fmt.Sprintf("n%d", i)] = fmt.Sprint(g.IntN(2000) - 500)
		all[fmt.Sprintf("c%d", i)] = strings.Join([]string{g.pick(words), g.pick(words), fmt.Sprint(g.IntN(100))}, ",")
		all[fmt.Sprintf("d%d", i)] = fmt.Sprintf(`{"a": %d, "b": {"c": %q, "d": [1, 2.5, null, true]}, %q: %v}`,
			g.IntN(1e9), g.pick(words), g.pick([]string{"é", "a/b", "k k", "9"}), g.Float64()*1e4)
		all[fmt.Sprintf("a%d", i)] = fmt.Sprintf(`[%q, %q]`, g.pick(words), g.pick(words))
		all[fmt.Sprintf("t/%d", i)] = g.pick(words)
		all[fmt.Sprintf("t/x/%d/y", i)] = g.pick(words)
	}
	return all
}
