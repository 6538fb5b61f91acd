package rollouts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// calmFigures are what a fleet without faults showed.
type calmFigures struct {
	kind      string
	plan      plan
	good, bad time.Duration // until all had the good one and it was called so; until the bad one was taken back
	most      int           // in change at once
	changes   int
	tried     int // instances that had the bad one
}

func (f calmFigures) markdown() string {
	var b strings.Builder
	p := f.plan
	fmt.Fprintf(&b, "| %s: %d instances, %d at once, bake %s, window %s | |\n|---|--:|\n", f.kind, p.instances, p.unavailable, p.bake, p.window)
	fmt.Fprintf(&b, "| good edit: all have it and it is called good after | %s |\n", short(f.good))
	fmt.Fprintf(&b, "| good edit: most in change at once | %d |\n", f.most)
	fmt.Fprintf(&b, "| bad edit: instances that tried it | %d |\n", f.tried)
	fmt.Fprintf(&b, "| bad edit: everybody is on the last good release after | %s |\n", short(f.bad))
	return b.String()
}

func short(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }

// middle and longest time of several.
func spread(all []time.Duration) (median, most time.Duration) {
	sorted := slices.Sorted(slices.Values(all))
	if len(sorted) == 0 {
		return 0, 0
	}
	return sorted[len(sorted)/2], sorted[len(sorted)-1]
}

// publish prints figures, and writes them into the document if that is asked
// for.
func publish(t *testing.T, part, figures string) {
	t.Helper()
	t.Logf("%s\n%s", part, figures)
	if !*update || t.Failed() {
		return
	}
	replace(t, filepath.Join("..", "..", "docs", "rollouts.md"), part, figures)
}

// replace writes text between two marks of a document.
func replace(t testing.TB, path, part, figures string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := fmt.Sprintf("<!-- rollouts: %s -->\n", part), fmt.Sprintf("<!-- end of %s -->", part)
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no place for the figures: put the lines %q and %q back", path, begin, end)
	}
	if err := os.WriteFile(path, []byte(before+begin+"\n"+figures+"\n"+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
