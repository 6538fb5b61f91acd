package zabbix

import "unicode/utf8"

// appendJSON appends text as the inside of a JSON string. Bytes that are not
// UTF-8 become the replacement character, as the server would not take them.
func appendJSON[T string | []byte](b []byte, text T) []byte {
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				b = appendEscape(append(b, text[start:i]...), c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(string(text[i:min(len(text), i+utf8.UTFMax)]))
		if r == utf8.RuneError && size == 1 {
			b = append(append(b, text[start:i]...), "\uFFFD"...)
			start = i + 1
		}
		i += size
	}
	return append(b, text[start:]...)
}

func appendEscape(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
