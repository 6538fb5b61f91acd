package secrets_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/slogtest"

	"concierge/secrets"
)

func TestHandlerKeepsTheRulesOfHandlers(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		var r secrets.Redactor
		r.Add("never-logged")
		return secrets.NewHandler(slog.NewJSONHandler(&out, nil), &r)
	}, func(t *testing.T) map[string]any {
		var record map[string]any
		if err := json.Unmarshal(out.Bytes(), &record); err != nil {
			t.Fatal(err)
		}
		return record
	})
}

// revealing is what no type should be: its log value holds a secret.
type revealing struct{ value slog.Value }

func (r revealing) LogValue() slog.Value { return r.value }

func TestHandlerHidesKnownSecretsInEveryText(t *testing.T) {
	const secret = "hunter2-and-more"
	var r secrets.Redactor
	r.Add(secret)
	address := &url.URL{Scheme: "http", Host: "host", Path: "/" + secret}
	attrs := []slog.Attr{
		slog.String("string", "is "+secret),
		slog.Any("error", fmt.Errorf("doing it: %w", errors.New(secret))),
		slog.Any("stringer", address),
		slog.Any("list", []string{"-p", secret}),
		slog.Group("group", slog.Group("inner", slog.Any("error", errors.New(secret)))),
		slog.Any("valuer", revealing{slog.StringValue(secret)}),
		slog.Any("valuer of a group", revealing{slog.GroupValue(slog.String("deep", secret))}),
	}
	for _, form := range []func(*bytes.Buffer) slog.Handler{
		func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var out bytes.Buffer
		h := secrets.NewHandler(form(&out), &r)
		for _, log := range []*slog.Logger{slog.New(h), slog.New(h.WithAttrs(attrs)), slog.New(h.WithGroup("g").WithAttrs(attrs))} {
			log.LogAttrs(context.Background(), slog.LevelInfo, "said "+secret, attrs...)
		}
		assertHidden(t, "the log", out.String())
		if n, want := strings.Count(out.String(), secrets.Redacted), 3*8+2*7; n != want {
			t.Errorf("%d places are marked, want %d: %s", n, want, out.String())
		}
	}
}

func TestHandlerLeavesOtherValuesAlone(t *testing.T) {
	var plain, redacted bytes.Buffer
	var r secrets.Redactor
	r.Add("4242", "true")
	var none *url.URL
	for _, h := range []slog.Handler{
		slog.NewJSONHandler(&plain, &slog.HandlerOptions{AddSource: true, ReplaceAttr: withoutTime}),
		secrets.NewHandler(slog.NewJSONHandler(&redacted, &slog.HandlerOptions{AddSource: true, ReplaceAttr: withoutTime}), &r),
	} {
		slog.New(h).Info("message", "int", 4242, "bool", true, "map", map[string]int{"a": 1}, "nil", nil, "list", []int{1}, "group", slog.GroupValue())
		slog.New(h).Debug("not enabled")
	}
	if plain.String() != redacted.String() || plain.Len() == 0 {
		t.Errorf("got  %s\nwant %s", redacted.String(), plain.String())
	}
	redacted.Reset()
	slog.New(secrets.NewHandler(slog.NewJSONHandler(&redacted, nil), &r)).Info("message", "nil pointer", none)
	if !strings.Contains(redacted.String(), `"nil pointer":"<nil>"`) {
		t.Errorf("a nil pointer is logged as %s", redacted.String())
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
