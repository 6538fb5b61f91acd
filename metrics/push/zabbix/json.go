package zabbix

import "unicode/utf8"

// appendJSON appends text as the inside of a JSON string. Bytes that are not
// UTF-8 become the replacement character, as the server would not take them, and
// so does NUL, which ends a text for the server and which its database refuses.
func appendJSON[T string | []byte](b []byte, text T) []byte {
	start := 0
	for i := cleanUntil(text); i < len(text); {
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

// cleanUntil returns up to where text needs no escape for sure. It looks at eight
// bytes at once, since nearly all names and values are clean, and there are
// megabytes of them.
func cleanUntil[T string | []byte](text T) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		w := uint64(text[i]) | uint64(text[i+1])<<8 | uint64(text[i+2])<<16 | uint64(text[i+3])<<24 |
			uint64(text[i+4])<<32 | uint64(text[i+5])<<40 | uint64(text[i+6])<<48 | uint64(text[i+7])<<56
		quote, slash := w^ones*'"', w^ones*'\\'
		// A byte becomes negative by the subtraction if it is below, or was so before.
		if (w|(w-ones*' ')|(quote-ones)|(slash-ones))&highs != 0 {
			break
		}
	}
	return i
}

func appendEscape(b []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case 0:
		return append(b, "\uFFFD"...)
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
