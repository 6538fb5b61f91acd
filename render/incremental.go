package render

import (
	"bytes"
	"slices"
	"strings"
	"text/template"

	"concierge/sources"
)

// chunkPairs is how many pairs of a loop are executed together.
const chunkPairs = 64

// memo is what an execution of a part gave.
type memo struct {
	output  []byte
	used    []sources.Query
	tainted bool
}

// chunk is a stretch of pairs that a loop went through, and what that gave.
type chunk struct {
	pairs  []*sources.KeyPair
	output []byte
}

// partwise is what is known of the last execution by parts.
type partwise struct {
	parts []*part
	known bool         // the memos hold
	mark  sources.Mark // of the snapshot they hold for
	users map[sources.Query][]int
	used  []sources.Query // of all parts
}

// partly executes the parts that used what has changed. ok is false when the
// template has to be executed as a whole: it cannot be cut, something is
// missing, or there was an error, of which only a whole execution tells
// exactly.
func (t *Template) partly(l Lookup) (result Result, ok bool) {
	snapshot, current := l.(sources.Snapshot)
	if len(t.cut.parts) == 0 || !current {
		return Result{}, false
	}
	todo, same := t.cut.affected(snapshot)
	t.cut.known = false
	for _, i := range todo {
		used := t.cut.parts[i].memo.used
		if !t.executePart(t.cut.parts[i], l) {
			return Result{}, false
		}
		same = same && slices.Equal(used, t.cut.parts[i].memo.used)
	}
	if !same {
		t.cut.users, t.cut.used = nil, t.cut.union()
		t.lists.keep(t.cut.used)
	}
	t.cut.known, t.cut.mark = true, snapshot.Mark()
	return t.cut.result(t.size), true
}

// affected returns the parts that may give something else now; same says that
// the others used what they had used before.
func (c *partwise) affected(now sources.Snapshot) (parts []int, same bool) {
	changed, ok := now.Since(c.mark)
	if !c.known || !ok {
		all := make([]int, len(c.parts))
		for i := range all {
			all[i] = i
		}
		return all, false
	}
	if c.users == nil {
		c.index()
	}
	for _, q := range changed {
		parts = append(parts, c.users[q]...)
	}
	slices.Sort(parts)
	return slices.Compact(parts), true
}

// index notes which parts used what. A template that is executed only once
// needs no index.
func (c *partwise) index() {
	c.users = make(map[sources.Query][]int, len(c.used))
	for i, p := range c.parts {
		for _, q := range p.memo.used {
			c.users[q] = append(c.users[q], i)
		}
	}
}

// union returns what all parts used, in the order of first use.
func (c *partwise) union() []sources.Query {
	n := 0
	for _, p := range c.parts {
		n += len(p.memo.used)
	}
	used, seen := make([]sources.Query, 0, n), make(map[sources.Query]struct{}, n)
	for _, p := range c.parts {
		for _, q := range p.memo.used {
			if _, again := seen[q]; !again {
				seen[q] = struct{}{}
				used = append(used, q)
			}
		}
	}
	return used
}

func (c *partwise) result(size int) Result {
	r := Result{Output: make([]byte, 0, size+size/8), Used: c.used}
	for _, p := range c.parts {
		r.Output = append(r.Output, p.memo.output...)
		r.Tainted = r.Tainted || p.memo.tainted
	}
	return r
}

// executePart executes one part and reports whether it was complete and
// without an error.
func (t *Template) executePart(p *part, l Lookup) bool {
	t.run = newRun(l, t.options.Redactor)
	defer func() { t.run = nil }()
	output, ok := t.outputOf(p)
	if !ok || len(t.run.lacking) > 0 {
		return false
	}
	p.memo = memo{output, t.run.used, t.run.tainted}
	return true
}

func (t *Template) outputOf(p *part) (output []byte, ok bool) {
	size := len(p.memo.output)
	if p.direct != nil {
		t.run.used = p.direct.asks
		b := bytes.NewBuffer(make([]byte, 0, size+size/8))
		p.direct.execute(t.run, b)
		return b.Bytes(), true
	}
	if p.loop != nil {
		if output, ok = t.executeLoop(p.loop); ok {
			return output, true
		}
	}
	return t.executeBody(p.body, nil, size)
}

func (t *Template) executeBody(body *template.Template, data any, size int) (output []byte, ok bool) {
	b := bytes.NewBuffer(make([]byte, 0, size+size/8))
	err := t.into(b, body, data)
	return b.Bytes(), err == nil
}

// executeLoop goes through pairs, and takes over what the last execution made
// of those that are the same. ok is false if there are few, or no pairs at all.
func (t *Template) executeLoop(l *loop) (output []byte, ok bool) {
	if _, ok := t.executeBody(l.subject, nil, 0); !ok || len(t.run.lacking) > 0 {
		return nil, false
	}
	pairs, _ := t.run.captured.([]*sources.KeyPair)
	if len(pairs) <= chunkPairs {
		return nil, false
	}
	next := make([]chunk, 0, len(pairs)/chunkPairs+1)
	size := 0
	for old, fresh := range aligned(l.chunks, pairs) {
		for len(fresh) > 0 {
			c := chunk{pairs: fresh[:min(len(fresh), chunkPairs)]}
			if c.output, ok = t.executeBody(l.body, c.pairs, 0); !ok {
				return nil, false
			}
			next, fresh, size = append(next, c), fresh[len(c.pairs):], size+len(c.output)
		}
		if old != nil {
			next, size = append(next, *old), size+len(old.output)
		}
	}
	l.chunks = next
	output = make([]byte, 0, size)
	for _, c := range next {
		output = append(output, c.output...)
	}
	return output, true
}

// aligned goes through the pairs: first some that are in no chunk, then a chunk
// of the same pairs, or nil at the end.
func aligned(chunks []chunk, pairs []*sources.KeyPair) func(yield func(*chunk, []*sources.KeyPair) bool) {
	return func(yield func(*chunk, []*sources.KeyPair) bool) {
		begin, at := 0, 0 // pairs before at are in chunks, or known to be in none
		for i := range chunks {
			c := &chunks[i]
			if !samePairs(c.pairs, pairs[at:]) {
				place := at + placeOf(c.pairs[0].Path, pairs[at:])
				if !samePairs(c.pairs, pairs[place:]) {
					continue
				}
				at = place
			}
			// The older pairs are let go: they would keep all of their list.
			same := &chunk{pairs: pairs[at : at+len(c.pairs)], output: c.output}
			if !yield(same, pairs[begin:at]) {
				return
			}
			at += len(c.pairs)
			begin = at
		}
		yield(nil, pairs[begin:])
	}
}

// placeOf returns where a path is, or would be, among pairs that are sorted, as
// those of a tree are.
func placeOf(path string, pairs []*sources.KeyPair) int {
	place, _ := slices.BinarySearchFunc(pairs, path, func(p *sources.KeyPair, path string) int { return strings.Compare(p.Path, path) })
	return place
}

// samePairs reports whether all begins with some.
func samePairs(some, all []*sources.KeyPair) bool {
	if len(some) > len(all) {
		return false
	}
	for i, p := range some {
		if p != all[i] && *p != *all[i] {
			return false
		}
	}
	return true
}

// capture is the function captureName.
func (t *Template) capture(v any) string {
	t.run.captured = v
	return ""
}
