package funcs

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

func textTable() []Func {
	const group = "Text"
	return []Func{
		{"split", group, "separator text", "Splits text, trimmed of white space first, into a list. Empty text gives an empty list.",
			`{{ range split "," "a,b" }}<{{ . }}>{{ end }}`, `<a><b>`, split},
		{"splitToMap", group, "separator keySeparator text", "Splits text into pieces and each piece at the first keySeparator. Pieces without one are dropped; the last of equal keys wins.",
			`{{ splitToMap "," "=" "a=1,b=2" | toJSON }}`, `{"a":"1","b":"2"}`, splitToMap},
		{"join", group, "separator list", "Joins a list of strings.",
			`{{ split "," "a,b" | join "-" }}`, `a-b`, join},
		{"trim", group, "characters text", "Cuts any of the characters from both ends of text.",
			`{{ trim "xy" "xyax" }}`, `a`, trim},
		{"trimPrefix", group, "prefix text", "Cuts prefix from the start of text.",
			`{{ trimPrefix "a" "aab" }}`, `ab`, trimPrefix},
		{"trimSuffix", group, "suffix text", "Cuts suffix from the end of text.",
			`{{ trimSuffix "b" "abb" }}`, `ab`, trimSuffix},
		{"trimSpace", group, "text", "Cuts white space from both ends of text.",
			`{{ trimSpace " a " }}`, `a`, strings.TrimSpace},
		{"replaceAll", group, "from to text", "Replaces every occurrence of from by to; both are plain text.",
			`{{ "banana" | replaceAll "a" "o" }}`, `bonono`, replaceAll},
		{"regexReplaceAll", group, "expression replacement text", "Replaces every match of an RE2 expression; $1 stands for the first group.",
			`{{ regexReplaceAll "(a)(n)" "$2$1" "banana" }}`, `bnanaa`, regexReplaceAll},
		{"regexMatch", group, "expression text", "Reports whether text matches an RE2 expression anywhere.",
			`{{ regexMatch "^b" "banana" }}`, `true`, regexMatch},
		{"toLower", group, "text", "Turns text into lower case.",
			`{{ toLower "ABC" }}`, `abc`, strings.ToLower},
		{"toUpper", group, "text", "Turns text into upper case.",
			`{{ toUpper "abc" }}`, `ABC`, strings.ToUpper},
		{"toTitle", group, "text", "Makes the first letter of each word a capital and leaves the others as they are.",
			`{{ toTitle "hello wORLD" }}`, `Hello WORLD`, toTitle},
		{"indent", group, "spaces text", "Puts spaces before every line that is not empty.",
			`{{ indent 2 "a" }}`, `  a`, indent},
	}
}

func split(sep, text string) []string {
	text = strings.TrimSpace(text)
	if text == "" {
		return []string{}
	}
	return strings.Split(text, sep)
}

func splitToMap(sep, keySep, text string) map[string]string {
	m := make(map[string]string)
	for _, piece := range split(sep, text) {
		if k, v, ok := strings.Cut(piece, keySep); ok {
			m[k] = v
		}
	}
	return m
}

func join(sep string, list []string) string { return strings.Join(list, sep) }

func trim(cutset, text string) string         { return strings.Trim(text, cutset) }
func trimPrefix(prefix, text string) string   { return strings.TrimPrefix(text, prefix) }
func trimSuffix(suffix, text string) string   { return strings.TrimSuffix(text, suffix) }
func replaceAll(from, to, text string) string { return strings.ReplaceAll(text, from, to) }

func regexReplaceAll(expr, replacement, text string) (string, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return "", err
	}
	return re.ReplaceAllString(text, replacement), nil
}

func regexMatch(expr, text string) (bool, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return false, err
	}
	return re.MatchString(text), nil
}

func toTitle(text string) string {
	return cases.Title(language.Und, cases.NoLower).String(text)
}

var errNegativeIndent = errors.New("indent value must be a positive integer")

// maxIndent bounds the padding, so that a wrong number is an error instead of
// a process without memory.
const maxIndent = 1 << 16

func indent(spaces int, text string) (string, error) {
	if spaces < 0 {
		return "", errNegativeIndent
	}
	if spaces > maxIndent {
		return "", fmt.Errorf("indent value must not be above %d", maxIndent)
	}
	pad := strings.Repeat(" ", spaces)
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(pad)
		}
		b.WriteString(line)
	}
	return b.String(), nil
}
