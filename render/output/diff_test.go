package output_test

import (
	"strings"
	"testing"

	"concierge/render/output"
)

func TestDiffOfPlainOutputIsUnified(t *testing.T) {
	got := output.Diff("f", []byte("a\nb\nc\n"), []byte("a\nx\nc\n"), nil, false)
	if want := "--- f\n+++ f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"; got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := output.Diff("f", []byte("a"), []byte("a"), nil, true); got != "" {
		t.Errorf("equal: %q", got)
	}
	if got := output.Diff("f", nil, []byte("a\n"), nil, false); !strings.Contains(got, "+a\n") {
		t.Errorf("new file: %q", got)
	}
}

func TestDiffOfTaintedOutputShowsNoSecret(t *testing.T) {
	before := "top\nuser: u\npass: oldsecret\nlast\nmoved\n"
	after := "moved\ntop\nuser: u\npass: newsecret\nlast\nextra\n"
	masked := "moved\ntop\nuser: u\npass: [masked]\nlast\nextra\n"
	got := output.Diff("f", []byte(before), []byte(after), []byte(masked), true)
	want := "--- f\n+++ f\n@@ -1,5 +1,6 @@\n+moved\n top\n user: u\n-[masked]\n+pass: [masked]\n last\n-moved\n+extra\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDiffWithoutAFittingMaskIsASummary(t *testing.T) {
	for _, masked := range [][]byte{nil, []byte("[masked]\n[masked]\n")} {
		got := output.Diff("f", []byte("before\n"), []byte("after\n"), masked, true)
		if strings.Contains(got, "before") || strings.Contains(got, "after") || strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "f: ") {
			t.Errorf("got %q", got)
		}
	}
}

func FuzzDiffHidesSecrets(f *testing.F) {
	f.Add("a\nb\n", "a\nS\n", "a\n[masked]\n")
	f.Add("", "S", "[masked]")
	f.Add("S\nx", "x\nS", "x\nM")
	f.Fuzz(func(t *testing.T, before, after, masked string) {
		if strings.Contains(masked, "S") {
			return
		}
		got := output.Diff("f", []byte(before), []byte(after), []byte(masked), true)
		if strings.Contains(got, "S") {
			t.Errorf("a secret shows in %q", got)
		}
	})
}
