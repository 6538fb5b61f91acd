package metrics_test

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"concierge/metrics"
)

func TestMaskedTextsShowNoPartOfAURLThatMayBeSecret(t *testing.T) {
	for text, want := range map[string]string{
		`Get "http://me:word@host:1/p?token=abc": EOF`:                     `Get "http://…@host:1/p?…": EOF`,
		`parse "https://host/a b?key=abc&x=y#z": bad`:                      `parse "https://host/a b?…": bad`,
		`Location header "//me:word@host/?t=abc": bad`:                     `Location header "//…@host/?…": bad`,
		`GET "/metrics?token=abc"`:                                         `GET "/metrics?…"`,
		`is the agent running, and is its address right? (see http://x/y)`: `is the agent running, and is its address right? (see http://x/y)`,
	} {
		if got := metrics.MaskText(text); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestMaskKeepsTheCauseAndHidesTheSecrets(t *testing.T) {
	u, err := url.Parse("http://me:pass%20word@host/?token=to%2Fken&a=1&b=tokenlong")
	if err != nil {
		t.Fatal(err)
	}
	raw := &url.Error{Op: "Get", URL: "x token=to%2Fken to/ken tokenlong pass word 1" + strings.Repeat("x", 1000), Err: io.EOF}
	masked := metrics.Mask(raw, metrics.SecretsIn(u)...)
	if !errors.Is(masked, io.EOF) || len(masked.Error()) > 400 {
		t.Errorf("the error is %v", masked)
	}
	for _, secret := range []string{"to%2Fken", "to/ken", "long", "pass word"} {
		if strings.Contains(masked.Error(), secret) {
			t.Errorf("%s is in %v", secret, masked)
		}
	}
	if metrics.Mask(io.EOF) != io.EOF || metrics.Mask(nil) != nil {
		t.Error("an error without secrets was changed")
	}
}
