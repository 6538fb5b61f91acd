package zabbix

import (
	"regexp"
	"strings"

	"concierge/metrics"
)

// outcome is what becomes of a sample.
type outcome uint8

const (
	sends      outcome = iota
	filtered           // the server would answer "processed", and the item would break
	notNumeric         // a text that nobody asked for
)

// encoder turns samples into keys and values. It is used by one goroutine.
type encoder struct {
	shape shape
	texts *regexp.Regexp // of names; nil is none
	all   bool           // every name is a key, as in heartbeats

	key, value []byte // of the last sample; used again for the next
	plain      []byte // one of them before it was escaped
	head       head
	lineage    lineage
}

func newEncoder(c Config) encoder {
	return encoder{shape: shape{prefix: c.Prefix, plain: c.Plain}, texts: wildcards(c.Texts)}
}

// wildcards makes one expression of names in which * stands for anything.
func wildcards(names []string) *regexp.Regexp {
	if len(names) == 0 {
		return nil
	}
	var parts []string
	for _, name := range names {
		parts = append(parts, strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, `.*`))
	}
	return regexp.MustCompile(`(?s)\A(?:` + strings.Join(parts, "|") + `)\z`)
}

// encode leaves the key and the value of the sample in e.
func (e *encoder) encode(m *metrics.Sample) outcome {
	if o := e.encodeValue(m); o != sends {
		return o
	}
	var ok bool
	if e.key, ok = e.appendKey(e.key[:0], m); !ok {
		return filtered
	}
	return sends
}

// escape does the same, with both as the insides of JSON strings.
func (e *encoder) escape(m *metrics.Sample) outcome {
	if o := e.encodeValue(m); o != sends {
		return o
	}
	if m.Kind == metrics.Text {
		e.plain = append(e.plain[:0], e.value...)
		e.value = appendJSON(e.value[:0], e.plain)
	}
	if e.head.leads(m) {
		e.key = e.head.appendKey(e.key[:0], m.Field)
		return sends
	}
	if !e.all && e.lineage.follow(e.shape, m) {
		e.key = append(e.key[:0], e.lineage.text...)
		return sends
	}
	var ok bool
	if e.plain, ok = e.appendKey(e.plain[:0], m); !ok {
		return filtered
	}
	e.key = appendJSON(e.key[:0], e.plain)
	if !e.all {
		e.head.keep(e.shape, m, e.plain)
	}
	return sends
}

func (e *encoder) encodeValue(m *metrics.Sample) outcome {
	e.value = e.value[:0]
	switch {
	case m.Kind == metrics.Text && !e.wanted(m):
		return notNumeric
	case m.Kind == metrics.Text && strings.IndexByte(m.Raw, 0) >= 0:
		return filtered // the database of a server cannot store it
	case m.Kind == metrics.Text:
		e.value = append(e.value, m.Raw...)
	case !isFinite(m.Value):
		return filtered
	default:
		e.value = appendNumber(e.value, m)
	}
	return sends
}

func (e *encoder) appendKey(key []byte, m *metrics.Sample) ([]byte, bool) {
	if e.all {
		return appendPlainKey(key, m)
	}
	return e.shape.appendKey(key, m)
}

// wanted reports whether a text is to be sent.
func (e *encoder) wanted(m *metrics.Sample) bool {
	return e.all || e.texts != nil && e.texts.MatchString(m.Name)
}
