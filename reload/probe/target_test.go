package probe

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever is written there: what is shown of a URL has neither user nor query,
// and what is accepted makes a request.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{
		"http://ann:s3cret@host:80/a?b#c", "https://[::1]/%2f", "unix:/run/a:/b?c=d", "unix:@a:/", "unix:/:/x:/y",
		"http+unix://%2Frun%2Fa/b", "https+unix://@a", "http+unix://%", "+unix://", "://", "http://@", "http://host:/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		to, err := parseTarget(raw)
		if err != nil {
			return
		}
		shown := to.String()
		if query := to.url.RawQuery; query != "" && strings.Contains(shown, "?"+query) {
			t.Errorf("%q shows its query: %s", raw, shown)
		}
		if user := to.url.User; user != nil && strings.Contains(shown, user.String()+"@"+to.url.Host) {
			t.Errorf("%q shows its user: %s", raw, shown)
		}
		if _, err := http.NewRequest(http.MethodGet, to.url.String(), nil); err != nil {
			t.Errorf("%q makes no request: %v", raw, err)
		}
	})
}

func FuzzLine(f *testing.F) {
	f.Add("one\ntwo\x1b[0m", 5)
	f.Add(strings.Repeat("ä", 300), saidMax)
	f.Add("\xff\xfe\u2028", saidMax)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(limit%1000, len("…"))
		if limit < 0 {
			return
		}
		got := line(text, limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x1b\u2028\u0085") {
			t.Errorf("line(%q, %d) = %q", text, limit, got)
		}
	})
}
