package zabbix

import (
	"strings"
)

// longestKey is the server's limit, in characters.
const longestKey = 2048

// appendParam appends one parameter of a key as the server writes it when it
// puts the value of a macro there: keys are compared byte by byte. It quotes
// what begins with a double quote, a space or a bracket, or has a comma or a
// closing bracket in it, and puts a backslash before each double quote. What
// must be quoted and ends in a backslash has no such form: false.
func appendParam[T string | []byte](key []byte, value T) ([]byte, bool) {
	if !needsQuotes(value) {
		return append(key, value...), true
	}
	if value[len(value)-1] == '\\' {
		return key, false
	}
	key = append(key, '"')
	for i := range len(value) {
		if value[i] == '"' {
			key = append(key, '\\')
		}
		key = append(key, value[i])
	}
	return append(key, '"'), true
}

func needsQuotes[T string | []byte](value T) bool {
	if len(value) == 0 {
		return false
	}
	if c := value[0]; c == '"' || c == ' ' || c == '[' {
		return true
	}
	for i := range len(value) {
		if value[i] == ',' || value[i] == ']' {
			return true
		}
	}
	return false
}

// isKeyName reports whether the server takes this as the name of a key, which
// is what stands before the bracket.
func isKeyName(name string) bool { return name != "" && onlyRunes(name, isKeyRune) }

func isKeyRune(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-' || r == '_'
}

func onlyRunes(text string, allowed func(rune) bool) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !allowed(r) }) < 0
}
