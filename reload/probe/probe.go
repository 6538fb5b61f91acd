// Package probe finds out whether an application is well: by HTTP, TCP, gRPC
// or a program. [Monitor] does so as long as a process lives, and [Watch] for a
// while after a change.
//
// It is a leaf: it knows nothing of processes, files or settings. Rules it
// keeps:
//   - A probe never overlaps the one before it.
//   - A probe that does not come back never holds up who waits for it: it has
//     failed, and is left behind until it returns. No other is started
//     meanwhile, so at most one is lost for each Monitor and each Watch.
//   - Neither the first probe nor the distance between two is the same on all
//     machines of a fleet.
//   - What a probe says about a failure is one short line, without user
//     information, query or headers.
package probe

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Probe looks once whether an application is well.
type Probe interface {
	// Probe returns nil if it is. It blocks until that is known or ctx ends,
	// which in time has to be the caller's doing. It does not retry and may be
	// called concurrently.
	Probe(ctx context.Context) error
}

// Each of these is a Probe.
var (
	_ Probe = HTTP{}
	_ Probe = TCP{}
	_ Probe = GRPC{}
	_ Probe = Exec{}
)

const (
	saidMax    = 200 // bytes kept of what an application says about itself
	failureMax = 500 // bytes of the text of a failure
)

// failure is an error whose text is one line of bounded length.
type failure struct {
	doing string
	cause error
}

// failed says what went wrong while doing something for ctx.
func failed(ctx context.Context, doing string, err error) error {
	return &failure{doing, reason(ctx, err)}
}

// reason is why something failed. When ctx has ended, that is why: what a
// library makes of it is not worth reading.
func reason(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (f *failure) Error() string { return line(f.doing+": "+f.cause.Error(), failureMax) }
func (f *failure) Unwrap() error { return f.cause }

// timeout is the cause of the end of a probe's context.
type timeout time.Duration

func (t timeout) Error() string {
	return "not finished after " + time.Duration(t).String() + " (see its timeout setting)"
}

// line makes one printable line of at most limit bytes from any text.
func line(text string, limit int) string {
	text = strings.ToValidUTF8(text, "?")
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	text = strings.Join(words, " ")
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
