package secrets_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"concierge/secrets"
)

func TestKnownValuesAreReplaced(t *testing.T) {
	var r secrets.Redactor
	if got := r.Redact("nothing is known"); got != "nothing is known" {
		t.Errorf("without values: %q", got)
	}
	r.Add("password", "password-and-more", "abc")
	for in, want := range map[string]string{
		"it is password":          "it is [redacted]",
		"it is password-and-more": "it is [redacted]",
		"abc is too short":        "abc is too short",
		"passwordpassword":        "[redacted][redacted]",
		"":                        "",
	} {
		if got := r.Redact(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	r.Add("later")
	if got := r.Redact("later"); got != secrets.Redacted {
		t.Errorf("a value added later stays: %q", got)
	}
}

func TestLinesOfAMultilineValueAreKnown(t *testing.T) {
	var r secrets.Redactor
	r.Add("-----BEGIN KEY-----\n  c2VjcmV0\n-----END KEY-----\n")
	if got := r.Redact("line 2: c2VjcmV0"); strings.Contains(got, "c2VjcmV0") {
		t.Errorf("a line of it stays: %q", got)
	}
}

func TestEveryStringInsideASecretIsKnown(t *testing.T) {
	var r secrets.Redactor
	r.AddData(map[string]any{
		"data": map[string]any{"password": "deep-one", "list": []any{"deep-two", map[string]any{"x": "deep-three"}}, "n": 12345},
	})
	if got := r.Redact("deep-one deep-two deep-three"); strings.Contains(got, "deep") {
		t.Errorf("some stay: %q", got)
	}
}

func TestRedactorIsSafeForConcurrentUse(t *testing.T) {
	var r secrets.Redactor
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 100 {
				value := fmt.Sprintf("secret-%d-%d-end", worker, i)
				r.Add(value)
				if got := r.Redact("x " + value); strings.Contains(got, value) {
					t.Errorf("%s stays in %q", value, got)
				}
			}
		})
	}
	wg.Wait()
}

func TestUsualEncodingsOfAValueAreKnown(t *testing.T) {
	const value = "p\xc3\xbcss?<word>&\"x\"/~~~"
	var r secrets.Redactor
	r.Add(value, "with newline\n", "on")
	for name, form := range map[string]string{
		"standard base64":            base64.StdEncoding.EncodeToString([]byte(value)),
		"base64 without padding":     base64.RawStdEncoding.EncodeToString([]byte(value)),
		"URL base64":                 base64.URLEncoding.EncodeToString([]byte(value)),
		"URL base64 without padding": base64.RawURLEncoding.EncodeToString([]byte(value)),
		"hex":                        hex.EncodeToString([]byte(value)),
		"URL query":                  url.QueryEscape(value),
		"JSON":                       `püss?<word>&\"x\"/~~~`,
		"JSON for HTML":              `püss?\u003cword\u003e\u0026\"x\"/~~~`,
		"base64 without newline":     base64.StdEncoding.EncodeToString([]byte("with newline")),
	} {
		if got := r.Redact("a " + form + " b"); got != "a [redacted] b" {
			t.Errorf("%s becomes %q", name, got)
		}
	}
	if got, text := r.Redact("on b24= 6f6e"), "on b24= 6f6e"; got != text {
		t.Errorf("a short value is looked for: %q", got)
	}
}

func TestEncodingsAreKnownOfAValueThatWasALineBefore(t *testing.T) {
	var r secrets.Redactor
	r.Add("first-line\nsecond-line")
	r.Add("second-line")
	if got := r.Redact(hex.EncodeToString([]byte("second-line"))); got != secrets.Redacted {
		t.Errorf("it becomes %q", got)
	}
}

// FuzzRedact checks that no known value that is long enough remains, nor an
// encoding of it, whatever the values have in common.
func FuzzRedact(f *testing.F) {
	f.Add("aaaa", "aaaaa", "x aaaaaaa y")
	f.Add("abcd", "cdef", "abcdef")
	f.Add("redacted", "[red", "redacted [redacted]")
	f.Add("line\nother", "other", "line other")
	f.Add("a\"b<&", "\xff\xfe\x00~?", "a\\\"b%26")
	f.Fuzz(func(t *testing.T, a, b, text string) {
		var r secrets.Redactor
		r.Add(a, b)
		known := slices.DeleteFunc([]string{a, b}, func(v string) bool { return len(v) < 4 })
		for _, v := range slices.Clone(known) {
			encoded := []byte(v)
			known = append(known, base64.StdEncoding.EncodeToString(encoded), base64.RawURLEncoding.EncodeToString(encoded),
				hex.EncodeToString(encoded), url.QueryEscape(v))
		}
		out := r.Redact(text + strings.Join(known, text))
		for piece := range strings.SplitSeq(out, secrets.Redacted) {
			for _, v := range known {
				if strings.Contains(piece, v) {
					t.Errorf("%q remains in %q", v, out)
				}
			}
		}
	})
}

func manySecrets(n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("hvs.%032x", i*7919)
	}
	return values
}

func BenchmarkAddTenThousand(b *testing.B) {
	values := manySecrets(10_000)
	b.ReportAllocs()
	for b.Loop() {
		new(secrets.Redactor).Add(values...)
	}
}

func BenchmarkRedactLineAmongTenThousand(b *testing.B) {
	var r secrets.Redactor
	values := manySecrets(10_000)
	r.Add(values...)
	line := strings.Repeat("an error of a command and its reason; ", 5) + values[5000]
	b.ReportAllocs()
	for b.Loop() {
		if strings.Contains(r.Redact(line), "hvs.") {
			b.Fatal("not redacted")
		}
	}
}
