package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"iter"
	"net/url"
	"strings"
)

// forms yields a value and what the usual encodings make of it. It may yield
// the same form several times.
func forms(value string) iter.Seq[string] {
	return func(yield func(string) bool) {
		b := []byte(value)
		for _, form := range [...]string{
			value,
			base64.StdEncoding.EncodeToString(b),
			base64.RawStdEncoding.EncodeToString(b),
			base64.URLEncoding.EncodeToString(b),
			base64.RawURLEncoding.EncodeToString(b),
			hex.EncodeToString(b),
			url.QueryEscape(value),
			jsonEscaped(value, true),
			jsonEscaped(value, false),
		} {
			if !yield(form) {
				return
			}
		}
	}
}

// jsonEscaped is the inside of a JSON string. Some encoders write the
// characters that mean something in HTML as \u003c, others do not.
func jsonEscaped(value string, html bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if err := e.Encode(value); err != nil {
		return value // cannot be: every string has a JSON form
	}
	quoted := strings.TrimSuffix(b.String(), "\n")
	return quoted[1 : len(quoted)-1]
}
