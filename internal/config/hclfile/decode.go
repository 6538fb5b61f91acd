package hclfile

import (
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/hcl/ast"

	"concierge/internal/config"
)

// Decode reads a document into a block, which is a pointer to a struct. name is
// what messages call the document. The error is of type [config.Errors], with
// all that is wrong. warnings are about what is read, but perhaps not as meant.
func Decode(name string, text []byte, block any) (warnings []string, err error) {
	items, err := parse(name, text)
	if err != nil {
		return nil, config.Errors{err.(*config.Error)}
	}
	d := decoder{name: name, root: reflect.TypeOf(block).Elem()}
	d.block(blockOf(items), reflect.ValueOf(block).Elem(), "")
	if len(d.errs) > 0 {
		return nil, d.errs
	}
	return d.warnings, nil
}

// decoder reads one document. It goes on after an error, so that all are told
// at once.
type decoder struct {
	name     string
	root     reflect.Type
	errs     config.Errors
	warnings []string
}

func (d *decoder) fail(at config.Origin, path, value, reason, hint string) {
	d.errs = append(d.errs, &config.Error{Origin: at, Path: path, Value: shorten(value), Reason: reason, Hint: hint})
}

func (d *decoder) warn(at config.Origin, path, text string) {
	d.warnings = append(d.warnings, at.String()+": "+path+": "+text)
}

func (d *decoder) block(entries []entry, v reflect.Value, path string) {
	members := membersOf(v)
	seen := make(map[string]bool)
	for _, e := range entries {
		m, ok := find(members, e.key)
		if !ok {
			d.unknown(e, path, v, members)
			continue
		}
		at := join(path, m.names[0])
		_, single := m.setting()
		switch {
		case single:
			d.setting(e, m, at)
		case m.repeated():
			d.repeat(e, m, at)
		default:
			if seen[m.names[0]] {
				d.warn(place(d.name, e.item), at, "is written again; only the last block of a file counts, as in consul-template")
			}
			m.value.SetZero()
			d.nested(e, e.item.Val, m.value, at)
		}
		seen[m.names[0]] = true
	}
}

func (d *decoder) unknown(e entry, path string, block reflect.Value, members []member) {
	if open, ok := block.Addr().Interface().(OpenBlock); ok {
		open.SetUnknown(join(path, e.key), place(d.name, e.item).String())
		return
	}
	names := make([]string, 0, len(members))
	for _, m := range members {
		names = append(names, m.names[0])
	}
	hint := config.Suggest(e.key, names)
	if other := elsewhere(e.key, d.root, "", nil); hint == "" && other != "" {
		hint = "did you mean " + other + "?"
	}
	if hint == "" {
		hint = "known here: " + strings.Join(names, ", ")
	}
	d.fail(place(d.name, e.item), path, e.key, "is not a known key", hint)
}

// elsewhere returns the path of a key of that name in another block.
func elsewhere(name string, t reflect.Type, path string, above []reflect.Type) string {
	if slices.Contains(above, t) {
		return ""
	}
	for _, m := range membersOf(reflect.New(t).Elem()) {
		at := join(path, m.names[0])
		if slices.Contains(m.names, name) && path != "" {
			return at
		}
		nested := m.value.Type()
		if m.repeated() {
			nested = nested.Elem()
		}
		if _, single := m.setting(); single {
			continue
		}
		if found := elsewhere(name, nested, at, append(above, t)); found != "" {
			return found
		}
	}
	return ""
}

func (d *decoder) setting(e entry, m member, path string) {
	s, _ := m.setting()
	at := place(d.name, e.item)
	items, list, err := literals(e.item.Val)
	if err != nil {
		d.fail(at, path, "", err.Error(), "write "+lastKey(path)+" = value")
		return
	}
	c := s.set(items, list, at.String())
	if c == (complaint{}) {
		d.numbers(at, path, m, items)
		return
	}
	shown := ""
	if !list && !s.secret() {
		shown = items[0].text
	}
	d.fail(at, path, shown, c.reason, c.hint)
}

// repeat adds a block, or all of a list of blocks.
func (d *decoder) repeat(e entry, m member, path string) {
	nodes := []ast.Node{e.item.Val}
	if list, ok := e.item.Val.(*ast.ListType); ok {
		nodes = list.List
	}
	for _, n := range nodes {
		for _, l := range labelled(n, m.value.Type().Elem()) {
			block := reflect.New(m.value.Type().Elem())
			if l.label != "" {
				block.Interface().(LabelledBlock).SetLabel(l.label)
			}
			d.nested(e, l.body, block.Elem(), index(path, m.value.Len()))
			m.value.Set(reflect.Append(m.value, block.Elem()))
		}
	}
}

// labelledBody is the body of a block and what stands between it and its key.
type labelledBody struct {
	label string
	body  ast.Node
}

// labelled parts a block with labels into its bodies. The parser makes a block
// of each label; it is one if all in it are blocks of unknown keys.
func labelled(n ast.Node, t reflect.Type) []labelledBody {
	plain := []labelledBody{{body: n}}
	object, ok := n.(*ast.ObjectType)
	if _, may := reflect.New(t).Interface().(LabelledBlock); !ok || !may {
		return plain
	}
	var all []labelledBody
	members := membersOf(reflect.New(t).Elem())
	for _, e := range blockOf(object.List) {
		_, known := find(members, e.key)
		if _, block := e.item.Val.(*ast.ObjectType); known || !block {
			return plain
		}
		all = append(all, labelledBody{e.key, e.item.Val})
	}
	if all == nil {
		return plain
	}
	return all
}

// nested reads a block, which may be a text instead if it knows how.
func (d *decoder) nested(e entry, n ast.Node, v reflect.Value, path string) {
	at := place(d.name, e.item)
	if p, ok := v.Addr().Interface().(interface{ SetPlace(string) }); ok {
		p.SetPlace(at.String())
	}
	switch n := n.(type) {
	case *ast.ObjectType:
		d.block(blockOf(n.List), v, path)
		return
	case *ast.ListType: // JSON has a list where HCL repeats the block
		if len(n.List) > 0 {
			d.nested(e, n.List[len(n.List)-1], v, path)
		}
		return
	case *ast.LiteralType:
		b, ok := v.Addr().Interface().(TextBlock)
		l, err := literalOf(n)
		if !ok || err != nil {
			break
		}
		if err := b.SetText(l.text, at.String()); err != nil {
			d.fail(at, path, "", err.Error(), "")
		}
		return
	}
	d.fail(at, path, "", "is a single value", "write "+lastKey(path)+" { … }")
}
