package consul

import (
	"slices"
	"testing"
	"time"

	"concierge/sources"
)

func pairsOf(paths ...string) ranged {
	pairs := make(ranged, len(paths))
	for i, path := range paths {
		pairs[i] = sources.KeyPair{Path: path, Value: "v"}
	}
	return pairs
}

func TestAnswersAreCutFromTheSpan(t *testing.T) {
	a := pairsOf("a", "app", "app/", "app/a", "app/b/c", "apple", "b")
	for _, c := range []struct {
		prefix string
		want   []string
	}{
		{"app", []string{"app", "app/", "app/a", "app/b/c", "apple"}},
		{"app/", []string{"app/", "app/a", "app/b/c"}},
		{"app/b", []string{"app/b/c"}},
		{"b", []string{"b"}},
		{"zoo", nil},
		{"appl/", nil},
	} {
		v := a.value(tree(c.prefix))
		pairs, _ := v.Data.(sources.Pairs)
		var got []string
		for _, kp := range pairs {
			got = append(got, kp.Path)
		}
		if !slices.Equal(got, c.want) || v.Exists != (c.want != nil) {
			t.Errorf("tree %q is %q (exists %v), want %q", c.prefix, got, v.Exists, c.want)
		}
	}
	if v := a.value(key("app/a")); !v.Exists || v.Data.(sources.KeyPair).Path != "app/a" {
		t.Errorf("key app/a is %v", v)
	}
	if v := a.value(key("app/b")); v.Exists {
		t.Errorf("key app/b exists as %v, only app/b/c does", v)
	}
}

func TestOnlyTouchedQueriesAreAnsweredAgain(t *testing.T) {
	p := &poll{reader: span{recurse: true}}
	p.serve([]sources.Query{key("a/1"), key("a/2"), tree("a/"), tree("b/"), tree("")})
	if got := p.update(pairsOf("a/1", "b/1")); len(got) != 5 {
		t.Errorf("first answer is for %v, want all", got)
	}
	got := p.update(pairsOf("a/1", "a/2", "b/1"))
	want := []sources.Query{key("a/2"), tree("a/"), tree("")}
	if !slices.Equal(got, want) {
		t.Errorf("new key is for %v, want %v", got, want)
	}
	if got := p.update(pairsOf("a/1", "a/2")); !slices.Equal(got, []sources.Query{tree("b/"), tree("")}) {
		t.Errorf("deleted key is for %v", got)
	}
}

func TestIndexRules(t *testing.T) {
	for _, c := range []struct{ last, got, want uint64 }{
		{0, 7, 7}, // first answer
		{7, 9, 9}, // change
		{7, 7, 7}, // wait was over
		{9, 7, 0}, // restored or new cluster: start over
		{0, 0, 0}, // none: it cannot be waited for
		{7, 0, 0}, // none any more
	} {
		if got := nextIndex(c.last, c.got); got != c.want {
			t.Errorf("after %d and %d the index is %d, want %d", c.last, c.got, got, c.want)
		}
	}
}

func TestPollThatIsNotHeldIsSlowedDown(t *testing.T) {
	var p pace
	if d := p.after(true, 0); d != 0 {
		t.Errorf("a change is followed by a pause of %v", d)
	}
	var total time.Duration
	for range 100 {
		total += p.after(false, time.Millisecond)
	}
	if total < 30*time.Second {
		t.Errorf("100 useless answers take %v, want them spread out", total)
	}
	if d := p.after(false, defaultWait); d != 0 {
		t.Errorf("a poll held to its end is followed by a pause of %v", d)
	}
	if d := p.after(false, 0); d > 10*time.Millisecond {
		t.Errorf("the pause begins at %v again, want a short one", d)
	}
}
