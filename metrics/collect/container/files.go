package container

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// fileMax bounds what is read of one file; the largest, memory.stat, has 2 KiB.
const fileMax = 256 << 10

// text returns a file of the group; empty if it is not there.
func (d directory) text(name string) string {
	if d.path == "" {
		return ""
	}
	f, err := os.Open(filepath.Join(d.path, name))
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, fileMax))
	if err != nil {
		return ""
	}
	return string(b)
}

// number returns a file that is one number. A limit that is not set is the word
// max in version 2, and -1 or about 2^63 in version 1: none is ok.
func (d directory) number(name string) (value float64, ok bool) {
	return limit(strings.TrimSpace(d.text(name)))
}

// unlimited is where the limits of version 1 end: it counts in pages up to
// 2^63 bytes.
const unlimited = 1 << 62

func limit(text string) (value float64, ok bool) {
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil && value >= 0 && value < unlimited
}

// values returns a file of lines with a name and a number each.
func (d directory) values(name string) map[string]float64 {
	values := make(map[string]float64)
	for line := range strings.Lines(d.text(name)) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			values[key] = value
		}
	}
	return values
}

// least is the smallest value of a group and those above it; ok is false if
// none has one.
func (d directory) least(of func(directory) (float64, bool)) (least float64, ok bool) {
	least = math.Inf(1)
	for d.path != "" {
		if value, set := of(d); set {
			least, ok = min(least, value), true
		}
		if d.path == d.top || d.path == filepath.Dir(d.path) {
			break
		}
		d.path = filepath.Dir(d.path)
	}
	return least, ok
}
