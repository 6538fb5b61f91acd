package cluster_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"concierge/cluster"
)

func TestMemoDecodesWhatWasWrittenAndNothingElse(t *testing.T) {
	var m cluster.Memo[string]
	decoded := 0
	read := func(v cluster.View) []string {
		return m.Read(v, func(e cluster.Entry) string { decoded++; return e.Key + "=" + string(e.Value) })
	}
	v := cluster.View{Entries: []cluster.Entry{{Key: "a", Value: []byte("1"), Version: 1}, {Key: "b", Value: []byte("1"), Version: 2}}}
	read(v)
	v.Entries = append(slices.Clone(v.Entries), cluster.Entry{Key: "c", Value: []byte("1"), Version: 3})
	v.Entries[0].Value, v.Entries[0].Version = []byte("2"), 4
	if got := read(v); !slices.Equal(got, []string{"a=2", "b=1", "c=1"}) || decoded != 4 {
		t.Errorf("it reads %q, with %d decoded", got, decoded)
	}
	v.Entries = slices.Clone(v.Entries)
	v.Entries[1].Value = []byte("of a backup, with the same version")
	if got := read(v); got[1] != "b=of a backup, with the same version" {
		t.Errorf("it reads %q", got)
	}
}

func TestMemoReadsAnyViewAsIfItWereTheFirst(t *testing.T) {
	var m cluster.Memo[string]
	text := func(e cluster.Entry) string { return fmt.Sprint(e.Key, string(e.Value), e.Version) }
	var v cluster.View
	for n := range 2000 {
		e := cluster.Entry{Key: fmt.Sprint(rand.N(20)), Value: fmt.Append(nil, n), Version: cluster.Version(n + 1)}
		if rand.N(3) == 0 {
			e.Version = cluster.Absent
		}
		v = cluster.View{Entries: slices.Clone(v.Entries)}.With(e)
		var want []string
		for _, e := range v.Entries {
			want = append(want, text(e))
		}
		if got := m.Read(v, text); !slices.Equal(got, want) {
			t.Fatalf("it reads %q, and there is %q", got, want)
		}
	}
}
