package dropwizard_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"concierge/metrics/collect/dropwizard"
	"concierge/metrics/fixture"
)

// FuzzAppend compares with encoding/json: what is valid is read, and holds the
// same numbers in the same order.
func FuzzAppend(f *testing.F) {
	for _, text := range []string{
		fixture.Dropwizard(1), fixture.Flat(3), "{}", `{"a":{}}`, `{"a":{"b":{}},"c":[{},[]]}`,
		`{"gauges":{"a":{"value":NaN}}}`, "{\"a\u00ff\":1e-400}", `{"a":{"b":1,"c":{"d":"Infinity"}}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := new(dropwizard.Parser).Append(nil, text)
		if !json.Valid([]byte(text)) || !strings.HasPrefix(strings.TrimLeft(text, " \r\n\t"), "{") {
			return
		}
		w := walker{Decoder: json.NewDecoder(strings.NewReader(text))}
		w.UseNumber()
		w.value(nil)
		if w.deepest > 200 {
			return
		}
		if err != nil {
			t.Fatalf("valid JSON: %v", err)
		}
		var got []string
		for _, s := range samples {
			if _, err := strconv.ParseFloat(s.Raw, 64); s.Kind == 2 || s.Raw == "NaN" || strings.HasSuffix(s.Raw, "Infinity") || err != nil && s.Value == 0 {
				continue
			}
			got = append(got, fmt.Sprintf("%q", []string{s.Group, s.Name, s.Raw}))
		}
		if want := strings.Join(w.numbers, "\n"); strings.Join(got, "\n") != want {
			t.Fatalf("read\n%s\nwant\n%s", strings.Join(got, "\n"), want)
		}
	})
}

// walker collects the numbers and truth values that are members of the
// document, its sections and their metrics.
type walker struct {
	*json.Decoder
	deepest int
	numbers []string
}

func (w *walker) value(path []string) {
	w.deepest = max(w.deepest, len(path))
	token, err := w.Token()
	if err != nil {
		panic(err)
	}
	switch token := token.(type) {
	case json.Delim:
		for w.More() {
			name := "[]"
			if token == '{' {
				key, _ := w.Token()
				name = key.(string)
			}
			w.value(append(path[:len(path):len(path)], name))
		}
		_, _ = w.Token()
	case json.Number:
		w.number(path, token.String())
	case bool:
		w.number(path, map[bool]string{true: "1", false: "0"}[token])
	}
}

func (w *walker) number(path []string, raw string) {
	for _, name := range path {
		if name == "[]" {
			return
		}
	}
	switch len(path) {
	case 1:
		w.numbers = append(w.numbers, fmt.Sprintf("%q", []string{"", path[0], raw}))
	case 2, 3:
		w.numbers = append(w.numbers, fmt.Sprintf("%q", []string{path[0], path[1], raw}))
	}
}
