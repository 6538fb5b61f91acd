// Package secrets holds what every part of concierge needs to keep secrets
// secret: a string type that cannot be printed by accident, and a redactor
// for text of foreign origin. Stores of secrets live below it.
package secrets

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// Redacted stands wherever a secret would have been shown.
const Redacted = "[redacted]"

// Text is a secret string. Every way to print, log or marshal it gives
// [Redacted] (or nothing for an empty secret); only [Text.Reveal] gives the
// string itself. Two texts are equal (==) if their secrets are.
type Text struct {
	// Behind a handle, that is a pointer, because package fmt prints the
	// fields of a value without asking it when the verb is a wrong one: %w of
	// something that is no error. Unlike a plain pointer it compares by what it
	// points to. The zero handle stands for the empty secret.
	value unique.Handle[string]
}

// NewText wraps a secret.
func NewText(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{value: unique.Make(s)}
}

// Reveal returns the secret itself. Each call is a place to look at in review.
func (t Text) Reveal() string {
	if t.Empty() {
		return ""
	}
	return t.value.Value()
}

// Empty reports whether there is no secret at all.
func (t Text) Empty() bool { return t == Text{} }

// String implements [fmt.Stringer].
func (t Text) String() string {
	if t.Empty() {
		return ""
	}
	return Redacted
}

// Format implements [fmt.Formatter], so that no verb shows the secret.
func (t Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// LogValue implements [slog.LogValuer].
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText implements [encoding.TextMarshaler], which YAML and XML use too.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON implements [json.Marshaler].
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *Text) UnmarshalText(b []byte) error { *t = NewText(string(b)); return nil }
