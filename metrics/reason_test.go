package metrics_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"concierge/metrics"
)

func TestEveryFailureHasOneOfFourReasons(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	_, refused := net.Dial("tcp", l.Addr().String())
	_, unknown := net.Dial("tcp", "no such host.invalid:1")
	for want, errs := range map[metrics.Reason][]error{
		metrics.ReasonTimeout:  {metrics.ErrTimeout, errors.Join(refused, metrics.ErrTimeout), fmt.Errorf("a: %w", metrics.ErrTimeout)},
		metrics.ReasonConnect:  {refused, unknown, fmt.Errorf("reading: %w", io.EOF), io.ErrUnexpectedEOF},
		metrics.ReasonTLS:      {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, &net.OpError{Op: "remote error", Err: tls.AlertError(42)}},
		metrics.ReasonAnswered: {errors.New("status 500")},
	} {
		for _, err := range errs {
			if got := metrics.ReasonOf(err); got != want {
				t.Errorf("%v: the reason is %s, want %s", err, got, want)
			}
		}
	}
}
