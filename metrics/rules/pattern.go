package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// pattern matches a whole text. It is owned by one goroutine.
type pattern struct {
	parts []string       // of a glob, between its stars; nil for a regular expression
	re    *regexp.Regexp // also that of a glob, for what it captures
	// known is what the regular expression said of a text: what is matched here
	// is alike from cycle to cycle, and asking it again costs ten times as much.
	known map[string]bool
}

// knownMost bounds what is remembered: names come from applications.
const knownMost = 1000

// compile reads a pattern: /…/ is a regular expression (RE2), anything else a
// glob in which * is any text. Empty matches everything.
func compile(text string) (pattern, error) {
	if text == "" {
		text = "*"
	}
	p, source := pattern{}, ""
	if len(text) > 1 && text[0] == '/' && text[len(text)-1] == '/' {
		source, p.known = text[1:len(text)-1], make(map[string]bool)
	} else {
		p.parts = strings.Split(text, "*")
		quoted := make([]string, len(p.parts))
		for i, part := range p.parts {
			quoted[i] = regexp.QuoteMeta(part)
		}
		source = strings.Join(quoted, "(.*)")
	}
	re, err := regexp.Compile("(?s)^(?:" + source + ")$")
	if err != nil {
		return pattern{}, fmt.Errorf("pattern %q cannot be read: %w; write a glob such as jvm.*, or a regular expression as /…/", text, err)
	}
	p.re = re
	return p, nil
}

func (p *pattern) match(text string) bool {
	if p.parts != nil {
		return glob(p.parts, text)
	}
	matches, ok := p.known[text]
	if !ok {
		if matches = p.re.MatchString(text); len(p.known) >= knownMost {
			clear(p.known)
		}
		p.known[strings.Clone(text)] = matches
	}
	return matches
}

// glob says whether text is the parts with anything between them.
func glob(parts []string, text string) bool {
	rest, ok := strings.CutPrefix(text, parts[0])
	if last := len(parts) - 1; last == 0 {
		return ok && rest == ""
	} else if rest, ok = cutSuffix(ok, rest, parts[last]); !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return true
}

func cutSuffix(ok bool, text, suffix string) (string, bool) {
	if !ok {
		return "", false
	}
	return strings.CutSuffix(text, suffix)
}

// expand puts what the pattern captures of text, which it matches, into a
// template: $1 or ${1} for what a star or group stands for, ${name} for a named
// group, $0 for all of it, $$ for a dollar sign.
func (p *pattern) expand(template, text string) string {
	if !strings.Contains(template, "$") {
		return template
	}
	at := p.re.FindStringSubmatchIndex(text)
	return string(p.re.ExpandString(nil, template, text, at))
}
