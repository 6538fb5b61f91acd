package output

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// hidden stands for a line that must not be shown.
const hidden = "[masked]"

// Diff returns a unified diff from before to after, or nothing if they are equal.
//
// A tainted output holds secrets, so its real lines are not shown: added and
// unchanged lines come from masked, the same output made from masked secrets,
// and removed lines are hidden unless after still has them. If masked has
// another number of lines than after (or is nil) a one-line summary takes the
// diff's place.
func Diff(name string, before, after, masked []byte, tainted bool) string {
	if bytes.Equal(before, after) {
		return ""
	}
	diff, err := udiff.ToUnifiedDiff(name, name, string(before),
		udiff.Lines(string(before), string(after)), udiff.DefaultContextLines)
	if err != nil {
		return summary(name)
	}
	if !tainted {
		return diff.String()
	}
	actual, shown := lines(after), lines(masked)
	if len(actual) != len(shown) {
		return summary(name)
	}
	safe := make(map[string]string, len(shown))
	for i, line := range actual {
		safe[line] = shown[i]
	}
	for _, h := range diff.Hunks {
		maskHunk(h, shown, safe)
	}
	return diff.String()
}

func summary(name string) string {
	return fmt.Sprintf("%s: differs; the lines are not shown because it holds secrets\n", name)
}

func lines(b []byte) []string { return slices.Collect(strings.Lines(string(b))) }

// maskHunk replaces the content of a hunk. Its lines that are not removed are
// shown's from the hunk's start on; safe has what stands for a real line.
func maskHunk(h *udiff.Hunk, shown []string, safe map[string]string) {
	n := h.ToLine - 1
	for i := range h.Lines {
		line := &h.Lines[i]
		if line.Kind != udiff.Delete {
			line.Content = shown[n]
			n++
			continue
		}
		if masked, ok := safe[line.Content]; ok {
			line.Content = masked
			continue
		}
		body := strings.TrimRight(line.Content, "\r\n")
		line.Content = hidden + line.Content[len(body):]
	}
}
