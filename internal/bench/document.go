package bench

import (
	"errors"
	"os"
	"strings"
)

// The generated part of the document is between these lines.
const (
	beginMark = "<!-- figures: written by make bench BENCHFLAGS=-update -->\n"
	endMark   = "<!-- end of figures -->"
)

// updateDocument replaces the generated part of a Markdown file.
func updateDocument(path, figures string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	updated, err := replaceFigures(string(text), figures)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(updated), 0o644)
}

func replaceFigures(text, figures string) (string, error) {
	before, rest, ok := strings.Cut(text, beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !ok || !ended {
		return "", errors.New("the document has no place for the figures: put the two comment lines back (see document.go)")
	}
	return before + beginMark + figures + endMark + after, nil
}
