package secrets

import (
	"context"
	"fmt"
	"log/slog"
)

// NewHandler returns a handler that passes to h what r has redacted: messages,
// and attributes that are strings, lists of strings, errors or [fmt.Stringer],
// also inside groups and behind [slog.LogValuer]. Errors and Stringers arrive
// at h as strings; other values, and the names of attributes, are untouched.
// It is safe for concurrent use if h is.
//
// Attributes given to [slog.Logger.With] are redacted at that moment, so a
// secret that is learned later stays in them: keep data out of With.
func NewHandler(h slog.Handler, r *Redactor) slog.Handler { return handler{h, r} }

type handler struct {
	next     slog.Handler
	redactor *Redactor
}

// Enabled implements [slog.Handler].
func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h handler) Handle(ctx context.Context, record slog.Record) error {
	shown := slog.NewRecord(record.Time, record.Level, h.redactor.Redact(record.Message), record.PC)
	record.Attrs(func(a slog.Attr) bool {
		shown.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, shown)
}

// WithAttrs implements [slog.Handler].
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.next.WithAttrs(h.attrs(attrs)), h.redactor}
}

// WithGroup implements [slog.Handler].
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.next.WithGroup(name), h.redactor}
}

func (h handler) attrs(attrs []slog.Attr) []slog.Attr {
	shown := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		shown[i] = h.attr(a)
	}
	return shown
}

func (h handler) attr(a slog.Attr) slog.Attr {
	value := a.Value.Resolve()
	switch value.Kind() {
	case slog.KindString:
		value = slog.StringValue(h.redactor.Redact(value.String()))
	case slog.KindGroup:
		value = slog.GroupValue(h.attrs(value.Group())...)
	case slog.KindAny:
		value = h.any(value)
	}
	return slog.Attr{Key: a.Key, Value: value}
}

func (h handler) any(value slog.Value) slog.Value {
	switch v := value.Any().(type) {
	case error, fmt.Stringer:
		// Sprint and not the method itself, which may panic on a nil pointer.
		return slog.StringValue(h.redactor.Redact(fmt.Sprint(v)))
	case []string:
		shown := make([]string, len(v))
		for i, s := range v {
			shown[i] = h.redactor.Redact(s)
		}
		return slog.AnyValue(shown)
	}
	return value
}
