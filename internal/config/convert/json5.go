package convert

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/titanous/json5"
)

// object is one object of a JSON5 document. It remembers what was asked for, so
// that the rest can be told.
type object struct {
	doc    *document
	at     string // as in "jobs[2].health"
	fields map[string]any
	asked  map[string]bool
}

// document is a JSON5 file while it is read. Its errors are those of values
// that are not what they should be.
type document struct {
	path string
	vars variables
	errs []error
}

// readJSON5 parses a file whose template was taken apart.
func readJSON5(path, text string, vars variables) (*object, error) {
	doc := &document{path: path, vars: vars}
	var fields map[string]any
	err := json5.Unmarshal([]byte(text), &fields)
	if syntax, ok := errors.AsType[*json5.SyntaxError](err); ok {
		before := text[:max(0, min(int(syntax.Offset)-1, len(text)))]
		line, column := strings.Count(before, "\n")+1, len(before)-strings.LastIndex(before, "\n")
		return nil, fmt.Errorf("%s:%d:%d: cannot be parsed: %w; compare it with json5.org", path, line, column, err)
	}
	if err != nil || fields == nil {
		return nil, fmt.Errorf("%s: is not an object; write { … } around it", path)
	}
	return &object{doc, "", fields, make(map[string]bool)}, nil
}

// name is where a field is, for messages.
func (o *object) name(key string) string {
	if o.at == "" {
		return key
	}
	return o.at + "." + key
}

func (o *object) wrong(key string, value any, want string) {
	var kind string
	switch value.(type) {
	case map[string]any:
		kind = "an object"
	case []any:
		kind = "a list"
	case bool:
		kind = "a truth value"
	default:
		kind = strconv.Quote(o.doc.vars.restore(fmt.Sprint(value)))
	}
	o.doc.errs = append(o.doc.errs, fmt.Errorf("%s: %s: is %s; write %s", o.doc.path, o.name(key), kind, want))
}

// get returns a field and notes that it was asked for; nil if it is not there.
func (o *object) get(key string) any {
	o.asked[key] = true
	return o.fields[key]
}

// has reports whether one of the fields is there.
func (o *object) has(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool { return o.get(key) != nil })
}

// text returns a text, or the text of a number. It may have marks of variables.
func (o *object) text(key string) string {
	switch v := o.get(key).(type) {
	case nil:
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		o.wrong(key, v, "a text")
	}
	return ""
}

// texts returns a list of texts; a single text is a list of one.
func (o *object) texts(key string) []string {
	list, ok := o.get(key).([]any)
	if !ok {
		if one := o.text(key); one != "" {
			return []string{one}
		}
		return nil
	}
	item := object{o.doc, o.at, make(map[string]any), make(map[string]bool)}
	var out []string
	for i, v := range list {
		at := fmt.Sprintf("%s[%d]", key, i)
		item.fields[at] = v
		out = append(out, item.text(at))
	}
	return out
}

// section returns an object within; nil if it is not there.
func (o *object) section(key string) *object {
	switch v := o.get(key).(type) {
	case nil:
	case map[string]any:
		return &object{o.doc, o.name(key), v, make(map[string]bool)}
	default:
		o.wrong(key, v, "{ … }")
	}
	return nil
}

// list returns a list of objects.
func (o *object) list(key string) []*object {
	v := o.get(key)
	items, ok := v.([]any)
	if v != nil && !ok {
		o.wrong(key, v, "[ … ]")
	}
	var out []*object
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", key, i)
		fields, ok := item.(map[string]any)
		if !ok {
			o.wrong(at, item, "{ … }")
			continue
		}
		out = append(out, &object{o.doc, o.name(at), fields, make(map[string]bool)})
	}
	return out
}

// duration returns a time: a text such as "10s", or a number of seconds. A
// variable stands for its default.
func (o *object) duration(key string) time.Duration {
	text := o.doc.vars.fallback(o.text(key))
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if d := n * float64(time.Second); d > 0 && d < math.MaxInt64 {
			return time.Duration(d)
		}
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		o.wrong(key, text, "a time such as 10s")
	}
	return max(d, 0)
}

// rest returns the names of fields that nobody asked for.
func (o *object) rest() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(o.fields)), func(key string) bool { return o.asked[key] })
}

// jsonPlace knows whether a place in a JSON5 text is within a text.
type jsonPlace struct {
	quote  rune // of the text; 0 outside
	escape bool
	slash  bool // a slash was before: a comment may begin
	line   bool // a comment to the end of the line
	block  bool // a comment to */
	star   bool
}

func (p *jsonPlace) quoted() bool { return p.quote != 0 }

func (p *jsonPlace) feed(text string) {
	for _, c := range text {
		switch {
		case p.escape:
			p.escape = false
		case p.line:
			p.line = c != '\n'
		case p.block:
			p.block, p.star = !(p.star && c == '/'), c == '*'
		case p.quote != 0:
			p.escape = c == '\\'
			if c == p.quote {
				p.quote = 0
			}
		case p.slash && c == '/':
			p.line, p.slash = true, false
		case p.slash && c == '*':
			p.block, p.slash, p.star = true, false, false
		default:
			p.slash = c == '/'
			if c == '"' || c == '\'' {
				p.quote = c
			}
		}
	}
}
