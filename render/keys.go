package render

import "concierge/sources"

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
	return t.below("ls", offset, args, true, false)
}

func (t *Template) safeLs(offset int, args ...string) ([]*sources.KeyPair, error) {
	return t.below("safeLs", offset, args, true, true)
}

func (t *Template) tree(offset int, args ...string) ([]*sources.KeyPair, error) {
	return t.below("tree", offset, args, false, false)
}

func (t *Template) safeTree(offset int, args ...string) ([]*sources.KeyPair, error) {
	return t.below("safeTree", offset, args, false, true)
}

// below lists the children of a prefix, or all below it. With safe, nothing
// found counts as missing.
func (t *Template) below(name string, offset int, args []string, children, safe bool) ([]*sources.KeyPair, error) {
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
	list := t.lists.of(listOf{q, children}, pairs)
	if safe && len(list) == 0 {
		t.run.lack(q, offset, true)
	}
	return list, nil
}
