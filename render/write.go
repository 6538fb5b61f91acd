package render

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Write is a file that the function writeToFile asks for. Nothing of it is done
// by this package.
type Write struct {
	Path        string // as the template gives it
	User, Group string // name or number; empty leaves the owner as it is
	Mode        fs.FileMode
	Append      bool // to what is there, else instead of it
	Newline     bool // a line break after the content
	Content     []byte
}

func (t *Template) writeToFile(path, user, group, mode string, rest ...string) (string, error) {
	if len(rest) < 1 || len(rest) > 2 {
		return "", fmt.Errorf("wrong number of arguments, expected 5 or 6, but got %d", 4+len(rest))
	}
	w := Write{Path: path, User: user, Group: group, Content: []byte(rest[len(rest)-1])}
	if path == "" {
		return "", hint(errEmptyPath, "name the file to write")
	}
	var err error
	if w.Mode, err = permissions(mode); err != nil {
		return "", err
	}
	if len(rest) == 2 {
		if err := w.flags(rest[0]); err != nil {
			return "", err
		}
	}
	t.run.writes = append(t.run.writes, w)
	return "", nil
}

// permissions reads octal digits. Bits above the nine of read, write and
// execute are dropped, as consul-template does.
func permissions(text string) (fs.FileMode, error) {
	const limit = 0o7777
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode > limit {
		return 0, hint(fmt.Errorf("permissions %q are not valid", text), `write octal digits such as "0644"`)
	}
	return fs.FileMode(mode) & fs.ModePerm, nil
}

// flags reads the words append and newline, separated by anything.
func (w *Write) flags(text string) error {
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, word := range words {
		if word != "append" && word != "newline" {
			return hint(fmt.Errorf("unknown flag %q", word), `the flags are "append", "newline" and "append,newline"`)
		}
	}
	w.Append, w.Newline = slices.Contains(words, "append"), slices.Contains(words, "newline")
	return nil
}
