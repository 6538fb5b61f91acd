package render_test

import (
	"fmt"
	"testing"

	"concierge/render"
)

// BenchmarkManyTemplates is a process with 3,000 templates of one key each:
// what they cost at start-up, and when one key has changed.
func BenchmarkManyTemplates(b *testing.B) {
	const n = 3_000
	text := func(i int) string { return fmt.Sprintf("value = {{ key \"app/%05d\" }}\n", i) }
	all := make([]*render.Template, n)
	for i := range all {
		var err error
		if all[i], err = render.Parse(text(i), render.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	_, data := tenThousand()
	b.Run("parsed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for i := range n {
				if _, err := render.Parse(text(i), render.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("executed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, t := range all {
				if _, err := t.Execute(data); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
