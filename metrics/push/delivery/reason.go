package delivery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"concierge/metrics"
)

// cause is why a request failed, without its URL and the secrets in it, and
// tells a time that is over from all other reasons.
func cause(ctx context.Context, err error, secret []string) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	err = metrics.Mask(err, secret...)
	timeout, ok := errors.AsType[net.Error](err)
	if ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || ok && timeout.Timeout() {
		return fmt.Errorf("%w (%w)", metrics.ErrTimeout, err)
	}
	return err
}

// Unexpected is the error for an answer whose status is not the one hoped for.
// It quotes what the server says about it in its answer, said, without the
// secrets that were sent to it.
func (a Answer) Unexpected(said string) error {
	if said = a.Quote(said); said != "" {
		return fmt.Errorf("status %d, %s: %s", a.Status, said, hint(a.Status))
	}
	return fmt.Errorf("status %d: %s", a.Status, hint(a.Status))
}

// Quote makes a text of the server fit to be shown: its beginning, in quotes,
// without secrets that it may echo. It is empty if the text is.
func (a Answer) Quote(text string) string {
	const longest = 200
	text = strings.ToValidUTF8(strings.TrimSpace(metrics.MaskText(text, a.secret...)), "?")
	if text == "" {
		return ""
	}
	runes := []rune(text)
	return strconv.Quote(string(runes[:min(len(runes), longest)]))
}

// Text is the body if it is a text for people, else empty.
func (a Answer) Text() string {
	if strings.Contains(a.Header.Get("Content-Type"), "html") || strings.ContainsFunc(string(a.Body), unprintable) {
		return ""
	}
	return string(a.Body)
}

func unprintable(r rune) bool {
	return r == unicode.ReplacementChar || !unicode.IsPrint(r) && !unicode.IsSpace(r)
}

func hint(status int) string {
	switch {
	case status >= 300 && status < 400:
		return "it redirects, and that is not followed: write the last URL that it leads to (curl -sIL shows it)"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "see the target's username, password_file, token_file and headers settings"
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return "see the path of the target's URL"
	case status == http.StatusRequestEntityTooLarge:
		return "it takes less at once: see the limit of the server's proxy, and max_points where the target has it"
	}
	return "see the log of the server"
}

// RetryAfter is how long the server wants to be left alone, as RFC 9110 has it:
// seconds, or a date. It is 0 if it does not say, and at most an hour.
func (a Answer) RetryAfter(now time.Time) time.Duration {
	const longest = time.Hour
	text := a.Header.Get("Retry-After")
	if n, err := strconv.ParseUint(text, 10, 63); err == nil {
		return time.Duration(min(n, uint64(longest/time.Second))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(0, at.Sub(now)), longest)
}
