package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Health says how an instance is without asking it: also one that hangs has an
// answer, and gives it at once. It is called concurrently.
type Health interface {
	// Live says whether the instance works at all, which has nothing to do with
	// its stores or its process: one that does not is to be restarted.
	Live() Verdict
	// Ready says whether what the instance looks after can be used.
	Ready() Verdict
}

// Verdict is whether something is well, with what it depends on.
type Verdict struct {
	OK    bool   `json:"ok"`
	Parts []Part `json:"parts,omitempty"`
}

// Part is one thing that a verdict depends on.
type Part struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // no secret is in it
}

// VerdictOf is good if every part is.
func VerdictOf(parts ...Part) Verdict {
	v := Verdict{OK: true, Parts: parts}
	for _, p := range parts {
		v.OK = v.OK && p.OK
	}
	return v
}

// Word is the verdict for people: ready or unready, and about life live or
// stuck.
func (v Verdict) Word(live bool) string {
	switch {
	case live && v.OK:
		return "live"
	case live:
		return "stuck"
	case v.OK:
		return "ready"
	}
	return "unready"
}

// Lines has a line for each part.
func (v Verdict) Lines() string {
	var b strings.Builder
	for _, p := range v.Parts {
		mark, detail := "+", ""
		if !p.OK {
			mark = "-"
		}
		if p.Detail != "" {
			detail = ": " + p.Detail
		}
		fmt.Fprintf(&b, "[%s] %s%s\n", mark, p.Name, detail)
	}
	return b.String()
}

// Live asks whether the instance works.
func (c *Client) Live(ctx context.Context) (Verdict, error) {
	return call[Verdict](ctx, c, http.MethodGet, "live", nil)
}

// Ready asks whether the instance is ready.
func (c *Client) Ready(ctx context.Context) (Verdict, error) {
	return call[Verdict](ctx, c, http.MethodGet, "ready", nil)
}
