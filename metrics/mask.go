package metrics

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// masked is an error whose text was made fit to be shown.
type masked struct {
	text  string
	cause error
}

func (m *masked) Error() string { return m.text }
func (m *masked) Unwrap() error { return m.cause }

// Mask returns an error that wraps err and can be shown: see [MaskText]. It is
// for errors of libraries, which quote URLs and what another side has said.
func Mask(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	before := err.Error()
	if text := MaskText(before, secrets...); text != before {
		return &masked{text, err}
	}
	return err
}

// longestText is how many characters of a foreign text are shown.
const longestText = 300

var (
	userOfURL  = regexp.MustCompile(`//[^\s/?#"']*@`)
	queryOfURL = regexp.MustCompile(`\?[^\s"'=]+=[^\s"']*`)
)

// MaskText returns text without these secrets, without the users and queries of
// URLs in it, and without what is beyond the length of a few lines.
func MaskText(text string, secrets ...string) string {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may be part of another
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "…")
		}
	}
	text = userOfURL.ReplaceAllString(text, "//…@")
	text = queryOfURL.ReplaceAllString(text, "?…")
	if runes := []rune(text); len(runes) > longestText {
		text = string(runes[:longestText]) + "…"
	}
	return text
}

// SecretsIn returns what of a URL must not be shown: its password, its query,
// and each value in it, as they are written and as they are meant. Values of
// less than four characters are no secrets, and would mask innocent words.
func SecretsIn(u *url.URL) []string {
	const shortest = 4
	password, _ := u.User.Password()
	secrets := []string{password, url.QueryEscape(password), u.RawQuery}
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, _ := strings.Cut(part, "=")
		if meant, err := url.QueryUnescape(value); err == nil && len(meant) >= shortest {
			secrets = append(secrets, meant, value)
		}
	}
	return slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
}
