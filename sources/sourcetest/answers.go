package sourcetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"concierge/sources"
)

func (s Subject) answers(t *testing.T) {
	t.Run("KeyIsAnsweredWhetherItExistsOrNot", s.keyAnswers)
	t.Run("TreeIsAPlainStringPrefix", s.treePrefix)
	t.Run("TreeIsSortedBytewise", s.treeSorted)
	t.Run("EmptyTreeDoesNotExist", s.emptyTree)
	t.Run("ValuesKeepEveryByte", s.everyByte)
	t.Run("ThousandKeysAreAnswered", s.thousandKeys)
	t.Run("QueryOfForeignKindFails", s.foreignKind)
}

func (s Subject) keyAnswers(t *testing.T) {
	f := s.Open(t)
	f.put(t, "app/port", "80")
	there, absent := f.key("app/port"), f.key("app/none")
	v := follow(t, f, nil, there, absent).answered(there, absent)
	pair, ok := v.values[there].Data.(sources.KeyPair)
	if !ok || !v.values[there].Exists || pair.Value != "80" || pair.Path != there.Path || pair.Key != "" {
		t.Errorf("%s is %+v", there, v.values[there])
	}
	if a := v.values[absent]; a.Exists || a.Data != nil {
		t.Errorf("%s is %+v, want absence without data", absent, a)
	}
	if u := v.updates[0]; u.Source != f.Name {
		t.Errorf("the update is of source %q, want %q", u.Source, f.Name)
	}
}

func (s Subject) treePrefix(t *testing.T) {
	f := s.Open(t)
	f.put(t, "app/a", "1", "apple", "2", "ap", "3", "b/app", "4")
	tree := f.tree("app")
	v := follow(t, f, nil, tree).answered(tree)
	if got, want := flat(f, v.values[tree]), []string{"app/a", "1", "apple", "2"}; !slices.Equal(got, want) {
		t.Errorf("%s is %q, want %q", tree, got, want)
	}
	for _, p := range v.values[tree].Data.(sources.Pairs) {
		if p.Key != "" || !strings.HasPrefix(p.Path, f.Root) {
			t.Errorf("pair is %+v, want the full path and no relative key", p)
		}
	}
}

func (s Subject) treeSorted(t *testing.T) {
	f := s.Open(t)
	names := []string{"s/a", "s/B", "s/a-b", "s/a.b", "s/a/b/c", "s/ä", "s/z", "s/1", "s/10", "s/2"}
	names[0] = "s/a0" // "s/a" would be a folder of "s/a/b/c"
	var want []string
	for _, n := range names {
		f.put(t, n, "v")
		want = append(want, n)
	}
	slices.Sort(want)
	tree := f.tree("s/")
	v := follow(t, f, nil, tree).answered(tree)
	var got []string
	for p := range slices.Chunk(flat(f, v.values[tree]), 2) {
		got = append(got, p[0])
	}
	if !slices.Equal(got, want) {
		t.Errorf("order is %q, want %q", got, want)
	}
}

func (s Subject) emptyTree(t *testing.T) {
	f := s.Open(t)
	tree := f.tree("nothing/")
	w := follow(t, f, nil, tree)
	if v := w.answered(tree); v.values[tree].Exists || len(flat(f, v.values[tree])) != 0 {
		t.Errorf("%s is %+v", tree, v.values[tree])
	}
	f.put(t, "nothing/a", "1")
	w.holds(f, tree, "nothing/a", "1")
	f.delete(t, "nothing/a")
	w.until("the tree is empty again", func(v view) bool { return !v.values[tree].Exists })
}

func (s Subject) everyByte(t *testing.T) {
	f := s.Open(t)
	values := []string{"", "a", "two\nlines", "crlf\r\n", "Grüße 🎉", " spaces ", "{{ key \"x\" }}", strings.Repeat("long ", 20_000)}
	if s.AnyBytes {
		values = append(values, "nul\x00byte", "\xff\xfe not UTF-8", "ends with a newline\n")
	}
	var queries []sources.Query
	for i, value := range values {
		f.put(t, fmt.Sprintf("bytes/%d", i), value)
		queries = append(queries, f.key(fmt.Sprintf("bytes/%d", i)))
	}
	v := follow(t, f, nil, queries...).answered(queries...)
	for i, value := range values {
		if !v.is(queries[i], value) {
			t.Errorf("%.60q came back as %.60q", value, v.values[queries[i]].Data)
		}
	}
}

func (s Subject) thousandKeys(t *testing.T) {
	f := s.Open(t)
	var queries []sources.Query
	for i := range 1000 {
		name := fmt.Sprintf("many/%02d/%04d", i%10, i)
		f.put(t, name, fmt.Sprint(i))
		queries = append(queries, f.key(name))
	}
	w := follow(t, f, nil, queries...)
	v := w.answered(queries...)
	for i, q := range queries {
		if !v.is(q, fmt.Sprint(i)) {
			t.Fatalf("%s is %v", q, v.values[q])
		}
	}
	f.put(t, "many/09/0999", "changed")
	w.value(queries[999], "changed")
}

func (s Subject) foreignKind(t *testing.T) {
	f := s.Open(t)
	foreign := sources.Query{Source: f.Name, Kind: sources.SecretList, Path: f.Root + "a"}
	v := follow(t, f, nil, foreign).until("it failed", func(v view) bool { return v.failed[foreign] != nil })
	if v.has(foreign) {
		t.Errorf("%s was answered", foreign)
	}
}
