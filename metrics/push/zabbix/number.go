package zabbix

import (
	"math"
	"strconv"

	"concierge/metrics"
)

// appendNumber appends a finite number in a form that every sort of numeric item
// takes: as it was written if that is plain, without an exponent if it is whole.
func appendNumber(b []byte, m *metrics.Sample) []byte {
	const longest, exact = 32, 1 << 53
	switch {
	case m.Raw != "" && len(m.Raw) <= longest && isPlainNumber(m.Raw):
		return append(b, m.Raw...)
	case m.Value == math.Trunc(m.Value) && math.Abs(m.Value) < exact:
		return strconv.AppendInt(b, int64(m.Value), 10)
	}
	return strconv.AppendFloat(b, m.Value, 'g', -1, 64)
}

// isPlainNumber reports whether text is digits with at most one dot inside.
func isPlainNumber(text string) bool {
	if text != "" && text[0] == '-' {
		text = text[1:]
	}
	dot := false
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
		case c == '.' && !dot && i > 0 && i < len(text)-1:
			dot = true
		default:
			return false
		}
	}
	return text != ""
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
