package sources

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Meter is told what a source does, for concierge's own metrics. Its methods
// are called concurrently and are quick.
type Meter interface {
	// Request is told of a request: what for, what became of it, and how long it
	// took; of a watch that is the time until something changed.
	Request(op Op, r Result, took time.Duration)
	// Reconnect is told that a stream of changes has to be begun anew for that
	// reason. A store that is away is not told of here: [Update.Err] does.
	Reconnect(why Reason)
	// Retry is told of the pause before the next attempt.
	Retry(pause time.Duration)
}

// Unmetered is a [Meter] that nobody looks at.
type Unmetered struct{}

// Request implements [Meter].
func (Unmetered) Request(Op, Result, time.Duration) {}

// Reconnect implements [Meter].
func (Unmetered) Reconnect(Reason) {}

// Retry implements [Meter].
func (Unmetered) Retry(time.Duration) {}

// Op is what a request is for.
type Op string

// The operations.
const (
	OpGet   Op = "get"
	OpList  Op = "list"
	OpWatch Op = "watch" // answered when something changes
	OpWrite Op = "write"
	OpLogin Op = "login"
	OpRenew Op = "renew" // of a lease or token
)

// Result is what became of a request.
type Result string

// The results.
const (
	ResultOK        Result = "ok"
	ResultMissing   Result = "missing"
	ResultDenied    Result = "denied"
	ResultThrottled Result = "throttled"
	ResultTimeout   Result = "timeout"
	ResultError     Result = "error"
)

// Reason is why a stream of changes is begun anew.
type Reason string

// The reasons.
const (
	ReasonCompacted Reason = "compacted" // the store forgot what comes next
	ReasonLeader    Reason = "leader"    // the store had none
	ReasonAuth      Reason = "auth"      // the credentials ended
)

// ResultOf returns what became of a request that ended with err.
func ResultOf(err error) Result {
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return ResultOK
	case errors.Is(err, ErrDenied):
		return ResultDenied
	case errors.Is(err, ErrNotFound):
		return ResultMissing
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ResultTimeout
	}
	return ResultError
}

// ResultOfStatus returns what a status of HTTP says of a request.
func ResultOfStatus(code int) Result {
	switch {
	case code < http.StatusBadRequest:
		return ResultOK
	case code == http.StatusNotFound:
		return ResultMissing
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return ResultDenied
	case code == http.StatusTooManyRequests:
		return ResultThrottled
	case code == http.StatusRequestTimeout, code == http.StatusGatewayTimeout:
		return ResultTimeout
	}
	return ResultError
}

// RoundTrip makes a request and tells the meter of it, unless it was cut short
// because nobody waits for its answer any more. The time is that until the
// answer begins.
func RoundTrip(next http.RoundTripper, req *http.Request, m Meter, op Op) (*http.Response, error) {
	began := time.Now()
	resp, err := next.RoundTrip(req)
	switch {
	case err == nil:
		m.Request(op, ResultOfStatus(resp.StatusCode), time.Since(began))
	case !errors.Is(err, context.Canceled):
		m.Request(op, ResultOf(err), time.Since(began))
	}
	return resp, err
}
