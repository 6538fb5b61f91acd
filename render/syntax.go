package render

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"github.com/agnivade/levenshtein"
)

// parsePlace is how text/template/parse says where parsing failed.
var parsePlace = regexp.MustCompile(`(?s)^template: :(\d+): (.*)$`)

// syntaxError turns an error of the parser into an [*Error].
func (t *Template) syntaxError(err error) error {
	e := &Error{File: t.options.Name, Cause: strings.TrimPrefix(err.Error(), "template: ")}
	if m := parsePlace.FindStringSubmatch(err.Error()); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Cause = strings.ReplaceAll(strings.TrimPrefix(m[2], "template: "), " at :", " at line ")
		e.Column = t.column(e.Line, e.Cause)
	}
	e.Hint = syntaxAdvice(e.Cause)
	return e
}

// unexpected finds what the parser quotes from the template.
var unexpected = regexp.MustCompile(`"(?:[^"\\]|\\.)+"|U\+[0-9A-F]{4}|\{\{[a-z]+\}\}|<[^<>]+>`)

// column tells where in a line the parser stumbled, which it does not say
// itself: at what it quotes, else at the line's first action.
func (t *Template) column(line int, cause string) int {
	lines := strings.Split(t.text, "\n")
	if line < 1 || line > len(lines) {
		return 0
	}
	text := lines[line-1]
	start := max(strings.Index(text, leftDelimiter(t.options)), 0)
	for _, q := range unexpected.FindAllString(cause, -1) {
		if plain, err := strconv.Unquote(q); err == nil {
			q = plain
		}
		if len(q) > 2 {
			q = strings.Trim(q, "{}<>") // {{end}} stands for any spelling of it
		}
		if i := strings.Index(text[start:], q); i >= 0 {
			return start + i + 1
		}
	}
	return start + 1
}

func leftDelimiter(o Options) string {
	if o.Left != "" {
		return o.Left
	}
	return "{{"
}

func syntaxAdvice(cause string) string {
	for _, a := range [...]struct{ part, hint string }{
		{"unexpected EOF", "an {{ if }}, {{ range }}, {{ with }}, {{ define }} or {{ block }} lacks its {{ end }}"},
		{"unexpected {{end}}", "there is an {{ end }} too many"},
		{"unexpected {{else}}", "{{ else }} belongs inside {{ if }}, {{ range }} or {{ with }}"},
		{"unclosed action", "close the action with its right delimiter"},
		{"undefined variable", "assign it first: {{ $name := … }}"},
		{"unterminated", "close the quotation on the same line"},
		{"multiple definition", "give each {{ define }} a name of its own"},
	} {
		if strings.Contains(cause, a.part) {
			return a.hint
		}
	}
	return "see https://pkg.go.dev/text/template for the syntax"
}

func (t *Template) unknownFunction(id *parse.IdentifierNode) *Error {
	e := &Error{File: t.options.Name, Cause: "function " + strconv.Quote(id.Ident) + " is not defined"}
	e.Line, e.Column = position(t.text, int(id.Pos))
	e.Hint = "list all functions with concierge functions"
	if name := nearest(id.Ident, shared().names()); name != "" {
		e.Hint = "did you mean " + name + "?"
	}
	return e
}

// nearest returns the one of the sorted names that is most like name, or
// nothing if none is like it.
func nearest(name string, known []string) string {
	best, distance := "", max(1, len(name)/3)+1
	for _, k := range known {
		if d := unlike(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// unlike counts the slips of the fingers between two words; letters in the
// wrong order are one.
func unlike(a, b string) int {
	d := levenshtein.ComputeDistance(a, b)
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	if d > 1 && slices.Equal(x, y) {
		return 1
	}
	return d
}
