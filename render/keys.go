package render

import (
	"strings"

	"concierge/sources"
)

func keyFunctions() []bound {
	const group = "Keys"
	return []bound{
		{doc(group, "key", "path", "The value of a key. The template waits until the key exists; when it is deleted later, its last value stays.",
			`{{ key "app/port" }}`), pathAsked(sources.Key), 1, func(t *Template) any { return t.key }},
		{doc(group, "keyExists", "path", "Reports whether a key exists.",
			`{{ if keyExists "app/debug" }}debug = true{{ end }}`), pathAsked(sources.Key), 1, func(t *Template) any { return t.keyExists }},
		{doc(group, "keyOrDefault", "path default", "The value of a key, or the default if the key is absent or empty.",
			`{{ keyOrDefault "app/port" "8080" }}`), pathAsked(sources.Key), 1, func(t *Template) any { return t.keyOrDefault }},
		{doc(group, "ls", "prefix", "The keys directly below a prefix, each with Key (relative), Path and Value.",
			`{{ range ls "app" }}{{ .Key }}={{ .Value }}{{ end }}`), pathAsked(sources.Tree), 1, func(t *Template) any { return t.ls }},
		{doc(group, "safeLs", "prefix", "As ls, but the template waits while there are no keys.",
			`{{ range safeLs "app" }}{{ .Key }}={{ .Value }}{{ end }}`), pathAsked(sources.Tree), 1, func(t *Template) any { return t.safeLs }},
		{doc(group, "tree", "prefix", "All keys below a prefix at any depth, each with Key (relative), Path and Value.",
			`{{ range tree "app" }}{{ .Key }}={{ .Value }}{{ end }}`), pathAsked(sources.Tree), 1, func(t *Template) any { return t.tree }},
		{doc(group, "safeTree", "prefix", "As tree, but the template waits while there are no keys.",
			`{{ range safeTree "app" }}{{ .Key }}={{ .Value }}{{ end }}`), pathAsked(sources.Tree), 1, func(t *Template) any { return t.safeTree }},
	}
}

// The functions below have the offset of their call as a first argument that
// the template's author never sees, and check the number of the others
// themselves, so that no error text counts it.

func (t *Template) key(offset int, args ...string) (string, error) {
	if err := arity("key", args, 1); err != nil || args[0] == "" {
		return "", err
	}
	q, err := t.options.query(sources.Key, args[0])
	if err != nil {
		return "", err
	}
	return t.run.text(q, offset), nil
}

// text is the value of a key or file. What ceased to exist keeps its last
// value; what never existed is missing.
func (r *run) text(q sources.Query, offset int) string {
	r.use(q)
	return r.known(q, offset)
}

// known is the same for a query that is noted already.
func (r *run) known(q sources.Query, offset int) string {
	v, ok := r.find(q, offset)
	if !ok {
		return ""
	}
	pair, ok := v.Data.(sources.KeyPair)
	if !ok {
		r.lack(q, offset, true)
	}
	return pair.Value
}

func (t *Template) keyExists(offset int, args ...string) (bool, error) {
	if err := arity("keyExists", args, 1); err != nil || args[0] == "" {
		return false, err
	}
	q, err := t.options.query(sources.Key, args[0])
	if err != nil {
		return false, err
	}
	v, ok := t.run.ask(q, offset)
	return ok && v.Exists, nil
}

func (t *Template) keyOrDefault(offset int, args ...string) (string, error) {
	if err := arity("keyOrDefault", args, 2); err != nil {
		return "", err
	}
	path, fallback := args[0], args[1]
	if path == "" {
		return fallback, nil
	}
	q, err := t.options.query(sources.Key, path)
	if err != nil {
		return "", err
	}
	v, ok := t.run.ask(q, offset)
	if pair, _ := v.Data.(sources.KeyPair); ok && v.Exists && pair.Value != "" {
		return pair.Value, nil
	}
	return fallback, nil
}

func (t *Template) ls(offset int, args ...string) ([]*sources.KeyPair, error) {
	return t.below("ls", offset, args, isChild, false)
}

func (t *Template) safeLs(offset int, args ...string) ([]*sources.KeyPair, error) {
	return t.below("safeLs", offset, args, isChild, true)
}

func (t *Template) tree(offset int, args ...string) ([]*sources.KeyPair, error) {
	return t.below("tree", offset, args, isLeaf, false)
}

func (t *Template) safeTree(offset int, args ...string) ([]*sources.KeyPair, error) {
	return t.below("safeTree", offset, args, isLeaf, true)
}

// below lists what keep selects by relative key. With safe, nothing found
// counts as missing.
func (t *Template) below(name string, offset int, args []string, keep func(string) bool, safe bool) ([]*sources.KeyPair, error) {
	none := []*sources.KeyPair{}
	if err := arity(name, args, 1); err != nil || args[0] == "" {
		return none, err
	}
	q, err := t.options.query(sources.Tree, args[0])
	if err != nil {
		return none, err
	}
	v, ok := t.run.ask(q, offset)
	if !ok {
		return none, nil
	}
	pairs, _ := v.Data.(sources.Pairs)
	list := relative(pairs, q.Path, keep)
	if safe && len(list) == 0 {
		t.run.lack(q, offset, true)
	}
	return list, nil
}

// relative returns copies of the pairs that keep selects, with their keys below
// the prefix. They are pointers for those who print them as a whole: that is
// what consul-template shows.
func relative(pairs sources.Pairs, prefix string, keep func(string) bool) []*sources.KeyPair {
	copies := make(sources.Pairs, 0, len(pairs)) // never grows, so pointers into it stay good
	list := make([]*sources.KeyPair, 0, len(pairs))
	for _, p := range pairs {
		p.Key = strings.TrimLeft(strings.TrimPrefix(p.Path, prefix), "/")
		if keep(p.Key) {
			copies = append(copies, p)
			list = append(list, &copies[len(copies)-1])
		}
	}
	return list
}

// isChild selects direct children; folder markers end with a slash.
func isChild(key string) bool { return key != "" && !strings.Contains(key, "/") }

// isLeaf drops folder markers and the prefix itself.
func isLeaf(key string) bool { return key != "" && !strings.HasSuffix(key, "/") }
