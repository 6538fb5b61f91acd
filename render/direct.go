package render

import (
	"bytes"
	"text/template/parse"

	"concierge/sources"
)

// direct is a part that is nothing but text and calls such as {{ key "a" }}. It
// is put together without text/template, which takes some microseconds for each
// call.
type direct struct {
	pieces []piece
	asks   []sources.Query // without repetitions
}

// piece is text, or the value of a key.
type piece struct {
	text   []byte
	query  sources.Query // without a kind: text
	offset int           // of the call in the template's text
}

// directly returns the nodes as a direct part, or nil if they are not one.
func directly(nodes []parse.Node, o *Options, asks func(string) bool) *direct {
	pieces := make([]piece, len(nodes))
	for i, n := range nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			pieces[i].text = n.Text
		case *parse.ActionNode:
			path, offset, ok := literalKey(n.Pipe)
			if !ok || !asks("key") {
				return nil
			}
			q, err := o.query(sources.Key, path)
			if err != nil {
				return nil
			}
			pieces[i] = piece{query: q, offset: offset}
		default:
			return nil
		}
	}
	return newDirect(pieces)
}

func newDirect(pieces []piece) *direct {
	d := &direct{pieces: pieces}
	asked := make(map[sources.Query]struct{}, len(pieces))
	for _, p := range pieces {
		if _, again := asked[p.query]; !again && p.query.Kind != 0 {
			asked[p.query] = struct{}{}
			d.asks = append(d.asks, p.query)
		}
	}
	return d
}

// literalKey returns the path and the hidden offset of a call of key.
func literalKey(p *parse.PipeNode) (path string, offset int, ok bool) {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 3 {
		return "", 0, false
	}
	args := p.Cmds[0].Args
	function, named := args[0].(*parse.IdentifierNode)
	at, located := args[1].(*parse.NumberNode)
	text, literal := args[2].(*parse.StringNode)
	if !named || function.Ident != "key" || !located || !literal || text.Text == "" {
		return "", 0, false
	}
	return text.Text, int(at.Int64), true
}

// execute writes what the pieces give. What they ask is noted by the caller.
func (d *direct) execute(r *run, output *bytes.Buffer) {
	for _, p := range d.pieces {
		if p.query.Kind == 0 {
			output.Write(p.text)
			continue
		}
		output.WriteString(r.known(p.query, p.offset))
	}
}

// plain reports whether the parts are direct ones, and there are any.
func (c *partwise) plain() bool {
	for _, p := range c.parts {
		if p.direct == nil {
			return false
		}
	}
	return len(c.parts) > 0
}
