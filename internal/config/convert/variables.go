package convert

import (
	"regexp"
	"strconv"
	"strings"
)

// A variable of the environment that a file refers to is kept as a mark in its
// texts until it is known what can stand there. These runes are for private use.
const (
	markBegin = '\ue000'
	markEnd   = '\ue001'
)

var mark = regexp.MustCompile("\ue000([0-9]+)\ue001")

// variable is a reference to the environment.
type variable struct {
	source   string // as it is written: {{ .PORT | default 80 }}
	name     string
	fallback string // used if it is unset or empty
}

type variables []variable

// add returns the mark of a variable.
func (v *variables) add(one variable) string {
	*v = append(*v, one)
	return string(markBegin) + strconv.Itoa(len(*v)-1) + string(markEnd)
}

func (v variables) replace(text string, by func(variable) string) string {
	return mark.ReplaceAllStringFunc(text, func(m string) string {
		n, err := strconv.Atoi(strings.Trim(m, "\ue000\ue001"))
		if err != nil || n >= len(v) {
			return ""
		}
		return by(v[n])
	})
}

// restore writes variables as they were.
func (v variables) restore(text string) string {
	return v.replace(text, func(one variable) string { return one.source })
}

// fallback writes the defaults in the places of the variables.
func (v variables) fallback(text string) string {
	return v.replace(text, func(one variable) string { return one.fallback })
}

// in reports whether a text refers to a variable.
func (v variables) in(text string) bool { return mark.MatchString(text) }

// plainWord is what the shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]*$`)

// command returns what runs a program with arguments. Those that refer to
// variables are put together by the shell when the program is started. With
// split a variable may be several arguments, or none.
func (v variables) command(words []string, split bool) []string {
	if !v.in(strings.Join(words, "")) {
		return words
	}
	line := make([]string, len(words))
	for i, w := range words {
		line[i] = v.shellWord(w, split)
	}
	script := "exec " + strings.Join(line, " ")
	if split {
		script = "set -f; " + script
	}
	return []string{"/bin/sh", "-c", script}
}

func (v variables) shellWord(word string, split bool) string {
	var out strings.Builder
	last := 0
	for _, at := range mark.FindAllStringIndex(word, -1) {
		out.WriteString(quoteText(word[last:at[0]]))
		out.WriteString(v.replace(word[at[0]:at[1]], func(one variable) string { return one.shell(split) }))
		last = at[1]
	}
	out.WriteString(quoteText(word[last:]))
	if out.Len() == 0 {
		return "''"
	}
	return out.String()
}

func quoteText(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// shell writes a reference as the shell has it.
func (v variable) shell(split bool) string {
	text := "${" + v.name + "}"
	if v.fallback != "" {
		escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`", `}`, `\}`).Replace(v.fallback)
		text = "${" + v.name + ":-" + escaped + "}"
	}
	if split && plainWord.MatchString(v.fallback) {
		return text
	}
	return `"` + text + `"`
}
