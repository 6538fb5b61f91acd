package metrics

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
)

// Reason is why a delivery failed, in one word, for logs.
type Reason string

// The reasons.
const (
	ReasonTimeout  Reason = "timeout"  // no answer in time
	ReasonConnect  Reason = "connect"  // no connection, or one that broke
	ReasonTLS      Reason = "tls"      // no agreement about certificates
	ReasonAnswered Reason = "answered" // there was an answer, and it is not a good one
)

// ReasonOf returns why a delivery failed. Everything that is not about the
// connection is ReasonAnswered.
func ReasonOf(err error) Reason {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, alarmed := errors.AsType[tls.AlertError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	_, broken := errors.AsType[*net.OpError](err)
	_, refused := errors.AsType[syscall.Errno](err)
	switch {
	case errors.Is(err, ErrTimeout) || errors.Is(err, context.DeadlineExceeded):
		return ReasonTimeout
	case untrusted || alarmed || plain:
		return ReasonTLS
	case broken || refused || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return ReasonConnect
	}
	return ReasonAnswered
}
