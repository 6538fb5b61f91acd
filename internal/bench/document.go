package bench

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// place is the generated part of a document: what stands between a line that
// begins with one text and a line that begins with the other.
type place struct{ begin, end string }

// placeFor is the part that a make target writes.
func placeFor(target string) place {
	return place{
		begin: "<!-- figures: written by make " + target + " ",
		end:   "<!-- end of figures -->",
	}
}

// update replaces the part in a Markdown file.
func (p place) update(path, figures string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	updated, err := p.replace(string(text), figures)
	if err != nil {
		return fmt.Errorf("updating %s: %w", path, err)
	}
	return os.WriteFile(path, []byte(updated), 0o644)
}

func (p place) replace(text, figures string) (string, error) {
	before, rest, ok := strings.Cut(text, p.begin)
	line, rest, whole := strings.Cut(rest, "\n")
	_, after, ended := strings.Cut(rest, p.end)
	if !ok || !whole || !ended {
		return "", errors.New("the document has no place for the figures: put the two comment lines back (see document.go)")
	}
	return before + p.begin + line + "\n" + figures + p.end + after, nil
}
