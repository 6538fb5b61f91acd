package endpoint

import (
	"context"
	"errors"
	"time"

	"concierge/metrics"
)

// Reason is why an endpoint was not read, in one word.
type Reason string

// The reasons.
const (
	Unreachable Reason = "connect" // or the file or program is not there, or the answer was cut off
	Refused     Reason = "status"  // an HTTP status other than 200, or a program's exit status
	TimedOut    Reason = "timeout"
	Unreadable  Reason = "parse"
	TooBig      Reason = "too_big"
)

// ReasonOf returns why Collect failed; Unreachable for an error of somebody else.
func ReasonOf(err error) Reason { return reasonOf(err, Unreachable) }

func reasonOf(err error, otherwise Reason) Reason {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.reason
	}
	switch {
	case errors.Is(err, metrics.ErrTooBig):
		return TooBig
	case errors.Is(err, metrics.ErrTimeout) || errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	}
	return otherwise
}

// failure is an error with its reason.
type failure struct {
	reason Reason
	cause  error
}

func (f *failure) Error() string { return f.cause.Error() }
func (f *failure) Unwrap() error { return f.cause }

// timeout is the cause of the end of a reading. It is a [metrics.ErrTimeout].
type timeout time.Duration

func (t timeout) Error() string {
	return "not finished after " + time.Duration(t).String() + " (see its timeout setting)"
}
func (timeout) Unwrap() error { return metrics.ErrTimeout }
