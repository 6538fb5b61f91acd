package secrets_test

import (
	"fmt"
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

// FuzzRedact checks that no known value that is long enough remains, whatever
// the values have in common.
func FuzzRedact(f *testing.F) {
	f.Add("aaaa", "aaaaa", "x aaaaaaa y")
	f.Add("abcd", "cdef", "abcdef")
	f.Add("redacted", "[red", "redacted [redacted]")
	f.Add("line\nother", "other", "line other")
	f.Fuzz(func(t *testing.T, a, b, text string) {
		var r secrets.Redactor
		r.Add(a, b)
		out := r.Redact(text + a + text + b)
		for piece := range strings.SplitSeq(out, secrets.Redacted) {
			for _, v := range []string{a, b} {
				if len(v) >= 4 && strings.Contains(piece, v) {
					t.Errorf("%q remains in %q", v, out)
				}
			}
		}
	})
}
