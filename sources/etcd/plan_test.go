package etcd

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	for name, c := range map[string]struct{ wanted, want string }{
		"nothing":                        {"", ""},
		"one key":                        {"app/port", "app/port..app/port\x00"},
		"keys of one directory":          {"app/z app/a app/m", "app/a..app/z\x00"},
		"keys of different directories":  {"a/k b/k", "a/k..a/k\x00 b/k..b/k\x00"},
		"keys at the top stay alone":     {"a z", "a..a\x00 z..z\x00"},
		"tree takes keys below":          {"app/* app/a app/b/c apple", "app/..app0 apple..apple\x00"},
		"tree takes trees below":         {"app/* app/x/* ap*", "ap..aq"},
		"tree between keys of directory": {"d/a d/m/* d/z", "d/a..d/z\x00"},
		"everything":                     {"* a b/*", ".."},
		"tree without an upper end":      {"\xff* a", "a..a\x00 \xff.."},
	} {
		t.Run(name, func(t *testing.T) {
			if got := show(plan(parse(c.wanted))); got != c.want {
				t.Errorf("plan is %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlanMergesUpwardsBeyondTheLimit(t *testing.T) {
	var wanted []target
	for i := range 1000 {
		wanted = append(wanted, target{path: fmt.Sprintf("svc/%d/a%d/k", i%10, i)})
	}
	spans := plan(wanted)
	if len(spans) != 10 {
		t.Errorf("1,000 keys below ten directories are %d ranges, want 10: %s", len(spans), show(spans))
	}
	mustCover(t, spans, wanted)
}

func TestSplitGivesEveryTargetItsOwnRange(t *testing.T) {
	spans := plan(parse("app/* app/a app/b"))
	parts := spans[0].split()
	if len(spans) != 1 || len(parts) != 3 {
		t.Fatalf("plan %s splits into %s", show(spans), show(parts))
	}
	mustCover(t, parts, parse("app/* app/a app/b"))
}

func TestBoundsNeverLeaveThePrefix(t *testing.T) {
	for name, c := range map[string]struct{ prefix, from, to, key, end string }{
		"whole store":           {"", "", "", "\x00", "\x00"},
		"whole prefix":          {"/c/", "", "", "/c/", "/c0"},
		"range":                 {"/c/", "a", "b", "/c/a", "/c/b"},
		"open end":              {"/c/", "\xff", "", "/c/\xff", "/c0"},
		"open end, no prefix":   {"", "\xff", "", "\xff", "\x00"},
		"prefix without an end": {"\xff", "a", "", "\xffa", "\x00"},
	} {
		if key, end := bounds(c.prefix, c.from, c.to); key != c.key || end != c.end {
			t.Errorf("%s: %q..%q, want %q..%q", name, key, end, c.key, c.end)
		}
	}
}

func FuzzPlanCoversItsTargets(f *testing.F) {
	f.Add("app/* app/a b/c b/d x", uint64(1), 10)
	f.Add("* \xff* \xff\xff* a//b /a", uint64(2), 200)
	f.Fuzz(func(t *testing.T, wanted string, seed uint64, more int) {
		targets := parse(wanted)
		random := rand.New(rand.NewPCG(seed, 0))
		for range more % 300 {
			targets = append(targets, target{path: randomPath(random), tree: random.IntN(8) == 0})
		}
		spans := plan(targets)
		mustCover(t, spans, targets)
		for i := 1; i < len(spans); i++ {
			if spans[i-1].to == "" || spans[i-1].to > spans[i].from {
				t.Errorf("ranges overlap: %s", show(spans))
			}
		}
	})
}

func randomPath(random *rand.Rand) string {
	var b strings.Builder
	for range 1 + random.IntN(5) {
		fmt.Fprintf(&b, "%c/", 'a'+random.IntN(6))
	}
	return strings.TrimSuffix(b.String(), "/")
}

// mustCover checks that each target is served by one range, which holds all of it.
func mustCover(t *testing.T, spans []span, targets []target) {
	t.Helper()
	for _, want := range targets {
		need := want.span()
		ok := slices.ContainsFunc(spans, func(s span) bool {
			return slices.Contains(s.targets, want) && s.from <= need.from && compareEnds(s.to, need.to) >= 0
		})
		if !ok {
			t.Errorf("%+v is not covered by %s", want, show(spans))
		}
	}
}

// parse reads targets separated by spaces; a star at the end makes a tree.
func parse(text string) (targets []target) {
	for word := range strings.FieldsSeq(text) {
		path, tree := strings.CutSuffix(word, "*")
		targets = append(targets, target{path: path, tree: tree})
	}
	return targets
}

func show(spans []span) string {
	var words []string
	for _, s := range spans {
		words = append(words, s.from+".."+s.to)
	}
	return strings.Join(words, " ")
}
