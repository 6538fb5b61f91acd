package zabbix

import "concierge/metrics"

// head is the beginning of a key, up to the field. The fields of a metric
// follow each other, so most keys are that of the sample before with another
// field, and the name needs to be quoted and escaped once.
type head struct {
	name, group string
	only        string // the field that is no part of the key
	text        []byte // the inside of a JSON string; nothing is kept if it is empty
	room        int    // for a field
}

// longestWord is above all names of fields that libraries of metrics use.
const longestWord = 32

// keep remembers the head of the key that a sample has, if it has one.
func (h *head) keep(s shape, m *metrics.Sample, key []byte) {
	h.text = h.text[:0]
	k := kindOf(m)
	if k.labels || s.isPlain(m) {
		return
	}
	end := len(key) - len("]")
	if m.Field != "" && m.Field != k.only {
		if !isWord(m.Field) {
			return
		}
		end -= len(",") + len(m.Field)
	}
	h.name, h.group, h.only = m.Name, m.Group, k.only
	h.text = appendJSON(h.text, key[:end])
	h.room = longestKey - end - len(",]")
}

// leads reports whether the key of a sample begins with h and goes on with
// nothing that has to be quoted.
func (h *head) leads(m *metrics.Sample) bool {
	return len(h.text) > 0 && m.Name == h.name && m.Group == h.group && len(m.Labels) == 0 && m.Kind != metrics.Text &&
		len(m.Field) <= h.room && isWord(m.Field)
}

// appendKey appends the key with this field, as the inside of a JSON string.
func (h *head) appendKey(key []byte, field string) []byte {
	key = append(key, h.text...)
	if field != "" && field != h.only {
		key = append(append(key, ','), field...)
	}
	return append(key, ']')
}

// isWord reports whether a text is short and the same in a key and in JSON.
func isWord(text string) bool {
	if len(text) > longestWord {
		return false
	}
	for i := range len(text) {
		if c := text[i]; c-'0' > 9 && c|0x20-'a' > 'z'-'a' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
