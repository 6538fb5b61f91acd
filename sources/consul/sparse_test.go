package consul

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// listOf is what Consul answers for so many keys with values of a size.
func listOf(keys, size int) string {
	var all []string
	for i := range keys {
		all = append(all, fmt.Sprintf(`{"LockIndex":0,"Key":"d/k%05d","Flags":0,"Value":"%s","CreateIndex":1,"ModifyIndex":2}`, i, strings.Repeat("QUJD", size/3)))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestReadingEndsWhenMostIsNotWanted(t *testing.T) {
	for name, c := range map[string]struct {
		wanted []string
		list   string
		sparse bool
	}{
		"a few of a few":                   {wanted: []string{"d/k00001"}, list: listOf(100, 30)},
		"a few of thousands":               {wanted: []string{"d/k00001", "d/k04000"}, list: listOf(5000, 30), sparse: true},
		"a few among large neighbours":     {wanted: []string{"d/k00001"}, list: listOf(20, 30_000), sparse: true},
		"most of what is large":            {wanted: []string{"d/k00000", "d/k00001", "d/k00002"}, list: listOf(6, 300_000)},
		"all of thousands, without limits": {list: listOf(5000, 30)},
	} {
		t.Run(name, func(t *testing.T) {
			l := keyList{wanted: c.wanted}
			if err := l.decode(strings.NewReader(c.list)); errors.Is(err, errSparse) != c.sparse || !c.sparse && err != nil {
				t.Errorf("%d pairs and error %v, want an early end: %v", len(l.pairs), err, c.sparse)
			}
		})
	}
}

func TestListsAreDecodedAsTheyAre(t *testing.T) {
	const text = `[{"LockIndex":3,"Key":"a/\u00e4\"b","Flags":42,"Value":null,"Session":"s-1","CreateIndex":18446744073709551615,"ModifyIndex":7,"Namespace":"x"},
		{"ModifyIndex":1,"Value":"AP8=","Key":"b"}]`
	older := ranged{{Path: "b", Value: "\x00\xff"}}
	l := keyList{older: older}
	if err := l.decode(strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	want := ranged{
		{Path: `a/ä"b`, LockIndex: 3, Flags: 42, Session: "s-1", CreateIndex: 18446744073709551615, ModifyIndex: 7},
		{Path: "b", Value: "\x00\xff", ModifyIndex: 1},
	}
	if !l.pairs.equal(want) {
		t.Errorf("decoded %+v, want %+v", l.pairs, want)
	}
	for _, broken := range []string{"", "[", `[{"Key":"a"`, `[{"Key":"a","Value":"A"}]`, `{"Key":"a"}`, text[:len(text)-1]} {
		if err := new(keyList).decode(strings.NewReader(broken)); err == nil {
			t.Errorf("no error for %q", broken)
		}
	}
}

// TestListsAreSortedWhateverConsulMakesOfTheirBytes has keys that are no UTF-8,
// which Consul's text cannot hold.
func TestListsAreSortedWhateverConsulMakesOfTheirBytes(t *testing.T) {
	var l keyList
	if err := l.decode(strings.NewReader(`[{"Key":"u/z"},{"Key":"u/\u00e9"},{"Key":"u/\ufffd"},{"Key":"u/\ud83d\ude00"}]`)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"u/z", "u/é", "u/�", "u/😀"} {
		if !l.pairs.value(key(path)).Exists {
			t.Errorf("%s is not found among %+v", path, l.pairs)
		}
	}
}

// FuzzKeyList checks that no answer, however broken, ends the process, and that
// older answers never show through.
func FuzzKeyList(f *testing.F) {
	f.Add(listOf(3, 6), "d/k00001", "old")
	f.Add(`[{"Key":"a","Value":null},{"Key":"b","Value":"QQ=="}]`, "b", "A")
	f.Fuzz(func(t *testing.T, text, path, value string) {
		fresh, reused := keyList{}, keyList{older: ranged{{Path: path, Value: value}}}
		if a, b := fresh.decode(strings.NewReader(text)), reused.decode(strings.NewReader(text)); (a == nil) != (b == nil) {
			t.Fatalf("errors differ: %v and %v", a, b)
		}
		if !fresh.pairs.equal(reused.pairs) {
			t.Errorf("%+v with older pairs, %+v without", reused.pairs, fresh.pairs)
		}
	})
}
